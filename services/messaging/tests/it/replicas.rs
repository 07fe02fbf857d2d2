//! Several processes on one database.

use std::sync::Arc;
use std::time::Duration;

use im_bus::EventBus;
use im_proto::messaging::entry::Payload;
use im_proto::presence::Contact;
use im_store::testing::{POSTGRES_URL_VARIABLE, TestDatabase, postgres, sqlite_temp};

use crate::harness::{Node, Replica, World, eventually, settings, texts};

#[expect(
    clippy::disallowed_methods,
    reason = "the test's own environment says where the server is"
)]
async fn databases() -> Vec<TestDatabase> {
    let mut databases = vec![sqlite_temp().await];
    if let Ok(url) = std::env::var(POSTGRES_URL_VARIABLE) {
        databases.push(postgres(&url).await);
    }
    databases
}

#[tokio::test]
async fn behaviour_8_6_a_lost_bell_costs_time_and_nothing_else() {
    for database in databases().await {
        let world = World::on(database).await;
        let here = world.replica().await;
        let deaf = EventBus::in_process();
        let there = world.replica_on(&settings(), 1, world.store(), &deaf).await;
        let (ann, bob) = (world.user("ann").await, world.user("bob").await);
        let id = here.direct(&ann, &bob).await;
        let mut node = Node::attach(&there).await;
        node.open("con_1", bob.user_id, "", 100).await.unwrap();
        let mut expected = Vec::new();
        for n in 0..10 {
            here.send(&ann, &id, &format!("k{n}"), &n.to_string())
                .await
                .unwrap();
            expected.push(n.to_string());
        }
        assert_eq!(texts(&node.entries(10).await), expected, "found by looking");
        there.send(&bob, &id, "k", "from there").await.unwrap();
        assert_eq!(texts(&node.entries(1).await), ["from there"]);
    }
}

#[tokio::test]
async fn behaviour_8_2_and_8_3_one_order_and_one_message_for_a_key_over_all_replicas() {
    for database in databases().await {
        let world = World::on(database).await;
        let replicas = Arc::new([world.replica().await, world.replica().await]);
        let (ann, bob) = (world.user("ann").await, world.user("bob").await);
        let people = Arc::new([ann, bob]);
        let id = Arc::new(replicas[0].direct(&people[0], &people[1]).await);
        let mut node = Node::attach(&replicas[1]).await;
        node.open("con_1", people[1].user_id, "", 1_000)
            .await
            .unwrap();
        let mut senders = tokio::task::JoinSet::new();
        for n in 0..120_usize {
            let (replicas, people, id) =
                (Arc::clone(&replicas), Arc::clone(&people), Arc::clone(&id));
            senders.spawn(async move {
                // Each key twice, on either replica.
                let key = format!("k{}", n / 2);
                let sent = replicas[n % 2]
                    .send(&people[(n / 2) % 2], &id, &key, "x")
                    .await;
                let sent = sent.unwrap();
                (sent.message.unwrap().seq, sent.duplicate)
            });
        }
        let mut seqs = Vec::new();
        let mut duplicates = 0;
        while let Some(done) = senders.join_next().await {
            let (seq, is_duplicate) = done.unwrap();
            seqs.push(seq);
            duplicates += usize::from(is_duplicate);
        }
        seqs.sort_unstable();
        let expected: Vec<i64> = (1..=60).flat_map(|seq| [seq, seq]).collect();
        assert_eq!((seqs, duplicates), (expected, 60));
        let entries = node.entries(60).await;
        let order: Vec<i64> = entries
            .iter()
            .map(|entry| match &entry.payload {
                Some(Payload::Message(message)) => message.seq,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(order, (1..=60).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn two_people_make_one_conversation_even_at_once() {
    for database in databases().await {
        let world = World::on(database).await;
        let replicas = [world.replica().await, world.replica().await];
        let (ann, bob) = (world.user("ann").await, world.user("bob").await);
        for _ in 0..5 {
            let (one, other) = tokio::join!(
                replicas[0].direct(&ann, &bob),
                replicas[1].direct(&bob, &ann)
            );
            assert_eq!(one, other);
        }
        let other = world.user("eve").await;
        let (one, two) = tokio::join!(
            replicas[0].direct(&ann, &other),
            replicas[1].direct(&other, &ann)
        );
        assert_eq!(one, two);
    }
}

#[tokio::test]
async fn rosters_reach_mailboxes_once_however_many_replicas_feed() {
    let world = World::new().await;
    let replicas = [world.replica().await, world.replica().await];
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let start = replicas[0].list(&ann, "").await.unwrap().cursor;
    for n in 0..30 {
        let contact = Contact {
            user_id: bob.user_id.to_string(),
            alias: n.to_string(),
            ..Default::default()
        };
        world.presence.change_roster(ann.user_id, &contact);
        if n % 10 == 0 {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
    let aliases = |replica: &Replica| {
        let list = replica.mailboxes();
        let request = ann.ask(im_proto::messaging::ListEntriesRequest {
            cursor: start.clone(),
            page_size: 0,
        });
        async move {
            let mut list = list;
            let entries = list
                .list_entries(request)
                .await
                .unwrap()
                .into_inner()
                .entries;
            let alias = |entry: im_proto::messaging::Entry| match entry.payload {
                Some(Payload::Contact(contact)) => contact.alias,
                other => panic!("{other:?}"),
            };
            entries.into_iter().map(alias).collect::<Vec<_>>()
        }
    };
    eventually(|| async { aliases(&replicas[1]).await.len() >= 30 }).await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    let expected: Vec<String> = (0..30).map(|n: i32| n.to_string()).collect();
    assert_eq!(aliases(&replicas[0]).await, expected);
}
