//! Limits and options.

use std::collections::HashMap;

use im_policy::{Key, Origin, Permission, Scope};
use im_types::{RoleId, SiteId, Timestamp, UserId};

use super::super::{Actor, App};
use super::{AdminError, act};
use crate::Error;
use crate::domain::change::Change;
use crate::store::{PolicyEntry, Unit};

/// Most of an unknown key that an error repeats, in characters.
const KEY_SHOWN_CHARS_MAX: usize = 40;

/// A value as people see it, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownValue {
    /// Which key.
    pub key: Key,
    /// The value; `***` for a secret.
    pub value: String,
    /// The level that set it.
    pub origin: Origin,
}

/// A value with who set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedValue {
    /// The value.
    pub shown: ShownValue,
    /// Who set it; `None` for defaults, or where that is not for the caller to know.
    pub updated: Option<(Option<UserId>, Timestamp)>,
}

/// Why a value is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownExplanation {
    /// The one that counts.
    pub effective: ExplainedValue,
    /// All levels that have a value, the default first.
    pub levels: Vec<ExplainedValue>,
}

fn find_key(name: &str) -> Result<Key, Error> {
    let shown = || name.chars().take(KEY_SHOWN_CHARS_MAX).collect();
    Key::find(name).ok_or_else(|| AdminError::PolicyKeyNotFound { key: shown() }.into())
}

fn origin_of(scope: &Scope) -> Origin {
    match scope {
        Scope::Global => Origin::Global,
        Scope::Site(site) => Origin::Site(site.clone()),
        Scope::Role(role) => Origin::Role(*role),
    }
}

fn scope_text(scope: &Scope) -> String {
    match scope {
        Scope::Global => "global".to_owned(),
        Scope::Site(site) => format!("site {site}"),
        Scope::Role(role) => format!("role {role}"),
    }
}

/// A stored value as it is shown; `None` for what this version does not understand.
fn shown_entry(entry: &PolicyEntry) -> Option<ExplainedValue> {
    let key = Key::find(&entry.stored.key)?;
    let value = key
        .parse(&entry.stored.value)
        .ok()?
        .to_shown(key.definition());
    let shown = ShownValue {
        key,
        value,
        origin: origin_of(&entry.stored.scope),
    };
    Some(ExplainedValue {
        shown,
        updated: Some((entry.updated_by, entry.updated_at)),
    })
}

impl App {
    /// The values that count for the caller here, without those that are for administrators.
    pub fn my_policy(&self, actor: &Actor) -> Vec<ShownValue> {
        let effective = self.snapshot().policy(&actor.origin.site, &actor.roles);
        let public = effective
            .iter()
            .filter(|(key, _, _)| key.definition().is_public);
        let shown = public.map(|(key, value, origin)| ShownValue {
            key,
            value: value.to_shown(key.definition()),
            origin: origin.clone(),
        });
        shown.collect()
    }

    /// What has been set, everywhere or in one scope.
    pub async fn list_policy_values(
        &self,
        actor: &Actor,
        scope: Option<&Scope>,
    ) -> Result<Vec<ExplainedValue>, Error> {
        actor.require(Permission::PolicyManage)?;
        let entries = self.store.list_policy_entries(scope).await?;
        Ok(entries.iter().filter_map(shown_entry).collect())
    }

    /// Sets a value.
    pub async fn set_policy_value(
        &self,
        actor: &Actor,
        scope: &Scope,
        key: &str,
        value: &str,
    ) -> Result<ExplainedValue, Error> {
        actor.require(Permission::PolicyManage)?;
        let key = find_key(key)?;
        key.check_scope(scope).map_err(AdminError::from)?;
        let definition = key.definition();
        let value = key.parse(value).map_err(AdminError::from)?;
        let mut unit = self.begin().await?;
        check_scope_exists(&mut unit, scope).await?;
        let before = shown_before(&mut unit, scope, key).await?;
        let stored = value.to_stored(definition);
        unit.put_policy_value(scope, key, &stored, actor.user_id)
            .await?;
        unit.change(Change::Snapshot);
        let after = value.to_shown(definition);
        let entry = act(actor, "policy.set")
            .on(key)
            .with("scope", scope_text(scope));
        unit.audit(
            entry
                .with("before", before.unwrap_or_default())
                .with("after", &after),
        );
        let updated = Some((Some(actor.user_id), unit.now()));
        self.commit(unit).await?;
        let shown = ShownValue {
            key,
            value: after,
            origin: origin_of(scope),
        };
        Ok(ExplainedValue { shown, updated })
    }

    /// Takes a value away, so that the next level counts. Nothing happens if there is none.
    pub async fn clear_policy_value(
        &self,
        actor: &Actor,
        scope: &Scope,
        key: &str,
    ) -> Result<(), Error> {
        actor.require(Permission::PolicyManage)?;
        let key = find_key(key)?;
        let mut unit = self.begin().await?;
        let Some(before) = shown_before(&mut unit, scope, key).await? else {
            return Ok(());
        };
        unit.delete_policy_value(scope, key).await?;
        unit.change(Change::Snapshot);
        let entry = act(actor, "policy.clear")
            .on(key)
            .with("scope", scope_text(scope));
        unit.audit(entry.with("before", before));
        self.commit(unit).await
    }

    /// Why values are what they are for a person on a site; of one key or of all. People may ask
    /// for themselves, and learn of the values that are not for administrators only.
    pub async fn explain_policy(
        &self,
        actor: &Actor,
        user: Option<UserId>,
        site: Option<&SiteId>,
        key: Option<&str>,
    ) -> Result<Vec<ShownExplanation>, Error> {
        let user = user.unwrap_or(actor.user_id);
        let is_manager = actor.may(Permission::PolicyManage);
        if user != actor.user_id {
            actor.require(Permission::PolicyManage)?;
        }
        let snapshot = self.snapshot();
        let site = site.unwrap_or(&actor.origin.site);
        snapshot.site(site).ok_or(Error::SiteNotFound)?;
        let keys = match key {
            Some(name) => vec![find_key(name)?],
            None => Key::ALL.to_vec(),
        };
        let roles = self.roles_of(actor, user).await?;
        let updates = if is_manager {
            self.updates().await?
        } else {
            HashMap::new()
        };
        let visible = keys
            .into_iter()
            .filter(|key| is_manager || key.definition().is_public);
        let explained = visible.map(|key| {
            let explanation = snapshot.values.explain(key, site, &roles);
            let show = |(value, origin): &(im_policy::Value, Origin)| {
                let value = value.to_shown(key.definition());
                let updated = updates.get(&(key, origin.clone())).copied();
                ExplainedValue {
                    shown: ShownValue {
                        key,
                        value,
                        origin: origin.clone(),
                    },
                    updated,
                }
            };
            ShownExplanation {
                effective: show(&explanation.effective),
                levels: explanation.levels.iter().map(show).collect(),
            }
        });
        Ok(explained.collect())
    }

    async fn roles_of(&self, actor: &Actor, user: UserId) -> Result<Vec<RoleId>, Error> {
        if user == actor.user_id {
            return Ok(actor.roles.clone());
        }
        self.store
            .find_user(user)
            .await?
            .ok_or(Error::UserNotFound)?;
        Ok(self
            .store
            .find_roles(&[user])
            .await?
            .remove(&user)
            .unwrap_or_default())
    }

    /// Who set each value, and when.
    async fn updates(&self) -> Result<HashMap<(Key, Origin), (Option<UserId>, Timestamp)>, Error> {
        let entries = self.store.list_policy_entries(None).await?;
        let update = |entry: PolicyEntry| {
            let key = Key::find(&entry.stored.key)?;
            Some((
                (key, origin_of(&entry.stored.scope)),
                (entry.updated_by, entry.updated_at),
            ))
        };
        Ok(entries.into_iter().filter_map(update).collect())
    }
}

async fn check_scope_exists(unit: &mut Unit, scope: &Scope) -> Result<(), Error> {
    match scope {
        Scope::Global => Ok(()),
        Scope::Site(site) if unit.lock_site(site).await? => Ok(()),
        Scope::Site(_) => Err(Error::SiteNotFound),
        Scope::Role(role) => match unit.find_role(*role).await? {
            Some(_) => Ok(()),
            None => Err(AdminError::RoleNotFound.into()),
        },
    }
}

async fn shown_before(unit: &mut Unit, scope: &Scope, key: Key) -> Result<Option<String>, Error> {
    let Some(stored) = unit.find_policy_value(scope, key).await? else {
        return Ok(None);
    };
    let definition = key.definition();
    // What an older version stored and this one cannot read may be a secret.
    let shown = key
        .parse(&stored)
        .map_or_else(|_| "?".to_owned(), |v| v.to_shown(definition));
    Ok(Some(shown))
}
