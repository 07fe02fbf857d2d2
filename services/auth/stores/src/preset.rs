//! Presets: what is known of an application's user table, as data. Those of directories
//! (`presets/ldap-*.toml`) are not among them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::ConfigError;

include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// Everything that can be said of a store without knowing the installation. A file of
/// `services/auth/stores/presets/`, or of a directory of one's own; every line can be overridden.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its name; that of the file.
    pub id: String,
    /// The application.
    pub application: String,
    /// Versions whose tables look like this.
    #[serde(default)]
    pub versions: String,
    /// What stands in front of the names of tables, unless the installation says otherwise.
    #[serde(default)]
    pub prefix: String,
    /// Where the facts are from.
    #[serde(default)]
    pub certainty: String,
    /// Some of the facts were not checked against the application.
    #[serde(default)]
    pub unverified: bool,
    /// For the administrator.
    #[serde(default)]
    pub notes: String,
    /// Who is known.
    pub users: Users,
    /// How their passwords are kept.
    #[serde(default)]
    pub passwords: Passwords,
    /// Values that an application has stored, for the tests.
    #[serde(default)]
    pub vectors: Vec<Vector>,
}

/// The table of people. `docs/identity-stores.md` describes the language of these lines.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// The table and what is joined to it: `{prefix}user u JOIN {prefix}secret s ON s.user = u.id`.
    pub table: Option<String>,
    /// Instead of `table`: a SELECT with `:login` that gives the columns `id`, `login`, …
    pub query: Option<String>,
    /// The column that never changes; without it, the primary key of the first table.
    pub id: Option<String>,
    /// The columns that a typed login is compared with.
    #[serde(default)]
    pub login: String,
    /// How it is compared.
    #[serde(rename = "match", default = "default_matching")]
    pub matching: String,
    /// A row that fails it does not exist.
    pub row: Option<String>,
    /// A row that fails it is barred.
    pub active: Option<String>,
    /// A SELECT with `:id` that gives names of groups, one column.
    pub groups: Option<String>,
    /// Names of attributes and their columns; a `?` at the end: if there is one.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

fn default_matching() -> String {
    "db".to_owned()
}

/// How passwords are kept. `docs/hash-schemes.md` lists the schemes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passwords {
    /// Column of the password.
    #[serde(default)]
    pub column: String,
    /// Column of the salt; a `?` at the end: if there is one.
    pub salt: Option<String>,
    /// Accepted schemes.
    #[serde(default)]
    pub schemes: String,
    /// What the application does to a typed password before it is hashed.
    #[serde(default)]
    pub input: String,
    /// For people: what secret of the installation is needed and where it is.
    #[serde(default)]
    pub secret: String,
    /// The charset in which passwords were hashed, if that was not UTF-8.
    pub charset: Option<String>,
}

/// A stored value whose password is known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// The scheme that matches.
    pub scheme: String,
    /// The password as typed.
    pub password: String,
    /// Columns of the row.
    pub row: BTreeMap<String, String>,
    /// Secrets of the installation.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
}

impl Preset {
    /// Parses the text of a file.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|fault| ConfigError::Preset(fault.message().to_owned()))
    }

    /// Parses it with lines of the administrator's in place of its own; an empty text takes a line
    /// away.
    pub fn parse_with(text: &str, overrides: &toml::Table) -> Result<Self, ConfigError> {
        let fault = |fault: &toml::de::Error| ConfigError::Preset(fault.message().to_owned());
        let mut table: toml::Table = toml::from_str(text).map_err(|f| fault(&f))?;
        merge(&mut table, overrides);
        table.try_into().map_err(|f: toml::de::Error| fault(&f))
    }

    /// The text of a preset that ships.
    pub fn shipped_text(id: &str) -> Option<&'static str> {
        let at = PRESETS
            .binary_search_by(|(known, _)| (*known).cmp(id))
            .ok()?;
        PRESETS.get(at).map(|(_, text)| *text)
    }

    /// Names of all presets that ship, sorted.
    pub fn shipped() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().map(|(id, _)| *id)
    }

    /// The presets of a directory (`*.toml`, not deeper), for those that do not ship. At most 1,000
    /// files of at most 64 KiB.
    pub fn read_directory(directory: &std::path::Path) -> Result<Vec<Self>, ConfigError> {
        const FILES_MAX: usize = 1_000;
        const BYTES_MAX: u64 = 65_536;
        let fault = |what: &std::path::Path, why: &str| {
            ConfigError::Preset(format!("{}: {why}", what.display()))
        };
        let entries =
            std::fs::read_dir(directory).map_err(|error| fault(directory, &error.to_string()))?;
        let mut presets = Vec::new();
        for entry in entries {
            let path = entry
                .map_err(|error| fault(directory, &error.to_string()))?
                .path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            if presets.len() == FILES_MAX {
                return Err(fault(directory, "more than 1000 presets"));
            }
            let bytes = std::fs::metadata(&path).map(|file| file.len());
            if bytes.is_ok_and(|bytes| bytes > BYTES_MAX) {
                return Err(fault(&path, "longer than 64 KiB"));
            }
            let text =
                std::fs::read_to_string(&path).map_err(|error| fault(&path, &error.to_string()))?;
            let preset = Self::parse(&text).map_err(|error| fault(&path, &error.to_string()))?;
            if path
                .file_stem()
                .is_none_or(|stem| stem != preset.id.as_str())
            {
                return Err(fault(
                    &path,
                    "the file is not named for the id of its preset",
                ));
            }
            presets.push(preset);
        }
        presets.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(presets)
    }
}

/// Tables are merged, everything else is replaced; an empty text takes a line away.
pub(crate) fn merge(base: &mut toml::Table, overrides: &toml::Table) {
    for (key, value) in overrides {
        match (base.get_mut(key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(over)) => merge(inner, over),
            (_, toml::Value::String(text)) if text.is_empty() => {
                base.remove(key);
            }
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}
