//! What happens by time.

use super::Presence;
use crate::domain::board::Board;
use crate::error::Error;

impl Presence {
    /// Ends debounces, claims and moves that are due.
    pub fn tick(&self) {
        self.hub.with(Board::tick);
    }

    /// Forgets roster changes that are older than they are kept.
    pub async fn prune(&self) -> Result<(), Error> {
        let before = self.clock.now() - self.settings.roster_changes_kept();
        let count = self.store.prune_roster_changes(before).await?;
        if count > 0 {
            tracing::info!(count, "forgot old roster changes");
        }
        Ok(())
    }
}
