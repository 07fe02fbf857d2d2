//! Configuring identity stores.

use std::collections::BTreeMap;
use std::time::Duration;

use im_policy::Permission;
use im_types::{DisplayName, GroupId, RoleId, Secret};

use super::super::{Actor, App};
use super::roles::check_held;
use super::{AdminError, act};
use crate::Error;
use crate::crypto::Secrets;
use crate::domain::audit::NewAuditEntry;
use crate::domain::change::Change;
use crate::domain::identity_store::{
    Attribute, AttributeMode, ConflictRule, GROUP_BYTES_MAX, GroupRule, IdentityStore, OnMissing,
    RULES_MAX, ShadowTerms, StoreKind, StoreTerms, is_store_id,
};
use crate::domain::site::Snapshot;
use crate::ports::PresetInfo;
use crate::store::{StoredStore, Unit};

/// Most stores there may be.
const STORES_MAX: u32 = 50;
const SETTINGS_MAX: usize = 64;
const SETTING_NAME_BYTES_MAX: usize = 64;
const SETTING_BYTES_MAX: usize = 8_192;
const SECRETS_MAX: usize = 32;
const SHADOW_DAYS_DEFAULT: i32 = 14;
const SHADOW_DAYS_MAX: i32 = 90;
const DAY: Duration = Duration::from_hours(24);

/// What people of a group there get, as it is wanted.
#[derive(Debug, Clone, Default)]
pub struct GroupRuleCommand {
    /// The group there.
    pub when_group: String,
    /// A role here, or nothing.
    pub give_role_id: String,
    /// A group here, or nothing.
    pub join_group_id: String,
}

/// A store as it is wanted.
#[derive(Debug, Clone, Default)]
pub struct IdentityStoreCommand {
    /// Its slug.
    pub id: String,
    /// What it is; `None` if that was not said.
    pub kind: Option<StoreKind>,
    /// What people call it.
    pub name: String,
    /// The preset, or nothing.
    pub preset: String,
    /// See [`IdentityStore::settings`].
    pub settings: BTreeMap<String, String>,
    /// Whether it is asked at all.
    pub is_enabled: bool,
    /// See [`StoreTerms::on_missing`].
    pub on_missing: Option<OnMissing>,
    /// See [`StoreTerms::conflict`].
    pub conflict: Option<ConflictRule>,
    /// By name.
    pub attributes: BTreeMap<String, AttributeMode>,
    /// See [`StoreTerms::new_accounts_wait`].
    pub new_accounts_wait: bool,
    /// See [`StoreTerms::group_rules`].
    pub group_rules: Vec<GroupRuleCommand>,
    /// Days for which a verifier of our own stands in, and whether it does so for administrators.
    pub shadow: Option<(i32, bool)>,
}

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
    ["driver", "host", "port", "tls", "tls_ca_file", "url"]
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

fn check_name(field: &'static str, name: &str) -> Result<(), Error> {
    let is_inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if (1..=SETTING_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_inner) {
        return Ok(());
    }
    Err(Error::invalid(
        field,
        "a name has 1 to 64 letters, digits and - _ .",
    ))
}

fn parse_store(
    actor: &Actor,
    snapshot: &Snapshot,
    command: IdentityStoreCommand,
    kind: StoreKind,
) -> Result<IdentityStore, Error> {
    if !is_store_id(&command.id) {
        let text = "has to be 1 to 32 of a-z 0-9 -, and not local";
        return Err(Error::invalid("store.id", text));
    }
    let name =
        DisplayName::parse(&command.name).map_err(|error| Error::invalid("store.name", error))?;
    if command.settings.len() > SETTINGS_MAX {
        return Err(Error::invalid("store.settings", "at most 64"));
    }
    for (name, value) in &command.settings {
        check_name("store.settings", name)?;
        if value.len() > SETTING_BYTES_MAX {
            let text = "a value has at most 8192 bytes";
            return Err(Error::invalid("store.settings", text));
        }
    }
    if !command.preset.is_empty() {
        check_name("store.preset", &command.preset)?;
    }
    let terms = parse_terms(&command)?;
    check_rules_held(actor, snapshot, &terms)?;
    let epoch = im_types::Timestamp::EPOCH;
    Ok(IdentityStore {
        id: command.id,
        kind,
        name: name.as_str().to_owned(),
        preset: command.preset,
        settings: command.settings,
        secret_names: Vec::new(),
        is_enabled: command.is_enabled,
        terms,
        version: 1,
        created_at: epoch,
        updated_at: epoch,
    })
}

fn parse_terms(command: &IdentityStoreCommand) -> Result<StoreTerms, Error> {
    let attribute = |(name, mode): (&String, &AttributeMode)| {
        let text = "names are display_name, email and locale";
        let attribute =
            Attribute::parse(name).map_err(|_| Error::invalid("store.attributes", text))?;
        Ok::<_, Error>((attribute, *mode))
    };
    if command.group_rules.len() > RULES_MAX {
        return Err(Error::invalid("store.group_rules", "at most 100"));
    }
    let shadow = command.shadow.map(|(days, for_administrators)| {
        let days = if days == 0 { SHADOW_DAYS_DEFAULT } else { days };
        let days = u32::try_from(days.min(SHADOW_DAYS_MAX + 1)).unwrap_or_default();
        if days == 0 || i64::from(days) > i64::from(SHADOW_DAYS_MAX) {
            return Err(Error::invalid(
                "store.shadow.max_age_days",
                "has to be 1 to 90",
            ));
        }
        Ok(ShadowTerms {
            max_age: DAY * days,
            for_administrators,
        })
    });
    Ok(StoreTerms {
        attributes: command
            .attributes
            .iter()
            .map(attribute)
            .collect::<Result<_, _>>()?,
        conflict: command.conflict,
        new_accounts_wait: command.new_accounts_wait,
        on_missing: command.on_missing.unwrap_or(OnMissing::Ignore),
        group_rules: command
            .group_rules
            .iter()
            .map(parse_rule)
            .collect::<Result<_, _>>()?,
        shadow: shadow.transpose()?,
    })
}

fn parse_rule(rule: &GroupRuleCommand) -> Result<GroupRule, Error> {
    const FIELD: &str = "store.group_rules";
    let when_group = rule.when_group.trim();
    if when_group.is_empty() || when_group.len() > GROUP_BYTES_MAX {
        return Err(Error::invalid(FIELD, "a group has 1 to 200 bytes"));
    }
    let role = Some(rule.give_role_id.as_str()).filter(|text| !text.is_empty());
    let group = Some(rule.join_group_id.as_str()).filter(|text| !text.is_empty());
    if role.is_none() && group.is_none() {
        return Err(Error::invalid(FIELD, "a rule gives a role or a group"));
    }
    Ok(GroupRule {
        when_group: when_group.to_owned(),
        give_role: role
            .map(RoleId::parse)
            .transpose()
            .map_err(|error| Error::invalid(FIELD, error))?,
        join_group: group
            .map(GroupId::parse)
            .transpose()
            .map_err(|error| Error::invalid(FIELD, error))?,
    })
}

/// Whoever lets a store give roles gives them.
fn check_rules_held(actor: &Actor, snapshot: &Snapshot, terms: &StoreTerms) -> Result<(), Error> {
    let roles: Vec<RoleId> = terms
        .group_rules
        .iter()
        .filter_map(|rule| rule.give_role)
        .collect();
    check_held(actor, snapshot.permissions(&roles))
}
