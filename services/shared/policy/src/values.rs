//! What has been set, and what follows from it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use im_types::{RoleId, SiteId};

use crate::{Effective, Key, Origin, ParseValueError, Value, registry};

/// Where a value is set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// For the whole installation.
    Global,
    /// For a site.
    Site(SiteId),
    /// For a role.
    Role(RoleId),
}

/// A key cannot be set there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{key} cannot be set for a {level}")]
pub struct NotOverridableError {
    /// The key.
    pub key: Key,
    /// `site` or `role`.
    pub level: &'static str,
}

/// A value as auth stores and tells it.
#[derive(Debug, Clone)]
pub struct StoredValue {
    /// Where it is set.
    pub scope: Scope,
    /// Name of the key.
    pub key: String,
    /// The value as text, secrets included.
    pub value: String,
}

/// Why a stored value does not count. That happens when another version of the program stored it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// This version does not know the key.
    #[error("there is no policy key \"{0}\"")]
    UnknownKey(String),
    /// The value does not fit.
    #[error(transparent)]
    Value(#[from] ParseValueError),
    /// The key cannot be set there.
    #[error(transparent)]
    Scope(#[from] NotOverridableError),
}

type Level = BTreeMap<Key, Value>;

/// The values that have been set, by scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    global: Level,
    by_site: HashMap<SiteId, Level>,
    by_role: HashMap<RoleId, Level>,
}

impl Key {
    /// Whether the key can be set in a scope.
    ///
    /// # Errors
    /// [`NotOverridableError`] if the registry does not let that level have a value of its own.
    pub fn check_scope(self, scope: &Scope) -> Result<(), NotOverridableError> {
        let overridable = self.definition().overridable;
        match scope {
            Scope::Site(_) if !overridable.by_site() => Err(NotOverridableError {
                key: self,
                level: "site",
            }),
            Scope::Role(_) if !overridable.by_role() => Err(NotOverridableError {
                key: self,
                level: "role",
            }),
            Scope::Global | Scope::Site(_) | Scope::Role(_) => Ok(()),
        }
    }
}

impl Values {
    /// Reads stored values. What does not fit this version of the registry is left out and told.
    pub fn from_stored(stored: impl IntoIterator<Item = StoredValue>) -> (Self, Vec<Problem>) {
        let mut values = Self::default();
        let problems = stored
            .into_iter()
            .filter_map(|entry| values.set_stored(entry).err())
            .collect();
        (values, problems)
    }

    fn set_stored(&mut self, entry: StoredValue) -> Result<(), Problem> {
        let key = Key::find(&entry.key).ok_or(Problem::UnknownKey(entry.key))?;
        self.set(entry.scope, key, key.parse(&entry.value)?)?;
        Ok(())
    }

    /// Sets a value and answers the one that was set there before.
    ///
    /// # Errors
    /// [`NotOverridableError`], see [`Key::check_scope`].
    pub fn set(
        &mut self,
        scope: Scope,
        key: Key,
        value: Value,
    ) -> Result<Option<Value>, NotOverridableError> {
        key.check_scope(&scope)?;
        let level = match scope {
            Scope::Global => &mut self.global,
            Scope::Site(site) => self.by_site.entry(site).or_default(),
            Scope::Role(role) => self.by_role.entry(role).or_default(),
        };
        Ok(level.insert(key, value))
    }

    /// Takes a value away and answers it.
    pub fn clear(&mut self, scope: &Scope, key: Key) -> Option<Value> {
        match scope {
            Scope::Global => self.global.remove(&key),
            Scope::Site(site) => self.by_site.get_mut(site)?.remove(&key),
            Scope::Role(role) => self.by_role.get_mut(role)?.remove(&key),
        }
    }

    /// The value set exactly there.
    pub fn get(&self, scope: &Scope, key: Key) -> Option<&Value> {
        match scope {
            Scope::Global => self.global.get(&key),
            Scope::Site(site) => self.by_site.get(site)?.get(&key),
            Scope::Role(role) => self.by_role.get(role)?.get(&key),
        }
    }

    /// What counts for a person with these roles on a site. Neither the order of the roles nor a
    /// repetition matters.
    pub fn resolve(&self, site: &SiteId, roles: &[RoleId]) -> Effective {
        let mut entries: Box<[(Value, Origin)]> = registry()
            .iter()
            .map(|definition| (definition.default.clone(), Origin::Default))
            .collect();
        let mut put = |key: Key, value: &Value, origin: Origin| {
            if let Some(entry) = entries.get_mut(key.index()) {
                *entry = (value.clone(), origin);
            }
        };
        for (key, value) in &self.global {
            put(*key, value, Origin::Global);
        }
        for (key, value) in self.by_site.get(site).into_iter().flatten() {
            put(*key, value, Origin::Site(site.clone()));
        }
        for (key, (value, role)) in self.best_of_roles(roles) {
            put(key, value, Origin::Role(role));
        }
        Effective::new(entries)
    }

    /// The most permissive value of each key that some of the roles set; of equal ones that of the
    /// oldest role, so that the answer does not depend on the order.
    fn best_of_roles(&self, roles: &[RoleId]) -> BTreeMap<Key, (&Value, RoleId)> {
        let mut best: BTreeMap<Key, (&Value, RoleId)> = BTreeMap::new();
        let levels = roles
            .iter()
            .filter_map(|role| Some((*role, self.by_role.get(role)?)));
        for (role, level) in levels {
            for (key, value) in level {
                let entry = best.entry(*key).or_insert((value, role));
                let wins = match value.permissiveness(entry.0, key.definition()) {
                    Ordering::Greater => true,
                    Ordering::Equal => role < entry.1,
                    Ordering::Less => false,
                };
                if wins {
                    *entry = (value, role);
                }
            }
        }
        best
    }
}
