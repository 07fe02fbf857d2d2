//! Building the soft state from the database: at the start, and whenever something may have been
//! missed.

use std::collections::HashSet;
use std::time::Duration;

use im_types::{ConnectionId, UserId};

use super::Presence;
use crate::domain::holding::{Activity, Holding};
use crate::error::Error;
use crate::ports::Place;

/// Rows read at once.
const PAGE: u16 = 1_000;
/// What was heard of so lately may not be in what was read.
const READ_LAG: Duration = Duration::from_secs(10);

impl Presence {
    /// Everything: leases, claims, places.
    pub async fn rebuild(&self) -> Result<(), Error> {
        self.check_leases().await?;
        self.load_claims().await?;
        self.reconcile().await
    }

    /// Claims, page by page.
    pub async fn load_claims(&self) -> Result<(), Error> {
        let mut after: Option<UserId> = None;
        loop {
            let claims = self.store.list_claims(after, PAGE.into()).await?;
            after = claims.last().map(|claim| claim.user_id);
            let is_last = claims.len() < usize::from(PAGE);
            self.hub.with(|board, now| {
                for claim in claims {
                    board.claim(claim, now);
                }
            });
            if is_last {
                return Ok(());
            }
        }
    }

    /// Connections: those the database has and the board has not are taken as active until their
    /// node says otherwise; those that only the board has are dropped, unless they are new.
    pub async fn reconcile(&self) -> Result<(), Error> {
        let begun_at = self.clock.now();
        let mut known: HashSet<ConnectionId> = HashSet::new();
        let mut after: Option<ConnectionId> = None;
        loop {
            let places = self.store.list_places(after, begun_at, PAGE.into()).await?;
            after = places.last().map(|place| place.connection_id);
            let is_last = places.len() < usize::from(PAGE);
            known.extend(places.iter().map(|place| place.connection_id));
            self.hub.with(|board, now| {
                for place in &places {
                    if board.find_connection(place.connection_id).is_none() {
                        board.hold(holding(place), now);
                    }
                }
            });
            if is_last {
                break;
            }
        }
        let dropped = self
            .hub
            .with(|board, now| board.keep_only(&known, begun_at - READ_LAG, now));
        if dropped > 0 {
            tracing::info!(
                count = dropped,
                "dropped connections that the database does not have"
            );
        }
        Ok(())
    }
}

const fn holding(place: &Place) -> Holding {
    let activity = if place.kept_until.is_some() {
        Activity::Moving
    } else {
        Activity::Active
    };
    Holding {
        epoch: place.epoch,
        revision: place.opened_at.as_micros(),
        activity,
        node_id: place.node_id,
        user_id: place.user_id,
        connection_id: place.connection_id,
    }
}
