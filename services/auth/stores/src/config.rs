//! How a store is reached, and its limits.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use im_auth_schemes::Caps;
use im_types::Secret;

use crate::expr::ExprError;
use crate::preset::Preset;
use crate::sql::Driver;

/// Secrets of the installation by name, each with its current and former values.
pub type Secrets = BTreeMap<String, Vec<Secret<Vec<u8>>>>;

/// Whether the connection is encrypted, and what is checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Tls {
    /// Encrypted; the certificate is checked against the authorities that are known, and its name
    /// against the host.
    #[default]
    Verify,
    /// The same with an authority of one's own, a PEM file.
    VerifyWith(PathBuf),
    /// Neither encrypted nor checked: for the same machine, a socket or a tunnel.
    Off,
}

/// Limits of a connection to somebody else's server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time, 1 to 4.
    pub connections_max: usize,
    /// Look-ups that wait for one of them; more are refused at once.
    pub waiting_max: usize,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Time for one statement, told to the server as well.
    pub statement_timeout: Duration,
    /// Failures in a row after which the store is left alone …
    pub failures_max: u32,
    /// … for this long; then one look-up tries.
    pub open_for: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4,
            waiting_max: 32,
            connect_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_millis(1_500),
            failures_max: 5,
            open_for: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// The longest time that a look-up can take: waiting and connecting together, two statements
    /// about the schema, two about the person.
    pub fn total(&self) -> Duration {
        self.connect_timeout + self.statement_timeout * 2
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let is_ok = (1..=4).contains(&self.connections_max)
            && self.waiting_max <= 1_024
            && !self.connect_timeout.is_zero()
            && self.connect_timeout <= Duration::from_secs(30)
            && !self.statement_timeout.is_zero()
            && self.statement_timeout <= Duration::from_secs(30)
            && self.failures_max > 0;
        if is_ok {
            Ok(())
        } else {
            Err(ConfigError::Limits)
        }
    }
}

/// A store that is a database.
#[derive(Debug, Clone)]
pub struct SqlConfig {
    /// Engine.
    pub driver: Driver,
    /// `mysql://user:password@host/database`, `postgres://…`, or the path of a file of SQLite.
    pub url: Secret<String>,
    /// Encryption.
    pub tls: Tls,
    /// What the tables look like.
    pub preset: Preset,
    /// Instead of the preset's prefix.
    pub prefix: Option<String>,
    /// Instead of the preset's charset of passwords.
    pub charset: Option<String>,
    /// Secrets of the installation.
    pub secrets: Secrets,
    /// What a row may ask for.
    pub caps: Caps,
    /// Limits of the connection.
    pub limits: Limits,
}

impl SqlConfig {
    /// A store with the usual limits and without secrets.
    pub fn new(driver: Driver, url: Secret<String>, preset: Preset) -> Self {
        Self {
            driver,
            url,
            tls: Tls::default(),
            preset,
            prefix: None,
            charset: None,
            secrets: Secrets::new(),
            caps: Caps::default(),
            limits: Limits::default(),
        }
    }

    /// The prefix that counts, if it is one.
    pub(crate) fn prefix(&self) -> Result<&str, ConfigError> {
        let prefix = self.prefix.as_deref().unwrap_or(&self.preset.prefix);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
        if prefix.len() <= 32 && prefix.bytes().all(is_name) {
            return Ok(prefix);
        }
        Err(ConfigError::Prefix(prefix.to_owned()))
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.limits.check()
    }
}

/// The line of a preset that a fault is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpressionOf {
    /// `users.table`
    Table,
    /// `users.id`
    Id,
    /// `users.login`
    Login,
    /// `users.row`
    Row,
    /// `users.active`
    Active,
    /// `users.attributes`
    Attribute,
}

impl std::fmt::Display for ExpressionOf {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Table => "users.table",
            Self::Id => "users.id",
            Self::Login => "users.login",
            Self::Row => "users.row",
            Self::Active => "users.active",
            Self::Attribute => "users.attributes",
        })
    }
}

/// What is wrong with the configuration of a store. Never quotes a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not a URL of the engine.
    #[error("the URL of the store is not one of its engine")]
    Url,
    /// Limits out of range.
    #[error(
        "limits: 1 to 4 connections, at most 1024 waiting, timeouts up to 30 s, at least one failure"
    )]
    Limits,
    /// A prefix that no table can have.
    #[error("{0:?} is not a prefix of tables: letters, digits, _ and $, at most 32")]
    Prefix(String),
    /// Both or none of table and query.
    #[error("a store has either users.table or users.query")]
    Source,
    /// A line that cannot be read.
    #[error("{expression}: {fault}")]
    Expression {
        /// Which line.
        expression: ExpressionOf,
        /// What is wrong with it.
        #[source]
        fault: ExprError,
    },
    /// No such rule.
    #[error("{0:?} is not a rule for comparing logins")]
    MatchRule(String),
    /// A query that is not one SELECT with known placeholders.
    #[error("the query is refused: {0}")]
    Query(String),
    /// The password rule.
    #[error("passwords: {0}")]
    Rule(#[from] im_auth_schemes::RuleError),
    /// No such charset.
    #[error("passwords: {0}")]
    Charset(String),
    /// Servers, filters or names of attributes.
    #[error("directory: {0}")]
    Directory(String),
    /// Address or key.
    #[error("HTTP store: {0}")]
    Http(&'static str),
    /// Not a preset.
    #[error("not a preset: {0}")]
    Preset(String),
}
