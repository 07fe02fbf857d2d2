//! Leases of nodes, and places.

use std::collections::HashSet;
use std::time::Duration;

use im_policy::Limit;
use im_types::{ConnectionId, Ids, NodeId, SessionId, SiteId, Timestamp, UserId};

use super::{KEPT, LEASE, NOW, ids, stores};
use crate::domain::admission::{Applicant, Refused};
use crate::ports::{AdmissionBatch, Beat, Leavers, SiteCount, Store as _};

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
