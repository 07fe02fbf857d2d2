//! What the store promises, held on every engine.

mod places;
mod rosters;

use std::time::Duration;

use im_store::testing::{TestDatabase, databases, prepare};
use im_types::{Clock, Ids, Timestamp, UserId};

use super::{MIGRATIONS, SqlStore, sql};
use crate::domain::claim::{Choice, Claim};
use crate::metrics::PresenceMetrics;
use crate::ports::Store as _;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const LEASE: Duration = Duration::from_secs(15);
const KEPT: Duration = Duration::from_secs(45);

fn ids() -> Ids {
    Ids::seeded(Clock::mock(NOW), 1)
}

async fn stores() -> Vec<(TestDatabase, SqlStore)> {
    let mut stores = Vec::new();
    for database in databases().await {
        let database = database.migrated(&MIGRATIONS).await;
        let store = SqlStore::new(database.database(), PresenceMetrics::new());
        stores.push((database, store));
    }
    stores
}

#[tokio::test]
async fn every_statement_is_understood() {
    for (database, _) in stores().await {
        for (file, statement) in sql::ALL {
            let prepared = prepare(&database, statement).await;
            assert!(
                prepared.is_ok(),
                "{file} on {:?}: {prepared:?}",
                database.engine()
            );
        }
    }
}

#[tokio::test]
async fn the_newest_claim_stays_and_last_seen_only_grows() {
    let ids = ids();
    let user_id: UserId = ids.new_id();
    let claim = |revision, choice, reason: &str| Claim {
        user_id,
        revision,
        choice,
        reason: reason.into(),
        expires_at: Some(NOW),
        is_last_seen_hidden: true,
    };
    for (_database, store) in stores().await {
        let newest = claim(7, Some(Choice::DoNotDisturb), "lunch");
        for saved in [
            claim(3, None, ""),
            newest.clone(),
            claim(5, Some(Choice::Busy), "x"),
        ] {
            store.save_claims(&[saved]).await.unwrap();
        }
        assert_eq!(store.list_claims(None, 10).await.unwrap(), [newest]);
        assert_eq!(store.list_claims(Some(user_id), 10).await.unwrap(), []);
        for at in [NOW, NOW - LEASE] {
            store.save_sightings(&[(user_id, at)]).await.unwrap();
        }
        let seen = store.list_sightings(&[user_id]).await.unwrap();
        assert_eq!(seen[0].last_seen_at, Some(NOW));
    }
}
