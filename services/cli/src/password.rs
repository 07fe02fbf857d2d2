//! Passwords come from the terminal, from standard input or from a file, never from an argument:
//! arguments are seen by everybody on the machine.

use std::{io::BufRead as _, path::PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;
use im_types::Secret;

/// Where a password comes from.
#[derive(Debug, Args)]
pub(crate) struct PasswordSource {
    /// Read the password from the first line of standard input
    #[arg(long, conflicts_with = "password_file")]
    password_stdin: bool,
    /// Read the password from the first line of a file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordSource {
    /// Reads one password; asks for it on the terminal if no other source was named.
    pub(crate) fn read(&self, prompt: &str) -> anyhow::Result<Secret<String>> {
        let line = if self.password_stdin {
            let mut line = String::new();
            std::io::stdin()
                .lock()
                .read_line(&mut line)
                .context("cannot read standard input")?;
            line
        } else if let Some(path) = &self.password_file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            text.lines().next().unwrap_or_default().to_owned()
        } else {
            rpassword::prompt_password(format!("{prompt}: "))
                .context("cannot ask on the terminal; use --password-stdin or --password-file")?
        };
        let password = Secret::new(line.trim_end_matches(['\r', '\n']).to_owned());
        ensure!(!password.expose().is_empty(), "the password is empty");
        Ok(password)
    }
}
