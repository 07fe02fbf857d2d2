//! Counting for the metrics.

use std::collections::BTreeSet;

use im_types::SiteId;
use tokio::sync::mpsc::Sender;

use super::Presence;
use crate::domain::board::Board;
use crate::error::Error;

impl Presence {
    /// Counts what is in memory.
    pub fn count(&self) {
        let (census, notices) = self
            .hub
            .with(|board: &mut Board, _| (board.census(), board.take_notices()));
        self.metrics.census(&census);
        self.metrics.notices(notices);
        self.metrics.queue("admission", waiting(&self.admission));
        self.metrics.queue("news", waiting(&self.news));
        self.metrics.queue("claims", self.hub.unsaved_claim_count());
    }

    /// Counts the sites' places; `before` are the sites of the last count, and what is returned
    /// those of this one.
    pub async fn count_sites(&self, before: &BTreeSet<SiteId>) -> Result<BTreeSet<SiteId>, Error> {
        let counts = self.store.count_places(self.clock.now()).await?;
        let sites: BTreeSet<SiteId> = counts.iter().map(|it| it.site_id.clone()).collect();
        let gone = before.difference(&sites).cloned().collect();
        self.metrics.sites(&counts, &gone);
        Ok(sites)
    }
}

fn waiting<T>(queue: &Sender<T>) -> usize {
    queue.max_capacity() - queue.capacity()
}
