//! The values that count for somebody.

use std::time::Duration;

use im_types::{RoleId, Secret, SiteId};

use crate::{Choice, Key, Limit, Value};

/// The level that gave a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The registry's own value.
    Default,
    /// Set for the whole installation.
    Global,
    /// Set for a site.
    Site(SiteId),
    /// Set for a role.
    Role(RoleId),
}

/// The values that count for one person (or for nobody in particular) on a site, one of each key,
/// and where each comes from. Besides [`Effective::get`] there is one typed accessor for each key,
/// named like the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// One entry for each key, in the order of [`Key::ALL`].
    entries: Box<[(Value, Origin)]>,
}

impl Effective {
    /// `entries` has one entry for each key, in order, each of the key's kind.
    pub(crate) fn new(entries: Box<[(Value, Origin)]>) -> Self {
        Self { entries }
    }

    fn entry(&self, key: Key) -> Option<&(Value, Origin)> {
        self.entries.get(key.index())
    }

    /// The value of a key.
    pub fn get(&self, key: Key) -> &Value {
        self.entry(key)
            .map_or(&key.definition().default, |(value, _)| value)
    }

    /// Where the value of a key comes from.
    pub fn origin(&self, key: Key) -> Origin {
        self.entry(key)
            .map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// All values, in the order in which they are shown.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Value, &Origin)> {
        Key::ALL
            .iter()
            .zip(&self.entries)
            .map(|(key, (value, origin))| (*key, value, origin))
    }

    // What the accessors are made of. A value always has the kind of its key, so the other cases
    // cannot happen; they answer the strictest value.

    pub(crate) fn boolean(&self, key: Key) -> bool {
        matches!(self.get(key), Value::Boolean(true))
    }

    pub(crate) fn integer(&self, key: Key) -> i64 {
        match self.get(key) {
            Value::Integer(value) => *value,
            _ => 0,
        }
    }

    pub(crate) fn limit(&self, key: Key) -> Limit {
        Limit::from_integer(self.integer(key))
    }

    pub(crate) fn duration(&self, key: Key) -> Duration {
        let count = self.integer(key).max(0).unsigned_abs();
        Duration::from_secs(count.saturating_mul(key.definition().unit.seconds()))
    }

    pub(crate) fn period(&self, key: Key) -> Option<Duration> {
        Some(self.duration(key)).filter(|duration| !duration.is_zero())
    }

    pub(crate) fn choice<C: Choice>(&self, key: Key, strictest: C) -> C {
        match self.get(key) {
            Value::Choice(index) => C::at(*index).unwrap_or(strictest),
            _ => strictest,
        }
    }

    pub(crate) fn text(&self, key: Key) -> &str {
        match self.get(key) {
            Value::Text(text) => text,
            _ => "",
        }
    }

    pub(crate) fn secret(&self, key: Key) -> Option<&Secret<String>> {
        match self.get(key) {
            Value::Secret(secret) if !secret.expose().is_empty() => Some(secret),
            _ => None,
        }
    }
}
