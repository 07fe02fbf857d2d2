//! Keeping up with auth.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use im_bus::{Event, EventBus, Subscription, Topic};
use im_proto::im::auth::v1 as proto;
use im_proto::im::auth::v1::change::Kind;
use im_proto::im::event::v1::AuthChanged;
use im_runtime::lifecycle::Condition;
use im_types::{GroupId, SessionId, UserId};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::state::State;
use crate::{Directory, DirectoryChange, DirectoryError};

/// Rung by auth after every change.
const AUTH_CHANGED: Topic = Topic::new("auth", "changed");
/// Pages of changes read in a row; whoever is further behind takes a snapshot.
const PAGES_MAX: usize = 20;

/// The task behind a directory.
pub(crate) struct Follower {
    pub(crate) directory: Directory,
    pub(crate) bus: EventBus,
    pub(crate) poll_interval: Duration,
    pub(crate) ready: Condition,
    pub(crate) shutdown: CancellationToken,
}

impl Follower {
    pub(crate) async fn run(self) {
        let shutdown = self.shutdown.clone();
        shutdown.run_until_cancelled(self.follow()).await;
    }

    async fn follow(self) {
        // Without the bus, which cannot be subscribed to only when the process stops, polling goes on.
        let mut bells = self.bus.subscribe(AUTH_CHANGED).await.ok();
        loop {
            let outcome = self.directory.catch_up().await;
            let was_away = self
                .directory
                .inner
                .is_away
                .swap(outcome.is_err(), Ordering::Relaxed);
            match outcome {
                Ok(()) => self.ready.set(true),
                Err(error) if !was_away => {
                    tracing::warn!(error = %chain(&error), "auth is away; going on with what is known");
                }
                Err(_) => {}
            }
            tokio::select! {
                () = sleep(self.poll_interval) => {}
                rung = self.bell(&mut bells) => if !rung { bells = None; },
            }
        }
    }

    /// Waits for a bell that tells something new; `false` once the bus is closed.
    async fn bell(&self, bells: &mut Option<Subscription>) -> bool {
        let Some(bells) = bells else {
            return std::future::pending().await;
        };
        loop {
            match bells.recv().await {
                // A burst of bells costs one question, not one for each.
                Some(Event::Message(message))
                    if message
                        .decode::<AuthChanged>()
                        .is_ok_and(|changed| changed.revision <= self.directory.revision()) => {}
                Some(_) => return true,
                None => return false,
            }
        }
    }
}

fn chain(error: &DirectoryError) -> String {
    match error {
        DirectoryError::Unavailable(status) => format!("{error}: {}", status.message()),
        DirectoryError::NotReady => error.to_string(),
    }
}

impl Directory {
    /// Brings the mirror up to date.
    pub(crate) async fn catch_up(&self) -> Result<(), DirectoryError> {
        let Some(mut revision) = self.known_revision() else {
            return self.reload().await;
        };
        for _ in 0..PAGES_MAX {
            let answer = self.inner.source.changes(revision).await?;
            self.heard();
            if answer.snapshot_needed || answer.revision < revision {
                return self.reload().await;
            }
            let Some(last) = answer.changes.last().map(|change| change.revision) else {
                return Ok(());
            };
            self.apply(answer.changes).await?;
            self.inner.revision.send_replace(Some(last));
            revision = last;
            if last >= answer.revision {
                return Ok(());
            }
        }
        self.reload().await
    }

    /// Takes everything anew.
    async fn reload(&self) -> Result<(), DirectoryError> {
        self.inner.keys.refresh(&*self.inner.source).await?;
        let revision = self.load_snapshot().await?;
        self.inner.users.drop_all();
        self.inner.revision.send_replace(Some(revision));
        self.tell(DirectoryChange::Everything);
        Ok(())
    }

    async fn load_snapshot(&self) -> Result<i64, DirectoryError> {
        let mut snapshot = self.inner.source.snapshot().await?;
        self.heard();
        let revoked = std::mem::take(&mut snapshot.revoked_session_ids);
        let revoked = revoked
            .iter()
            .filter_map(|text| SessionId::parse(text).ok());
        self.inner.revoked.add(revoked, &self.inner.clock);
        let revision = snapshot.revision;
        let state = Arc::new(State::from_proto(snapshot));
        *self
            .inner
            .state
            .write()
            .unwrap_or_else(PoisonError::into_inner) = state;
        Ok(revision)
    }

    /// Makes changes visible, then tells of them.
    async fn apply(&self, changes: Vec<proto::Change>) -> Result<(), DirectoryError> {
        let has = |kind: Kind| changes.iter().any(|change| change.kind() == kind);
        // Asked for first: if auth fails now, nothing is half done and the page is read again.
        if has(Kind::SigningKeys) {
            self.inner.keys.refresh(&*self.inner.source).await?;
        }
        if has(Kind::Snapshot) {
            self.load_snapshot().await?;
            self.tell(DirectoryChange::Snapshot);
        }
        changes.iter().filter_map(read).for_each(|change| {
            match change {
                DirectoryChange::User(user_id) => self.inner.users.drop_user(user_id),
                DirectoryChange::SessionRevoked { session_id, .. } => {
                    self.inner.revoked.add([session_id], &self.inner.clock);
                }
                // Who came to the group is not known here, so nobody's facts are sure.
                DirectoryChange::Group(_) => self.inner.users.drop_all(),
                DirectoryChange::Everything | DirectoryChange::Snapshot => {}
            }
            self.tell(change);
        });
        Ok(())
    }

    fn heard(&self) {
        *self
            .inner
            .heard_at
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn tell(&self, change: DirectoryChange) {
        // Nobody has to listen.
        let _nobody = self.inner.changes.send(change);
    }
}

/// A change that is not about the snapshot or keys; `None` for what this version does not know.
fn read(change: &proto::Change) -> Option<DirectoryChange> {
    match change.kind() {
        Kind::User => UserId::parse(&change.r#ref).ok().map(DirectoryChange::User),
        Kind::Group => GroupId::parse(&change.r#ref)
            .ok()
            .map(DirectoryChange::Group),
        Kind::SessionRevoked => Some(DirectoryChange::SessionRevoked {
            session_id: SessionId::parse(&change.r#ref).ok()?,
            user_id: UserId::parse(&change.user_id).ok(),
        }),
        Kind::Snapshot | Kind::SigningKeys | Kind::Unspecified => None,
    }
}
