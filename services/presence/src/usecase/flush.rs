//! Writing down what is only in memory.

use super::Presence;
use crate::error::Error;

impl Presence {
    /// Writes claims and last-seen times. What cannot be written stays to be written. Called by one
    /// task only.
    pub async fn flush(&self) -> Result<(), Error> {
        let (claims, mut sightings) = self.hub.take_unsaved();
        // In one order everywhere, so that replicas that write the same rows do not deadlock.
        sightings.sort_unstable();
        let saved = self.store.save_sightings(&sightings).await;
        let claimed = self.store.save_claims(&claims).await;
        let unsaved = if claimed.is_ok() { Vec::new() } else { claims };
        self.hub.end_saving(unsaved, saved.is_ok());
        saved.and(claimed)
    }
}
