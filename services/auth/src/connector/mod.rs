//! Identity stores of other systems: from their configuration to the port.
//!
//! `im-auth-stores` knows the systems; here stands what of it is configured how, and what its
//! answers mean for a sign-in.

mod ldap;
mod report;
mod secrets;
mod settings;
mod sql;

use std::path::PathBuf;
use std::sync::Arc;

use im_auth_stores::{Class, DirectoryPreset, LdapStore, Lookup, Preset, SqlStore};
use im_types::Clock;

use crate::crypto::{Sealer, Secrets};
use crate::domain::identity_store::{IdentityStore as IdentityStoreConfig, StoreKind};
use crate::ports::{IdentityStore, PresetInfo, Sighting, StoreFactory, StoreProblem};

/// Makes stores of all kinds there are.
#[derive(Debug)]
pub(crate) struct Connectors {
    clock: Clock,
    sealer: Arc<Sealer>,
    secrets_dir: Option<PathBuf>,
}

impl Connectors {
    /// `secrets_dir` holds the secrets that configurations may name as `file:NAME`.
    pub(crate) const fn new(
        clock: Clock,
        sealer: Arc<Sealer>,
        secrets_dir: Option<PathBuf>,
    ) -> Self {
        Self {
            clock,
            sealer,
            secrets_dir,
        }
    }
}

/// What a look-up without a password has seen. `word` logs why a store cannot be asked and names it.
fn sighting(lookup: Lookup, word: impl FnOnce(&Class) -> &'static str) -> Sighting {
    match lookup {
        Lookup::Found(person) => Sighting::Found {
            external_id: person.external_id.as_str().to_owned(),
            login: person.login,
            is_active: person.is_active,
        },
        Lookup::Absent => Sighting::Absent,
        Lookup::Ambiguous => Sighting::Ambiguous,
        Lookup::Unavailable(class) => Sighting::Unavailable {
            class: word(&class),
        },
    }
}

fn problem(error: impl std::fmt::Display) -> StoreProblem {
    StoreProblem(error.to_string())
}

impl StoreFactory for Connectors {
    fn open(
        &self,
        config: &IdentityStoreConfig,
        secrets: &Secrets,
    ) -> Result<Arc<dyn IdentityStore>, StoreProblem> {
        let secrets = secrets::resolve(secrets, self.secrets_dir.as_deref())?;
        match config.kind {
            StoreKind::Sql => {
                let sql = settings::sql(config, &secrets)?;
                let tells_groups = sql.preset.users.groups.is_some();
                let store = SqlStore::open(&sql, self.clock.clone()).map_err(problem)?;
                Ok(Arc::new(sql::SqlConnector::new(
                    config.clone(),
                    store,
                    tells_groups,
                    Arc::clone(&self.sealer),
                )))
            }
            StoreKind::Ldap => {
                let ldap = settings::ldap(config, &secrets)?;
                let directory = &ldap.preset.directory;
                let tells_groups = directory.groups.is_some() || directory.member_of.is_some();
                let store = LdapStore::open(&ldap).map_err(problem)?;
                Ok(Arc::new(ldap::LdapConnector::new(
                    config.clone(),
                    store,
                    tells_groups,
                )))
            }
            StoreKind::Local => Err(StoreProblem("the local store is always there".to_owned())),
        }
    }

    fn presets(&self) -> Vec<PresetInfo> {
        let mut presets: Vec<PresetInfo> = Preset::shipped()
            .filter_map(of_application)
            .chain(DirectoryPreset::shipped().filter_map(of_directory))
            .collect();
        presets.sort_by(|a, b| a.id.cmp(&b.id));
        presets
    }
}

fn of_application(id: &str) -> Option<PresetInfo> {
    let preset = Preset::parse(Preset::shipped_text(id)?).ok()?;
    Some(PresetInfo {
        kind: StoreKind::Sql,
        id: preset.id,
        application: preset.application,
        versions: preset.versions,
        prefix: preset.prefix,
        secret: preset.passwords.secret,
        is_unverified: preset.unverified,
        notes: preset.notes,
    })
}

fn of_directory(id: &str) -> Option<PresetInfo> {
    let preset = DirectoryPreset::parse(DirectoryPreset::shipped_text(id)?).ok()?;
    Some(PresetInfo {
        kind: StoreKind::Ldap,
        id: preset.id,
        application: preset.application,
        versions: preset.versions,
        prefix: String::new(),
        secret: String::new(),
        is_unverified: preset.unverified,
        notes: preset.notes,
    })
}
