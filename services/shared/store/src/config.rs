//! Where the database is and how much of it to use.

use std::time::Duration;

use im_types::Secret;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// The section `[store]` of a service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// `sqlite:///absolute/path/file.db`, `sqlite://relative/path/file.db`, `sqlite::memory:`
    /// (gone when closed) or `postgres://user:password@host/database`.
    pub url: Secret<String>,
    /// PostgreSQL: the schema that holds the tables, made if it is missing. SQLite: not used.
    pub schema: Option<String>,
    /// PostgreSQL: most connections of this process. 1 to 1000.
    pub max_connections: u32,
    /// SQLite: connections for reading, besides the one that writes. 1 to 64.
    pub read_connections: u32,
    /// Longest wait for a free connection, in milliseconds.
    pub acquire_timeout_ms: u64,
    /// PostgreSQL: longest time of one statement, in milliseconds; 0 means no limit.
    pub statement_timeout_ms: u64,
    /// SQLite: longest wait for another process that writes, in milliseconds.
    pub busy_timeout_ms: u64,
    /// Whether a commit waits for the disk.
    pub durability: Durability,
    /// PostgreSQL: the name shown in `pg_stat_activity`.
    pub application_name: String,
}

/// Whether a commit that was acknowledged survives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// It does: `synchronous=FULL`, `synchronous_commit=on`.
    Full,
    /// The last moments may be lost, never the database's integrity. For data that its owner
    /// rebuilds, such as presence.
    Relaxed,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: "sqlite://data/intramessenger.db".into(),
            schema: None,
            max_connections: 16,
            read_connections: 4,
            acquire_timeout_ms: 5_000,
            statement_timeout_ms: 10_000,
            busy_timeout_ms: 5_000,
            durability: Durability::Full,
            application_name: "intramessenger".to_owned(),
        }
    }
}

impl StoreConfig {
    /// The defaults with another URL.
    pub fn with_url(url: impl Into<Secret<String>>) -> Self {
        Self {
            url: url.into(),
            ..Self::default()
        }
    }

    /// All that is wrong, one sentence each; empty means it can be used.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let url = self.url.expose();
        if !url.starts_with("sqlite:") && !is_postgres(url) {
            faults.push("url must begin with sqlite: or postgres://".to_owned());
        }
        if !(1..=1_000).contains(&self.max_connections) {
            faults.push("max_connections must be 1 to 1000".to_owned());
        }
        if !(1..=64).contains(&self.read_connections) {
            faults.push("read_connections must be 1 to 64".to_owned());
        }
        if self.acquire_timeout_ms == 0 {
            faults.push("acquire_timeout_ms must be at least 1".to_owned());
        }
        if self
            .schema
            .as_deref()
            .is_some_and(|schema| !is_schema_name(schema))
        {
            faults.push("schema must be a-z, 0-9 and _ only, 1 to 63 characters".to_owned());
        }
        faults
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.faults() {
            faults if faults.is_empty() => Ok(()),
            faults => Err(StoreError::Config(faults.join("; "))),
        }
    }

    pub(crate) const fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }
}

pub(crate) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Names that need no quoting, so that a schema can stand in `search_path` as it is.
fn is_schema_name(name: &str) -> bool {
    let is_allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_');
    (1..=63).contains(&name.len())
        && name.bytes().all(is_allowed)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.starts_with("pg_")
}
