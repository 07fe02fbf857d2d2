//! Configuring identity stores.

use std::collections::BTreeMap;

use im_policy::Permission;
use im_types::Secret;

use super::super::{Actor, App};
use super::store_command::{
    IdentityStoreCommand, SETTING_BYTES_MAX, check_name, check_rules_held, parse_store,
};
use super::{AdminError, act};
use crate::Error;
use crate::crypto::Secrets;
use crate::domain::audit::NewAuditEntry;
use crate::domain::change::Change;
use crate::domain::identity_store::{IdentityStore, StoreKind};
use crate::ports::PresetInfo;
use crate::store::{StoredStore, Unit};

/// Most stores there may be.
const STORES_MAX: u32 = 50;
const SECRETS_MAX: usize = 32;

/// A store as administrators see it.
#[derive(Debug, Clone)]
pub struct ShownStore {
    /// The store.
    pub store: IdentityStore,
    /// Why it cannot be used; empty if it can.
    pub problem: String,
}

fn described(entry: NewAuditEntry, store: &IdentityStore) -> NewAuditEntry {
    let settings = store.settings.iter();
    let settings: Vec<String> = settings
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    entry
        .on(&store.id)
        .with("name", &store.name)
        .with("preset", &store.preset)
        .with("enabled", store.is_enabled)
        .with("settings", settings.join(" "))
        .with("secrets", store.secret_names.join(" "))
        .with("shadow", store.terms.shadow.is_some())
}

impl App {
    /// All stores by id.
    pub async fn list_identity_stores(&self, actor: &Actor) -> Result<Vec<ShownStore>, Error> {
        actor.require(Permission::StoresManage)?;
        let stored = self.store.list_identity_stores().await?;
        Ok(stored
            .into_iter()
            .map(|one| self.shown(one.store))
            .collect())
    }

    /// One store.
    pub async fn get_identity_store(&self, actor: &Actor, id: &str) -> Result<ShownStore, Error> {
        let mut stores = self.list_identity_stores(actor).await?;
        stores.retain(|shown| shown.store.id == id);
        Ok(stores.pop().ok_or(AdminError::IdentityStoreNotFound)?)
    }

    fn shown(&self, store: IdentityStore) -> ShownStore {
        let problem = self.stores.problem(&store.id);
        ShownStore {
            problem: problem.map(|p| p.to_string()).unwrap_or_default(),
            store,
        }
    }

    /// Makes a store.
    pub async fn create_identity_store(
        &self,
        actor: &Actor,
        command: IdentityStoreCommand,
        secrets: BTreeMap<String, Secret<String>>,
    ) -> Result<ShownStore, Error> {
        actor.require(Permission::StoresManage)?;
        let kind = command.kind.filter(|kind| *kind != StoreKind::Local);
        let kind = kind.ok_or_else(|| Error::invalid("store.kind", "has to be SQL or LDAP"))?;
        let mut store = parse_store(actor, &self.snapshot(), command, kind)?;
        let secrets = merged(Secrets::new(), secrets)?;
        store.secret_names = secrets.keys().cloned().collect();
        let sealed = self.sealer.seal(&secrets, &store.id, &self.ids)?;
        self.try_out(&store, &sealed)?;
        let mut unit = self.begin().await?;
        if unit.count_identity_stores().await? >= i64::from(STORES_MAX) {
            return Err(AdminError::TooMany {
                things: "identity stores",
                max: STORES_MAX.into(),
            }
            .into());
        }
        store.created_at = unit.now();
        store.updated_at = unit.now();
        let stored = StoredStore {
            store,
            secrets: sealed,
        };
        if self.stores.is_fixed(&stored.store.id) || !unit.insert_identity_store(&stored).await? {
            return Err(AdminError::IdentityStoreExists.into());
        }
        unit.change(Change::Snapshot);
        unit.audit(described(act(actor, "store.create"), &stored.store));
        self.commit(unit).await?;
        Ok(self.shown(stored.store))
    }

    /// Replaces everything but the secrets, of which only those named are replaced.
    pub async fn update_identity_store(
        &self,
        actor: &Actor,
        command: IdentityStoreCommand,
        secrets: BTreeMap<String, Secret<String>>,
    ) -> Result<ShownStore, Error> {
        actor.require(Permission::StoresManage)?;
        let mut unit = self.begin().await?;
        let before = find(&mut unit, &command.id).await?;
        if command.kind.is_some_and(|kind| kind != before.store.kind) {
            return Err(Error::invalid("store.kind", "cannot be changed"));
        }
        check_rules_held(actor, &self.snapshot(), &before.store.terms)?;
        let mut store = parse_store(actor, &self.snapshot(), command, before.store.kind)?;
        let known = if secrets_move(&before.store, &store) {
            // Or whoever may configure stores could send a password to a server of their own.
            Secrets::new()
        } else {
            self.sealer.open(&before.secrets, &store.id)?
        };
        let secrets = merged(known, secrets)?;
        store.secret_names = secrets.keys().cloned().collect();
        store.created_at = before.store.created_at;
        store.updated_at = unit.now();
        store.version = before.store.version + 1;
        let sealed = self.sealer.seal(&secrets, &store.id, &self.ids)?;
        if store.is_enabled {
            self.try_out(&store, &sealed)?;
        }
        let stored = StoredStore {
            store,
            secrets: sealed,
        };
        unit.update_identity_store(&stored).await?;
        if stored.store.terms.shadow.is_none() {
            unit.delete_shadows_of_store(&stored.store.id).await?;
        }
        unit.change(Change::Snapshot);
        unit.audit(described(act(actor, "store.update"), &stored.store));
        self.commit(unit).await?;
        Ok(self.shown(stored.store))
    }

    /// Removes a store that no site lists, with the identities there.
    pub async fn delete_identity_store(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        actor.require(Permission::StoresManage)?;
        let mut unit = self.begin().await?;
        unit.lock_sites().await?;
        let before = find(&mut unit, id).await?;
        check_rules_held(actor, &self.snapshot(), &before.store.terms)?;
        if let Some(site) = unit.find_site_of_store(id).await? {
            return Err(AdminError::IdentityStoreInUse { site }.into());
        }
        unit.forget_store(id).await?;
        unit.delete_identity_store(id).await?;
        unit.change(Change::Snapshot);
        unit.audit(described(act(actor, "store.delete"), &before.store));
        self.commit(unit).await
    }

    /// The presets whose id or application holds `query`.
    pub fn list_presets(&self, actor: &Actor, query: &str) -> Result<Vec<PresetInfo>, Error> {
        actor.require(Permission::StoresManage)?;
        let wanted = query.trim().to_lowercase();
        let mut presets = self.factory.presets();
        presets.retain(|preset| {
            preset.id.to_lowercase().contains(&wanted)
                || preset.application.to_lowercase().contains(&wanted)
        });
        Ok(presets)
    }

    /// What could not be used must not be stored: it would keep everybody of a site out.
    fn try_out(&self, store: &IdentityStore, sealed: &[u8]) -> Result<(), Error> {
        self.open_store(store, sealed)
            .map(|_store| ())
            .map_err(|problem| Error::invalid("store.settings", problem))
    }
}

async fn find(unit: &mut Unit, id: &str) -> Result<StoredStore, Error> {
    let found = unit.find_identity_store(id).await?;
    Ok(found.ok_or(AdminError::IdentityStoreNotFound)?)
}

/// Whether what a store's secrets are sent to has changed.
fn secrets_move(before: &IdentityStore, after: &IdentityStore) -> bool {
    ["driver", "host", "port", "servers", "tls", "tls_ca_file"]
        .iter()
        .any(|name| before.settings.get(*name) != after.settings.get(*name))
}

fn merged(mut known: Secrets, given: BTreeMap<String, Secret<String>>) -> Result<Secrets, Error> {
    for (name, value) in given {
        check_name("secrets", &name)?;
        if value.expose().len() > SETTING_BYTES_MAX {
            return Err(Error::invalid("secrets", "a value has at most 8192 bytes"));
        }
        if value.expose().is_empty() {
            known.remove(&name);
        } else {
            known.insert(name, value);
        }
    }
    if known.len() > SECRETS_MAX {
        return Err(Error::invalid("secrets", "at most 32"));
    }
    Ok(known)
}
