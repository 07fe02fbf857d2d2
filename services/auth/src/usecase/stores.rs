//! The identity stores that can be asked at this moment.

use std::sync::{Arc, PoisonError, RwLock};

use im_types::{Ids, Secret, Timestamp};

use super::App;
use crate::Error;
use crate::crypto::{SEALING_KEY_BYTES, Sealer};
use crate::domain::identity_store::IdentityStore as IdentityStoreConfig;
use crate::domain::identity_store::{StoreKind, StoreTerms};
use crate::ports::{
    Answer, Attempt, BoxFuture, CheckStep, IdentityStore, Sighting, StoreCheck, StoreProblem,
};
use crate::store::{SqlStore, StoredStore};

/// A configured store, as of one version of its configuration.
#[derive(Clone)]
pub(super) struct Configured {
    /// See [`crate::domain::identity_store::IdentityStore::version`]. Together with the time at
    /// which the store was made: another one may get the same id.
    as_of: (i64, Timestamp),
    /// The store.
    store: Arc<dyn IdentityStore>,
    /// Why it cannot be used.
    problem: Option<StoreProblem>,
}

/// All stores: those that are always there, and the configured ones, which are replaced as a whole
/// when their configuration changes.
pub(crate) struct Stores {
    fixed: Vec<Arc<dyn IdentityStore>>,
    configured: RwLock<Arc<Vec<Configured>>>,
}

impl Stores {
    /// Without configured ones.
    pub(super) fn new(fixed: Vec<Arc<dyn IdentityStore>>) -> Self {
        Self {
            fixed,
            configured: RwLock::default(),
        }
    }

    /// The configured ones.
    pub(super) fn configured(&self) -> Arc<Vec<Configured>> {
        Arc::clone(
            &self
                .configured
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Takes the configured ones.
    pub(super) fn replace(&self, stores: Vec<Configured>) {
        *self
            .configured
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(stores);
    }

    /// The store of an id.
    pub(super) fn find(&self, id: &str) -> Option<Arc<dyn IdentityStore>> {
        let fixed = self.fixed.iter().find(|store| store.id() == id).cloned();
        fixed.or_else(|| {
            let configured = self.configured();
            let found = configured.iter().find(|known| known.store.id() == id);
            found.map(|known| Arc::clone(&known.store))
        })
    }

    /// Whether a store of this id is always there.
    pub(super) fn is_fixed(&self, id: &str) -> bool {
        self.fixed.iter().any(|store| store.id() == id)
    }

    /// The ids of all that can be asked.
    pub(super) fn ids(&self) -> Vec<String> {
        let configured = self.configured();
        let configured = configured.iter().map(|known| &known.store);
        let all = self.fixed.iter().chain(configured);
        all.map(|store| store.id().to_owned()).collect()
    }

    /// Why a store cannot be used as it is configured.
    pub(super) fn problem(&self, id: &str) -> Option<StoreProblem> {
        let configured = self.configured();
        let found = configured.iter().find(|known| known.store.id() == id);
        found.and_then(|known| known.problem.clone())
    }
}

/// Stands for a store that cannot be used as it is configured. Whoever may be known there must
/// not become somebody of a later store, so it answers as one that is away.
struct Broken {
    config: IdentityStoreConfig,
    problem: StoreProblem,
}

const MISCONFIGURED: &str = "misconfigured";

impl IdentityStore for Broken {
    fn id(&self) -> &str {
        &self.config.id
    }

    fn kind(&self) -> StoreKind {
        self.config.kind
    }

    fn terms(&self) -> &StoreTerms {
        &self.config.terms
    }

    fn verify<'a>(&'a self, _attempt: &'a Attempt<'a>) -> BoxFuture<'a, Answer> {
        Box::pin(async {
            Answer::Unavailable {
                class: MISCONFIGURED,
            }
        })
    }

    fn burn<'a>(&'a self, _attempt: &'a Attempt<'a>) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn look_up<'a>(&'a self, _login: &'a str) -> BoxFuture<'a, Sighting> {
        Box::pin(async {
            Sighting::Unavailable {
                class: MISCONFIGURED,
            }
        })
    }

    fn check(&self) -> BoxFuture<'_, StoreCheck> {
        Box::pin(async {
            let step = CheckStep {
                name: "configuration",
                is_ok: false,
                detail: self.problem.to_string(),
                time: std::time::Duration::ZERO,
            };
            StoreCheck {
                steps: vec![step],
                schemes: Vec::new(),
            }
        })
    }
}

/// What seals the secrets of stores; its key is made at the first start.
pub(crate) async fn open_sealer(
    store: &SqlStore,
    ids: &Ids,
    now: Timestamp,
) -> Result<Sealer, Error> {
    let mut unit = store.begin(now).await?;
    unit.lock_setup().await?;
    let key = Secret::new(ids.random_bytes::<SEALING_KEY_BYTES>().to_vec());
    let id = ids.new_uuid().simple().to_string();
    unit.ensure_sealing_key(&id, &key).await?;
    // No mirror knows of it.
    let _no_change = unit.commit().await?;
    Sealer::new(&store.list_sealing_keys().await?)
}

impl App {
    /// Makes the configured stores anew that have changed; the others keep their connections.
    pub(super) async fn reload_stores(&self) -> Result<(), Error> {
        let stored = self.store.list_identity_stores().await?;
        let present = self.stores.configured();
        let enabled = stored.into_iter().filter(|stored| stored.store.is_enabled);
        let configured = enabled.map(|stored| {
            let as_of = (stored.store.version, stored.store.created_at);
            let known = present
                .iter()
                .find(|known| known.store.id() == stored.store.id && known.as_of == as_of);
            known.cloned().unwrap_or_else(|| self.configure(stored))
        });
        self.stores.replace(configured.collect());
        Ok(())
    }

    fn configure(&self, stored: StoredStore) -> Configured {
        let StoredStore { store, secrets } = stored;
        let as_of = (store.version, store.created_at);
        match self.open_store(&store, &secrets) {
            Ok(store) => Configured {
                as_of,
                store,
                problem: None,
            },
            Err(problem) => {
                tracing::error!(store.id = %store.id, %problem, "an identity store cannot be used");
                let broken = Broken {
                    config: store,
                    problem: problem.clone(),
                };
                Configured {
                    as_of,
                    store: Arc::new(broken),
                    problem: Some(problem),
                }
            }
        }
    }

    /// Makes a store; nothing is connected yet.
    pub(super) fn open_store(
        &self,
        store: &IdentityStoreConfig,
        secrets: &[u8],
    ) -> Result<Arc<dyn IdentityStore>, StoreProblem> {
        let secrets = self
            .sealer
            .open(secrets, &store.id)
            .map_err(|error| StoreProblem(error.to_string()))?;
        self.factory.open(store, &secrets)
    }
}
