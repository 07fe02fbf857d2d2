//! Counts, now and then, what there is.

use std::collections::BTreeSet;
use std::time::Duration;

use im_types::SiteId;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::usecase::Presence;

/// How often the board is counted.
const EVERY: Duration = Duration::from_secs(5);
/// Rounds from one count of the database to the next: thirty seconds.
const SITES_EVERY: u32 = 6;

/// See the module.
pub struct Counting {
    /// The operations.
    pub presence: Presence,
}

impl Counting {
    /// Runs until shutdown.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sites = BTreeSet::new();
        let mut round = 0_u32;
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            self.presence.count();
            if round.is_multiple_of(SITES_EVERY) {
                self.count_sites(&mut sites).await;
            }
            round = round.wrapping_add(1);
        }
    }

    async fn count_sites(&self, known: &mut BTreeSet<SiteId>) {
        match self.presence.count_sites(known).await {
            Ok(sites) => *known = sites,
            Err(error) => tracing::debug!(%error, "the sites cannot be counted"),
        }
    }
}
