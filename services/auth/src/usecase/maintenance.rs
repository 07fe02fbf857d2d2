//! What has to be done from time to time: new signing keys, cleaning up.

use std::time::Duration;

use super::App;
use crate::Error;
use crate::crypto::StoredKey;

/// How long changes are kept for mirrors; those that were away longer take a snapshot.
const CHANGES_KEPT_FOR: Duration = Duration::from_hours(24);
/// Rounds of 500 sessions in one run, so that a run is bounded.
const ROUNDS_MAX: usize = 100;

impl App {
    /// The number of the newest change.
    pub async fn newest_revision(&self) -> Result<i64, Error> {
        Ok(self.store.find_revision().await?)
    }

    /// Makes the next signing key if it is time, and forgets those that nobody needs.
    pub async fn rotate_keys(&self) -> Result<(), Error> {
        let mut unit = self.begin().await?;
        let (times, now) = (self.key_times(), unit.now());
        let make = |keys: &[StoredKey]| {
            if times.is_due(keys, now) {
                times.next(keys, now, &self.ids).map(Some)
            } else {
                Ok(None)
            }
        };
        let keys = unit.rotate_keys(&make).await?;
        self.commit(unit).await?;
        self.keys.replace(keys);
        Ok(())
    }

    /// Counts what is there.
    pub async fn count_sessions(&self) -> Result<(), Error> {
        let count = self.store.count_live_sessions(self.clock.now()).await?;
        self.metrics.sessions(count);
        Ok(())
    }

    /// Removes what has expired: sessions, tickets, old changes.
    pub async fn clean_up(&self) -> Result<(), Error> {
        for _round in 0..ROUNDS_MAX {
            let mut unit = self.begin().await?;
            let ended = unit.end_expired_sessions().await?;
            self.commit(unit).await?;
            if ended == 0 {
                break;
            }
        }
        let now = self.clock.now();
        self.store.delete_expired_tickets(now).await?;
        self.store.delete_expired_shadows(now).await?;
        self.store
            .delete_old_changes(now.saturating_sub(CHANGES_KEPT_FOR))
            .await?;
        Ok(())
    }
}
