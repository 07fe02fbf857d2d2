//! Rosters and their feed.

use std::sync::Arc;
use std::time::Duration;

use im_policy::Limit;
use im_types::UserId;

use super::{KEPT, NOW, ids, stores};
use crate::domain::contact::{Consent, ContactError, Link, Marks, Pair, Request, RosterLimits};
use crate::error::Error;
use crate::ports::Store as _;

const FREE: RosterLimits = RosterLimits {
    mine: Limit::Unlimited,
    theirs: Limit::Unlimited,
};

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
