//! Following the roster feed and auth's mirror: who sees whom changes within a second or two, also
//! when every bell is lost.

use std::time::Duration;

use im_directory::{DirectoryChange, DirectoryChanges};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::usecase::{Presence, Touched};

/// How often the feed is read without a bell.
const POLL: Duration = Duration::from_secs(1);
/// Changes that come together are dealt with together.
const GATHER: Duration = Duration::from_millis(50);

/// Follows the feed of roster changes.
pub struct RosterFollower {
    /// The operations.
    pub presence: Presence,
    /// Up to where it is known already.
    pub position: i64,
}

impl RosterFollower {
    /// Runs until shutdown.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let bell = self.presence.roster_bell();
        loop {
            let _rung_or_time = tokio::select! {
                () = shutdown.cancelled() => return,
                result = timeout(POLL, bell.notified()) => result,
            };
            match self.presence.follow_roster(self.position).await {
                Ok(position) => self.position = position,
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "rosters cannot be followed at present"
                ),
            }
            // A burst costs by time and not by change.
            let _ended = shutdown.run_until_cancelled(sleep(GATHER)).await;
        }
    }
}

/// Follows auth's mirror.
pub struct DirectoryFollower {
    /// The operations.
    pub presence: Presence,
    /// Its changes, subscribed to before anything was read.
    pub changes: DirectoryChanges,
}

impl DirectoryFollower {
    /// Runs until shutdown or the end of the mirror.
    pub async fn run(mut self, shutdown: CancellationToken) {
        // What could not be worked out stays to be done, and is tried again before long.
        let mut touched = Touched::default();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = sleep(POLL), if !touched.is_empty() => {}
                change = self.changes.recv() => match change {
                    Some(change) => note(&mut touched, &change),
                    None => return,
                },
            }
            self.gather(&mut touched).await;
            if touched.is_empty() {
                continue;
            }
            match self.presence.resight(&touched).await {
                Ok(()) => touched = Touched::default(),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "who sees whom cannot be worked out at present"
                ),
            }
        }
    }

    /// Takes what comes within a moment.
    async fn gather(&mut self, touched: &mut Touched) {
        let until = Instant::now() + GATHER;
        while let Ok(Some(change)) = timeout_at(until, self.changes.recv()).await {
            note(touched, &change);
        }
    }
}

fn note(touched: &mut Touched, change: &DirectoryChange) {
    match change {
        DirectoryChange::Everything | DirectoryChange::Snapshot | DirectoryChange::Group(_) => {
            touched.is_all = true;
        }
        DirectoryChange::User(user_id) => {
            touched.user_ids.insert(*user_id);
        }
        DirectoryChange::SessionRevoked { .. } => {}
    }
}
