//! What the use cases work with.

use std::sync::Arc;
use std::time::Duration;

use im_bus::EventBus;
use im_proto::event::AuthChanged;
use im_types::{Clock, Ids};

use super::lane::SessionLane;
use super::stores::Stores;
use super::{Mirror, Throttle};
use crate::config::AuthSettings;
use crate::crypto::{KeyTimes, Keys, PasswordHasher, Sealer};
use crate::ports::{IdentityStore, StoreFactory};
use crate::store::{Committed, SqlStore, Unit};
use crate::{AuthMetrics, CHANGED, Error};

/// What an [`App`] is made of.
pub struct AppParts {
    /// Tells the time.
    pub clock: Clock,
    /// Makes ids and randomness.
    pub ids: Ids,
    /// The database.
    pub store: SqlStore,
    /// The bell.
    pub bus: EventBus,
    /// The section `[auth]`.
    pub settings: AuthSettings,
    /// Computes passwords.
    pub hasher: PasswordHasher,
    /// Stores and redeems tickets, renews sessions.
    pub lane: SessionLane,
    /// What is counted.
    pub metrics: AuthMetrics,
    /// Makes identity stores of their configuration.
    pub factory: Arc<dyn StoreFactory>,
    /// Seals their secrets.
    pub sealer: Arc<Sealer>,
}

impl std::fmt::Debug for AppParts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("AppParts").finish_non_exhaustive()
    }
}

/// The use cases and what they need. Shared by all requests.
pub struct App {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) store: SqlStore,
    pub(crate) bus: EventBus,
    pub(crate) settings: AuthSettings,
    pub(crate) hasher: PasswordHasher,
    pub(crate) lane: SessionLane,
    pub(crate) metrics: AuthMetrics,
    pub(crate) keys: Keys,
    pub(crate) mirror: Mirror,
    pub(crate) throttle: Throttle,
    pub(crate) factory: Arc<dyn StoreFactory>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) stores: Stores,
}

impl std::fmt::Debug for App {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("App").finish_non_exhaustive()
    }
}

impl App {
    /// Puts the use cases together. `stores` are the identity stores that are always there.
    pub fn new(parts: AppParts, stores: Vec<Arc<dyn IdentityStore>>) -> Self {
        let token_life = Duration::from_secs(u64::from(parts.settings.access_token_s));
        Self {
            throttle: Throttle::new(parts.settings.throttle(), &parts.ids),
            keys: Keys::new(token_life),
            mirror: Mirror::new(),
            clock: parts.clock,
            ids: parts.ids,
            store: parts.store,
            bus: parts.bus,
            settings: parts.settings,
            hasher: parts.hasher,
            lane: parts.lane,
            metrics: parts.metrics,
            factory: parts.factory,
            sealer: parts.sealer,
            stores: Stores::new(stores),
        }
    }

    /// Life of an access token.
    pub(crate) fn token_life(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.access_token_s))
    }

    /// How long signing keys live.
    pub(crate) fn key_times(&self) -> KeyTimes {
        let days = u64::from(self.settings.signing_key_rotation_days);
        KeyTimes {
            rotation: Duration::from_secs(days * 86_400),
            token: self.token_life(),
        }
    }

    /// Begins a unit that happens now.
    pub(crate) async fn begin(&self) -> Result<Unit, Error> {
        Ok(self.store.begin(self.clock.now()).await?)
    }

    /// Ends a unit: durable, then true in this process, then rung for the others.
    pub(crate) async fn commit(&self, unit: Unit) -> Result<(), Error> {
        let committed = unit.commit().await?;
        self.metrics.audited(committed.audited);
        self.announce(&committed).await;
        Ok(())
    }

    async fn announce(&self, committed: &Committed) {
        let Some(revision) = committed.revision else {
            return;
        };
        for change in &committed.changes {
            // What fails here is done again by the follower, at the latest a second later.
            if let Err(error) = self.apply(*change).await {
                tracing::warn!(%error, "a change is not applied yet");
            }
        }
        self.bus
            .publish_message(&CHANGED.subject(), &AuthChanged { revision });
    }
}
