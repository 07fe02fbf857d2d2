//! What this process knows of its own database: sites, policy and roles as a whole, people and
//! bans for a moment, ended sessions for the life of a token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use im_types::{RoleId, SessionId, Timestamp, UserId};
use ipnet::IpNet;
use moka::future::Cache;

use super::App;
use crate::Error;
use crate::domain::change::{Change, NumberedChange};
use crate::domain::people::UserState;
use crate::domain::site::Snapshot;

/// What is asked of the database again after this: with the poll of the changes it stays within
/// the two seconds in which revocations have to bite, even when a bell is lost.
const KEPT_FOR: Duration = Duration::from_secs(1);
const USERS_MAX: u64 = 50_000;
/// Ended sessions after which the old ones are swept out.
const REVOKED_SWEEP: usize = 10_000;

/// What every authenticated request needs to know of its person.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) state: UserState,
    pub(crate) roles: Vec<RoleId>,
}

/// The mirror.
#[derive(Debug)]
pub struct Mirror {
    snapshot: RwLock<Arc<Snapshot>>,
    users: Cache<UserId, Option<Arc<Standing>>>,
    bans: Cache<(), Arc<Vec<IpNet>>>,
    revoked: Mutex<HashMap<SessionId, Timestamp>>,
}

impl Default for Mirror {
    fn default() -> Self {
        Self::new()
    }
}

impl Mirror {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self {
            snapshot: RwLock::default(),
            users: Cache::builder()
                .max_capacity(USERS_MAX)
                .time_to_live(KEPT_FOR)
                .build(),
            bans: Cache::builder()
                .max_capacity(1)
                .time_to_live(KEPT_FOR)
                .build(),
            revoked: Mutex::default(),
        }
    }

    /// Sites, policy and roles.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a snapshot unless it is older than the one there.
    fn replace(&self, snapshot: Snapshot) {
        let mut present = self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if snapshot.revision >= present.revision {
            *present = Arc::new(snapshot);
        }
    }

    fn revoke(
        &self,
        sessions: impl IntoIterator<Item = SessionId>,
        now: Timestamp,
        life: Duration,
    ) {
        let mut revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        if revoked.len() > REVOKED_SWEEP {
            revoked.retain(|_, forgotten_at| *forgotten_at > now);
        }
        revoked.extend(
            sessions
                .into_iter()
                .map(|session| (session, now.saturating_add(life))),
        );
    }

    /// Whether a session ended a short while ago.
    pub fn is_revoked(&self, session: SessionId) -> bool {
        self.revoked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(&session)
    }

    /// Bans of addresses are read anew.
    pub async fn forget_bans(&self) {
        self.bans.invalidate(&()).await;
    }
}

impl App {
    /// Sites, policy and roles.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.mirror.snapshot()
    }

    /// Loads what has to be known before the first request.
    pub async fn load_mirror(&self) -> Result<(), Error> {
        self.reload_snapshot().await?;
        self.reload_keys().await?;
        let since = self.clock.now().saturating_sub(self.token_life());
        let revoked = self.store.list_revoked_sessions(since).await?;
        let sessions = revoked.iter().filter_map(|id| SessionId::parse(id).ok());
        self.mirror
            .revoke(sessions, self.clock.now(), self.token_life());
        Ok(())
    }

    async fn reload_snapshot(&self) -> Result<(), Error> {
        // Stores first: a site must not list one that is not there yet.
        self.reload_stores().await?;
        self.mirror.replace(self.store.load_snapshot().await?);
        Ok(())
    }

    async fn reload_keys(&self) -> Result<(), Error> {
        self.keys
            .replace(self.store.list_signing_keys(self.clock.now()).await?);
        Ok(())
    }

    /// Takes a change of this process.
    pub(super) async fn apply(&self, change: Change) -> Result<(), Error> {
        match change {
            Change::Snapshot => self.reload_snapshot().await?,
            Change::User(user) => self.mirror.users.invalidate(&user).await,
            Change::SessionRevoked(session, _) => {
                self.mirror
                    .revoke([session], self.clock.now(), self.token_life());
            }
            Change::SigningKeys => self.reload_keys().await?,
            Change::Group(_) => {}
        }
        Ok(())
    }

    /// Takes the changes after `seen`, whoever made them; the answer is the last one taken.
    pub async fn follow_changes(&self, mut seen: i64) -> Result<i64, Error> {
        const PAGE: i64 = 500;
        loop {
            let changes = self.store.list_changes(seen, PAGE).await?;
            let Some(last) = changes.last().map(|change| change.revision) else {
                return Ok(seen);
            };
            let is_kind = |kind: i64| changes.iter().any(|change| change.kind == kind);
            if is_kind(Change::Snapshot.kind()) {
                self.reload_snapshot().await?;
            }
            if is_kind(Change::SigningKeys.kind()) {
                self.reload_keys().await?;
            }
            for change in &changes {
                self.follow(change).await;
            }
            seen = last;
        }
    }

    async fn follow(&self, change: &NumberedChange) {
        if let Ok(user) = UserId::parse(&change.reference) {
            self.mirror.users.invalidate(&user).await;
        } else if let Ok(session) = SessionId::parse(&change.reference) {
            self.mirror
                .revoke([session], self.clock.now(), self.token_life());
        }
    }

    /// State and roles of a person; `None` if there is no such account.
    pub(crate) async fn standing(&self, user: UserId) -> Result<Option<Arc<Standing>>, Error> {
        if let Some(known) = self.mirror.users.get(&user).await {
            return Ok(known);
        }
        let standing = match self.store.find_user(user).await? {
            None => None,
            Some(found) => {
                let mut roles = self.store.find_roles(&[user]).await?;
                let roles = roles.remove(&user).unwrap_or_default();
                Some(Arc::new(Standing {
                    state: found.state,
                    roles,
                }))
            }
        };
        self.mirror.users.insert(user, standing.clone()).await;
        Ok(standing)
    }

    /// The networks that are banned.
    pub(super) async fn banned_networks(&self) -> Result<Arc<Vec<IpNet>>, Error> {
        if let Some(known) = self.mirror.bans.get(&()).await {
            return Ok(known);
        }
        let bans = self.store.list_address_bans(self.clock.now()).await?;
        let network = |text: &String| {
            text.parse()
                .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
                .ok()
        };
        let networks: Arc<Vec<IpNet>> = Arc::new(bans.iter().filter_map(network).collect());
        self.mirror.bans.insert((), Arc::clone(&networks)).await;
        Ok(networks)
    }
}
