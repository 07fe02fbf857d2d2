//! What the store promises, held on every engine.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use im_policy::Limit;
use im_store::testing::{TestDatabase, databases, prepare};
use im_types::{Clock, ConnectionId, Ids, NodeId, SessionId, SiteId, Timestamp, UserId};

use super::{MIGRATIONS, SqlStore, sql};
use crate::domain::admission::{Applicant, Refused};
use crate::domain::claim::{Choice, Claim};
use crate::domain::contact::{Consent, Request};
use crate::domain::contact::{ContactError, Link, Marks, Pair, RosterLimits};
use crate::error::Error;
use crate::metrics::PresenceMetrics;
use crate::ports::{AdmissionBatch, Beat, Leavers, SiteCount, Store};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const LEASE: Duration = Duration::from_secs(15);
const KEPT: Duration = Duration::from_secs(45);
const FREE: RosterLimits = RosterLimits {
    mine: Limit::Unlimited,
    theirs: Limit::Unlimited,
};

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

fn asking(pair: Pair) -> Result<Pair, Error> {
    let note = "hello".to_owned();
    Ok(pair.request(
        &Request {
            note,
            consent: Consent::Needed,
            limits: FREE,
        },
        NOW,
    )?)
}

fn accepting(pair: Pair) -> Result<Pair, Error> {
    Ok(pair.accept(FREE)?)
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
async fn a_change_writes_both_sides_and_the_feed() {
    let (a, b): (UserId, UserId) = (ids().new_id(), ids().new_id());
    let b = UserId::from_uuid(uuid::Uuid::from_u128(b.as_uuid().as_u128() ^ 1));
    for (_database, store) in stores().await {
        let (pair, position) = store.change_pair(a, b, NOW, &asking).await.unwrap();
        assert_eq!((pair.mine.link, position), (Link::Requested, 2));
        let again = store.change_pair(a, b, NOW, &asking).await;
        assert!(matches!(again, Err(Error::Contact(ContactError::Exists))));
        let later = NOW + Duration::from_secs(1);
        let (pair, position) = store.change_pair(b, a, later, &accepting).await.unwrap();
        assert_eq!(
            (pair.mine.created_at, pair.mine.updated_at, position),
            (NOW, later, 4)
        );
        assert_eq!(
            (pair.my_count, pair.their_count),
            (0, 1),
            "counted before the change"
        );
        let same = store.change_pair(b, a, later, &accepting).await.unwrap();
        assert_eq!(same.1, 4, "what changes nothing is not told");

        let (changes, newest) = store.list_roster_changes(0, 10).await.unwrap();
        let told: Vec<_> = changes
            .iter()
            .map(|it| (it.position, it.entry.owner_id, it.entry.side.link))
            .collect();
        let expected = [
            (1, a, Link::Requested),
            (2, b, Link::Pending),
            (3, b, Link::Accepted),
            (4, a, Link::Accepted),
        ];
        assert_eq!((told.as_slice(), newest), (&expected[..], 4));
        assert_eq!(changes[1].entry.side.note, "hello");
        let (rest, _) = store.list_roster_changes(3, 10).await.unwrap();
        assert_eq!(rest.len(), 1);
        assert_eq!(store.prune_roster_changes(later).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_block_is_in_one_roster_and_pauses_are_in_none() {
    let ids = ids();
    let (a, b): (UserId, UserId) = (ids.new_id(), ids.new_id());
    for (_database, store) in stores().await {
        let block = |pair: Pair| Ok(pair.block(Some(NOW)));
        let (_, position) = store.change_pair(a, b, NOW, &block).await.unwrap();
        assert_eq!(position, 1, "only the blocker is told");
        assert_eq!(store.list_contacts(b, None, 10).await.unwrap(), []);
        let between = store.list_between(b, &[a]).await.unwrap();
        assert_eq!((between.len(), between[0].owner_id), (1, a));
        assert_eq!(between[0].side.frozen_seen_at, Some(NOW));
        // The blocked one asks: an ordinary request, of which the blocker hears nothing.
        let (pair, position) = store.change_pair(b, a, NOW, &asking).await.unwrap();
        assert_eq!((pair.mine.link, position), (Link::Requested, 2));
        store
            .change_pair(a, b, NOW, &|pair: Pair| Ok(pair.unblock()))
            .await
            .unwrap();
        let decline = |pair: Pair| Ok(pair.decline(NOW, KEPT)?);
        store.change_pair(a, b, NOW, &decline).await.unwrap();
        for user_id in [a, b] {
            assert_eq!(store.list_contacts(user_id, None, 10).await.unwrap(), []);
        }
        let paused = store.change_pair(b, a, NOW, &asking).await;
        assert!(matches!(
            paused,
            Err(Error::Contact(ContactError::Paused { .. }))
        ));
    }
}

#[tokio::test]
async fn rosters_are_paged_by_peer() {
    let ids = ids();
    let me: UserId = ids.new_id();
    let mut peers: Vec<UserId> = (0..7).map(|_| ids.new_id()).collect();
    peers.sort_unstable();
    for (_database, store) in stores().await {
        for peer in &peers {
            let marks = Marks {
                alias: Some("x".to_owned()),
                ..Marks::default()
            };
            let mark = move |pair: Pair| Ok(pair.mark(&marks, None));
            store.change_pair(me, *peer, NOW, &mark).await.unwrap();
        }
        let first = store.list_contacts(me, None, 4).await.unwrap();
        let rest = store
            .list_contacts(me, Some(first[3].peer_id), 4)
            .await
            .unwrap();
        let found: Vec<UserId> = first.iter().chain(&rest).map(|it| it.peer_id).collect();
        assert_eq!(found, peers);
    }
}

#[tokio::test]
async fn positions_are_contiguous_under_concurrency() {
    for (_database, store) in stores().await {
        let ids = ids();
        let mut work = tokio::task::JoinSet::new();
        let users: Arc<Vec<UserId>> = Arc::new((0..12).map(|_| ids.new_id()).collect());
        for (at, a) in users.iter().copied().enumerate() {
            let (store, users) = (store.clone(), Arc::clone(&users));
            work.spawn(async move {
                for b in &users[..at] {
                    store.change_pair(a, *b, NOW, &asking).await.unwrap();
                }
            });
        }
        while let Some(done) = work.join_next().await {
            done.unwrap();
        }
        let (changes, newest) = store.list_roster_changes(0, 1_000).await.unwrap();
        let positions: Vec<i64> = changes.iter().map(|it| it.position).collect();
        assert_eq!(positions, (1..=132).collect::<Vec<_>>());
        assert_eq!(newest, 132);
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

fn beat(node_id: NodeId, epoch: i64, now: Timestamp, is_draining: bool) -> Beat {
    Beat {
        node_id,
        epoch,
        now,
        expires_at: now + LEASE,
        is_draining,
        moving_kept: KEPT,
    }
}

#[tokio::test]
async fn leases_end_and_epochs_grow() {
    let ids = ids();
    let (a, b): (NodeId, NodeId) = (ids.new_id(), ids.new_id());
    for (_database, store) in stores().await {
        let first = store.open_node(a, NOW, NOW + LEASE).await.unwrap();
        let second = store.open_node(b, NOW, NOW + LEASE).await.unwrap();
        let third = store.open_node(a, NOW, NOW + LEASE).await.unwrap();
        assert!(first < second && second < third);
        assert!(!store.beat_node(beat(a, first, NOW, false)).await.unwrap());
        assert!(store.beat_node(beat(a, third, NOW, false)).await.unwrap());
        let late = NOW + LEASE;
        assert!(
            !store.beat_node(beat(b, second, late, false)).await.unwrap(),
            "it is over"
        );
        let soon = late - Duration::from_secs(1);
        assert!(store.beat_node(beat(a, third, soon, true)).await.unwrap());
        assert_eq!(store.end_leases(late).await.unwrap(), 1);
        assert_eq!(store.end_leases(late).await.unwrap(), 0);
        let nodes = store.list_nodes().await.unwrap();
        let open: HashSet<_> = nodes
            .iter()
            .filter(|it| it.is_open)
            .map(|it| it.node_id)
            .collect();
        assert_eq!(open, HashSet::from([a]));
        let draining = nodes.iter().find(|it| it.node_id == a).unwrap();
        assert_eq!(
            (draining.draining_at, draining.expires_at),
            (Some(soon), soon + KEPT)
        );
    }
}

fn applicant(ids: &Ids, node: (NodeId, i64), user_id: UserId, max: Limit) -> Applicant {
    Applicant {
        connection_id: ids.new_id::<ConnectionId>(),
        node_id: node.0,
        epoch: node.1,
        user_id,
        session_id: ids.new_id::<SessionId>(),
        site_id: SiteId::default(),
        connected_users_max: max,
        connections_per_user_max: Limit::AtMost(2),
    }
}

fn entering(applicants: Vec<Applicant>) -> AdmissionBatch {
    AdmissionBatch {
        applicants,
        leavers: Vec::new(),
    }
}

#[tokio::test]
async fn places_are_given_counted_and_given_up() {
    let ids = ids();
    let one = Limit::AtMost(1);
    for (_database, store) in stores().await {
        let node_id: NodeId = ids.new_id();
        let node = (
            node_id,
            store.open_node(node_id, NOW, NOW + LEASE).await.unwrap(),
        );
        let (a, b): (UserId, UserId) = (ids.new_id(), ids.new_id());
        let (in_a, in_b) = (applicant(&ids, node, a, one), applicant(&ids, node, b, one));
        let batch = entering(vec![in_a.clone(), in_b.clone()]);
        let outcome = store.admit(&batch, NOW, NOW + KEPT).await.unwrap();
        let full = Err(Refused::SiteFull {
            connected_users_max: 1,
        });
        assert_eq!(outcome.results, [Ok(()), full]);
        // The second connection of the same user takes no place; the third is one too many.
        let more: Vec<_> = (0..2).map(|_| applicant(&ids, node, a, one)).collect();
        let outcome = store.admit(&entering(more), NOW, NOW + KEPT).await.unwrap();
        let many = Err(Refused::TooManyConnections {
            connections_per_user_max: 2,
        });
        assert_eq!(outcome.results, [Ok(()), many]);
        let places = store.list_places(None, NOW, 10).await.unwrap();
        assert_eq!(places.len(), 2);
        let counted = SiteCount {
            site_id: SiteId::default(),
            connection_count: 2,
            user_count: 1,
        };
        assert_eq!(store.count_places(NOW).await.unwrap(), [counted]);
        assert_eq!(store.count_places(NOW + LEASE).await.unwrap(), []);
        let connection_ids = places.iter().map(|place| place.connection_id).collect();
        let leavers = Leavers {
            node_id,
            epoch: node.1,
            connection_ids,
        };
        let batch = AdmissionBatch {
            applicants: vec![in_b.clone()],
            leavers: vec![leavers],
        };
        let outcome = store.admit(&batch, NOW, NOW + KEPT).await.unwrap();
        assert_eq!(
            (outcome.results, outcome.departures[0].left.len()),
            (vec![Ok(())], 2)
        );
        // After the end of the lease the place is free, for whoever is on another node.
        let other: NodeId = ids.new_id();
        let late = NOW + LEASE;
        let other = (
            other,
            store.open_node(other, NOW, late + LEASE).await.unwrap(),
        );
        let outcome = store
            .admit(&entering(vec![in_b]), late, late + KEPT)
            .await
            .unwrap();
        assert_eq!(outcome.results, [Err(Refused::LeaseEnded)]);
        let in_a = applicant(&ids, other, a, one);
        let outcome = store
            .admit(&entering(vec![in_a]), late, late + KEPT)
            .await
            .unwrap();
        assert_eq!(outcome.results, [Ok(())]);
    }
}

#[tokio::test]
async fn places_of_a_draining_node_are_kept_for_a_while() {
    let ids = ids();
    let one = Limit::AtMost(1);
    for (_database, store) in stores().await {
        let node_id: NodeId = ids.new_id();
        let node = (
            node_id,
            store.open_node(node_id, NOW, NOW + LEASE).await.unwrap(),
        );
        let (a, b): (UserId, UserId) = (ids.new_id(), ids.new_id());
        let in_a = applicant(&ids, node, a, one);
        store
            .admit(&entering(vec![in_a.clone()]), NOW, NOW + KEPT)
            .await
            .unwrap();
        assert!(
            store
                .beat_node(beat(node_id, node.1, NOW, true))
                .await
                .unwrap()
        );
        let connection_ids = vec![in_a.connection_id];
        let leavers = vec![Leavers {
            node_id,
            epoch: node.1,
            connection_ids,
        }];
        let leave = AdmissionBatch {
            leavers,
            ..AdmissionBatch::default()
        };
        let outcome = store.admit(&leave, NOW, NOW + KEPT).await.unwrap();
        assert!(outcome.departures[0].is_moving);
        let other: NodeId = ids.new_id();
        let other = (
            other,
            store
                .open_node(other, NOW, NOW + KEPT + LEASE)
                .await
                .unwrap(),
        );
        let try_enter = |user_id, now| {
            let batch = entering(vec![applicant(&ids, other, user_id, one)]);
            let store = store.clone();
            async move { store.admit(&batch, now, now + KEPT).await.unwrap().results[0] }
        };
        assert!(try_enter(b, NOW).await.is_err(), "the place is kept");
        assert_eq!(try_enter(a, NOW).await, Ok(()), "for whom it was kept");
        assert!(
            try_enter(b, NOW + KEPT).await.is_err(),
            "who is there on the other node now"
        );
        store.end_leases(NOW + KEPT).await.unwrap();
        assert_eq!(
            store.list_places(None, NOW + KEPT, 10).await.unwrap().len(),
            1
        );
    }
}
