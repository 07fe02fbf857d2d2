//! Where values come from.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// The environment variable that names the file when no argument does.
pub(super) const FILE_VARIABLE: &str = "IM_CONFIG";
/// What a variable's name begins with.
pub(super) const PREFIX: &str = "IM_";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// The file named by `<key>_file`.
    SecretFile(PathBuf),
    /// The environment variable of this name.
    Environment(String),
    /// An argument.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::SecretFile(path) => write!(f, "secret file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// The sources of one configuration. Tests build it by hand; programs call
/// [`Sources::of_process`].
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The TOML file; every value has a default, so there may be none.
    pub file: Option<PathBuf>,
    /// Environment variables, all of them; others than `IM_…` are ignored.
    pub environment: Vec<(String, String)>,
    /// `("section.key", value)` from the command line.
    pub overrides: Vec<(String, String)>,
}

impl Sources {
    /// The environment of this process, with the file and overrides the arguments name. Without a
    /// file argument `IM_CONFIG` names it.
    pub fn of_process(file: Option<&Path>, overrides: Vec<(String, String)>) -> Self {
        // Variables that are not Unicode cannot be ours.
        let environment: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        let named = environment.iter().find(|(name, _)| name == FILE_VARIABLE);
        let file = file
            .map(Path::to_owned)
            .or_else(|| named.map(|(_, path)| path.into()));
        Self {
            file,
            environment,
            overrides,
        }
    }
}
