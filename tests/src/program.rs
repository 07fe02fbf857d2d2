//! How a program is started.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::{Process, environment};

/// How one knows that a program is ready.
#[derive(Debug, Clone)]
pub enum Ready {
    /// A line with this text is in its output.
    Line(String),
    /// This URL answers with a success.
    Http(String),
    /// This port of 127.0.0.1 accepts.
    Port(u16),
    /// It runs: nothing else is waited for.
    Started,
}

/// How to start a program, again and again in the same way.
#[derive(Debug, Clone)]
pub struct Program {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) variables: Vec<(String, OsString)>,
    pub(crate) ready: Ready,
    pub(crate) ready_within: Duration,
}

impl Program {
    /// A program of this workspace, such as `intramessenger` or `im-auth`.
    ///
    /// # Panics
    /// When it was not built.
    pub fn new(name: &str) -> Self {
        let path = environment::programs_dir().join(name);
        assert!(
            path.is_file(),
            "{} is not built: cargo build --workspace --bins",
            path.display()
        );
        Self::at(name, path)
    }

    /// Any other program; `name` is how messages call it.
    pub fn at(name: &str, path: impl Into<PathBuf>) -> Self {
        Self {
            name: name.to_owned(),
            path: path.into(),
            args: Vec::new(),
            variables: Vec::new(),
            ready: Ready::Started,
            ready_within: Duration::from_secs(30),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment. No `IM_…` variable of the test's own environment
    /// reaches the program, except `IM_TEST_…`.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// How one knows that it is ready.
    #[must_use]
    pub fn ready(mut self, ready: Ready) -> Self {
        self.ready = ready;
        self
    }

    /// How long that may take; 30 s if nothing is said.
    #[must_use]
    pub const fn ready_within(mut self, deadline: Duration) -> Self {
        self.ready_within = deadline;
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// When it does not start, ends or is not ready in time, with its output.
    pub async fn start(self) -> Process {
        Process::start(self).await
    }
}
