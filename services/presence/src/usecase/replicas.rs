//! What replicas tell each other.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Hub, News, Presence};
use crate::domain::claim::Claim;
use crate::domain::holding::{Activity, Holding};

impl Presence {
    /// Learns what another replica said.
    pub fn learn(&self, holdings: Vec<Holding>, claims: Vec<Claim>) {
        self.hub.with(|board, now| {
            for holding in holdings {
                board.hold(holding, now);
            }
            for claim in claims {
                board.claim(claim, now);
            }
        });
    }

    /// Says again what the database does not know: who is idle, and choices not on disk yet.
    pub async fn restate(&self) {
        let idle: Vec<Holding> = self.hub.with(|board, _| {
            board
                .holdings()
                .filter(|holding| holding.activity == Activity::Idle)
                .collect()
        });
        let claims = self.hub.unsaved_claims();
        let news = idle
            .into_iter()
            .map(News::Holding)
            .chain(claims.into_iter().map(News::Claim));
        for item in news {
            self.tell(item).await;
        }
    }

    /// The board, for streams.
    pub fn hub(&self) -> Arc<Hub> {
        Arc::clone(&self.hub)
    }

    /// Rosters may have changed.
    pub fn ring_roster(&self) {
        self.roster_bell.notify_one();
    }

    /// The bell that rings then.
    pub fn roster_bell(&self) -> Arc<Notify> {
        Arc::clone(&self.roster_bell)
    }
}
