//! What a store answers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::sql::Missing;

/// The store's own id of a person, which never changes there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(pub(crate) String);

impl ExternalId {
    /// From what an earlier answer held.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Columns for the password rule. Hashes and salts: Debug shows the names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredRow(pub(crate) BTreeMap<String, Vec<u8>>);

impl FromIterator<(String, Vec<u8>)> for StoredRow {
    fn from_iter<I: IntoIterator<Item = (String, Vec<u8>)>>(columns: I) -> Self {
        Self(columns.into_iter().collect())
    }
}

impl im_auth_schemes::Row for StoredRow {
    fn get(&self, column: &str) -> Option<Cow<'_, [u8]>> {
        self.0
            .get(column)
            .map(|value| Cow::Borrowed(value.as_slice()))
    }
}

impl fmt::Debug for StoredRow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

/// Somebody whom the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who it is, whatever the name.
    pub external_id: ExternalId,
    /// The login as it is stored; it takes the place of the typed one.
    pub login: String,
    /// Not barred.
    pub is_active: bool,
    /// What else is known, by the names of the preset.
    pub attributes: BTreeMap<String, String>,
    /// Names of groups, sorted; empty unless the preset has a query for them.
    pub groups: Vec<String>,
    /// For [`im_auth_schemes::PasswordRule::verify`]; empty in pages.
    pub row: StoredRow,
}

/// The answer to a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// Exactly one.
    Found(Box<Person>),
    /// Nobody.
    Absent,
    /// Several.
    Ambiguous,
    /// The store cannot be asked now; it has said nothing about anybody.
    Unavailable(Class),
}

/// People in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most as many as were asked for.
    pub people: Vec<Person>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<ExternalId>,
}

/// Why a store cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Class {
    /// Nobody listens there, or the server takes no more connections.
    #[error("the server refuses connections")]
    Refused,
    /// No answer in time.
    #[error("the server does not answer in time")]
    TimedOut,
    /// The connection broke.
    #[error("the connection was lost")]
    Lost,
    /// Too many look-ups wait already.
    #[error("too many look-ups wait for the store")]
    Busy,
    /// The store failed again and again and is left alone for a while.
    #[error("the store is left alone after repeated failures, for {}", Seconds(.0))]
    BreakerOpen(Duration),
    /// The server's certificate is not right, or it does not encrypt.
    #[error("the connection cannot be encrypted as configured")]
    Tls,
    /// User or password of the configuration are not accepted there.
    #[error("the server does not accept the configured user")]
    Denied,
    /// The configured user may not read what the preset needs.
    #[error("the configured user may not read the tables")]
    Permission,
    /// The tables are not those of the preset.
    #[error("the database lacks {}", Listed(.0))]
    Schema(Vec<Missing>),
    /// The server has said something that is not understood.
    #[error("the server gave an answer that is not understood")]
    Protocol,
    /// There are more people or groups than are read, or the server gave only some of them.
    #[error("the server did not give the whole answer")]
    Incomplete,
    /// The configuration has no way to do that.
    #[error("the store is not configured for that")]
    NotConfigured,
}

impl Class {
    /// Whether the server is to be spared when this goes on.
    pub(crate) const fn is_failure(&self) -> bool {
        match self {
            Self::Refused
            | Self::TimedOut
            | Self::Lost
            | Self::Tls
            | Self::Denied
            | Self::Protocol => true,
            Self::Busy
            | Self::BreakerOpen(_)
            | Self::Permission
            | Self::Schema(_)
            | Self::Incomplete
            | Self::NotConfigured => false,
        }
    }
}

struct Seconds<'a>(&'a Duration);

impl fmt::Display for Seconds<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.1} s", self.0.as_secs_f64())
    }
}

struct Listed<'a>(&'a [Missing]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return out.write_str("a table or column");
        }
        for (at, missing) in self.0.iter().enumerate() {
            if at > 0 {
                out.write_str(", ")?;
            }
            write!(out, "{missing}")?;
        }
        Ok(())
    }
}
