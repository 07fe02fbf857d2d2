//! Streams and cursors.

use std::time::Duration;

use im_messaging::MessagingSettings;
use im_proto::messaging::attach_response::delivery::Content;

use crate::harness::{Node, World, reason, reason_of, settings, texts};

#[tokio::test]
async fn behaviour_8_4_a_cursor_gives_everything_after_it_once_and_then_goes_on_live() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let start = replica.list(&bob, "").await.unwrap().cursor;
    for n in 0..450 {
        replica
            .send(&ann, &id, &format!("k{n}"), &n.to_string())
            .await
            .unwrap();
    }
    let mut node = Node::attach(&replica).await;
    node.open("con_1", bob.user_id, &start, 1_000)
        .await
        .unwrap();
    let entries = node.entries(450).await;
    replica.send(&ann, &id, "live", "live").await.unwrap();
    let live = node.entries(1).await;
    let seqs: Vec<i64> = entries.iter().chain(&live).map(|entry| entry.seq).collect();
    let first = seqs[0];
    assert_eq!(seqs, (first..first + 451).collect::<Vec<_>>());
    let expected: Vec<String> = (0..450).map(|n: i32| n.to_string()).collect();
    assert_eq!(texts(&entries), expected);
    assert_eq!(texts(&live), ["live"]);

    let (mut synced, mut cursor) = (Vec::new(), start);
    loop {
        let page = replica.list(&bob, &cursor).await.unwrap();
        (synced, cursor) = ([synced, page.entries].concat(), page.cursor);
        if !page.has_more {
            break;
        }
    }
    assert_eq!(
        synced,
        [entries, live].concat(),
        "the same without a stream"
    );
}

#[tokio::test]
async fn behaviour_8_11_a_reader_gets_what_it_has_room_for_and_is_closed_if_it_takes_nothing() {
    let world = World::new().await;
    let settings = MessagingSettings {
        slow_reader_timeout_ms: 1_200,
        ..settings()
    };
    let replica = world
        .replica_with(&settings, world.database.database())
        .await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let mut node = Node::attach(&replica).await;
    node.open("con_1", bob.user_id, "", 2).await.unwrap();
    for n in 0..6 {
        replica
            .send(&ann, &id, &format!("k{n}"), &n.to_string())
            .await
            .unwrap();
    }
    assert_eq!(texts(&node.entries(2).await), ["0", "1"]);
    node.expect_silence(Duration::from_millis(200)).await;
    node.credit("con_1", 3).await;
    let three = node.entries(3).await;
    assert_eq!(texts(&three), ["2", "3", "4"]);
    let (connection, content) = node.next().await;
    let Content::Error(error) = content else {
        panic!("{content:?}")
    };
    assert_eq!(
        (connection.as_str(), reason_of(&error).as_str()),
        ("con_1", "SLOW_READER")
    );

    let page = replica.list(&bob, "").await.unwrap();
    let mut again = Node::attach(&replica).await;
    assert_eq!(
        again
            .open("con_2", bob.user_id, &page.cursor, 5)
            .await
            .unwrap(),
        page.cursor
    );
}

#[tokio::test]
async fn behaviour_8_5_cursors_of_others_are_invalid_and_those_before_a_restore_too_old() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let anns = replica.list(&ann, "").await.unwrap().cursor;
    for wrong in [anns.as_str(), "rubbish", "AAAA"] {
        assert_eq!(
            reason(&replica.list(&bob, wrong).await.unwrap_err()),
            "CURSOR_INVALID"
        );
    }
    let mut node = Node::attach(&replica).await;
    assert_eq!(
        node.open("con_1", bob.user_id, &anns, 1).await.unwrap_err(),
        "CURSOR_INVALID"
    );

    let old = replica.list(&bob, "").await.unwrap().cursor;
    replica.send(&ann, &id, "k", "x").await.unwrap();
    world.store().raise_epoch().await.unwrap();
    replica.service.core.refresh_epoch().await.unwrap();
    let refused = replica.list(&bob, &old).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (tonic::Code::FailedPrecondition, "CURSOR_TOO_OLD")
    );
    assert_eq!(
        node.open("con_2", bob.user_id, &old, 1).await.unwrap_err(),
        "CURSOR_TOO_OLD"
    );
    let fresh = replica.list(&bob, "").await.unwrap().cursor;
    assert!(node.open("con_3", bob.user_id, &fresh, 1).await.is_ok());
}

#[tokio::test]
async fn what_a_mailbox_no_longer_holds_is_too_old() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let start = replica.list(&bob, "").await.unwrap().cursor;
    let id = replica.direct(&ann, &bob).await;
    for n in 0..20 {
        replica
            .send(&ann, &id, &format!("k{n}"), "x")
            .await
            .unwrap();
    }
    let middle = replica.list(&bob, &start).await.unwrap();
    assert_eq!(middle.entries.len(), 21);
    let store = world.store();
    store.prune_mailbox(bob.user_id, 12).await.unwrap();
    let bobs = store.mailboxes(&[bob.user_id]).await.unwrap()[0].1;
    assert_eq!((bobs.first_seq, bobs.last_seq), (12, 21));
    assert_eq!(
        reason(&replica.list(&bob, &start).await.unwrap_err()),
        "CURSOR_TOO_OLD"
    );
    let rest = replica.list(&bob, &middle.cursor).await.unwrap();
    assert!(rest.entries.is_empty());
    let mut node = Node::attach(&replica).await;
    assert_eq!(
        node.open("con_1", bob.user_id, &start, 9)
            .await
            .unwrap_err(),
        "CURSOR_TOO_OLD"
    );
}

#[tokio::test]
async fn several_devices_read_one_mailbox_and_leave_it() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let mut node = Node::attach(&replica).await;
    node.open("con_1", bob.user_id, "", 9).await.unwrap();
    node.open("con_2", bob.user_id, "", 9).await.unwrap();
    replica.send(&ann, &id, "k1", "both").await.unwrap();
    let mut told = [node.next().await.0, node.next().await.0];
    told.sort();
    assert_eq!(told, ["con_1", "con_2"]);
    node.close("con_1").await;
    node.open("con_3", ann.user_id, "", 9).await.unwrap();
    replica.send(&ann, &id, "k2", "one").await.unwrap();
    let mut told = [node.next().await.0, node.next().await.0];
    told.sort();
    assert_eq!(told, ["con_2", "con_3"]);
    drop(node);
    let core = &replica.service.core;
    crate::harness::eventually(|| async { core.hub().user_ids().is_empty() }).await;
}

#[tokio::test]
async fn behaviour_10_streams_end_when_the_process_stops() {
    let world = World::new().await;
    let replica = world.replica().await;
    let bob = world.user("bob").await;
    let mut node = Node::attach(&replica).await;
    node.open("con_1", bob.user_id, "", 1).await.unwrap();
    replica.tasks.begin_shutdown();
    assert!(node.ends().await);
    assert!(
        replica.tasks.wait(Duration::from_secs(5)).await,
        "all tasks end"
    );
}
