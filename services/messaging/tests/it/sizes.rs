//! Pages and deliveries are limited in bytes too: clients of gRPC take 4 MiB unless told otherwise.

use im_proto::messaging::attach_response::delivery::Content;
use prost::Message as _;

use crate::harness::{Node, Replica, World};

const MESSAGES: i64 = 60;
const TEXT_BYTES: usize = 30_000;
/// A quarter of what clients take, and what one entry has besides its text.
const ANSWER_BYTES_MAX: usize = 1024 * 1024 + 64 * 1024;

#[tokio::test]
async fn many_long_messages_come_in_several_deliveries_and_pages() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let start = replica.list(&bob, "").await.unwrap().cursor;
    let text = "x".repeat(TEXT_BYTES);
    for n in 0..MESSAGES {
        let sent = replica.send(&ann, &id, &format!("k{n}"), &text).await;
        sent.unwrap();
    }

    let mut node = Node::attach(&replica).await;
    let room = i32::try_from(MESSAGES).unwrap();
    node.open("con_1", bob.user_id, &start, room).await.unwrap();
    let mut delivered = Vec::new();
    while delivered.len() < usize::try_from(MESSAGES).unwrap() {
        let Content::Batch(batch) = node.next().await.1 else {
            panic!("entries are expected");
        };
        assert!(batch.encoded_len() < ANSWER_BYTES_MAX);
        delivered.extend(batch.entries);
    }

    let (mut synced, mut cursor, mut has_more) = (Vec::new(), start, true);
    while has_more {
        let page = replica.list(&bob, &cursor).await.unwrap();
        assert!(page.encoded_len() < ANSWER_BYTES_MAX);
        synced.extend(page.entries);
        (cursor, has_more) = (page.cursor, page.has_more);
    }
    assert_eq!(synced, delivered);
    history_comes_in_pages(&replica, &ann, &id).await;
}

async fn history_comes_in_pages(replica: &Replica, ann: &crate::harness::Caller, id: &str) {
    let expected: Vec<i64> = (1..=MESSAGES).collect();
    let (mut backward, mut before) = (Vec::new(), 0);
    loop {
        let page = replica.history(ann, id, (before, 0, 200)).await.unwrap();
        assert!(page.encoded_len() < ANSWER_BYTES_MAX);
        let seqs: Vec<i64> = page.messages.iter().map(|message| message.seq).collect();
        before = seqs[0];
        backward = [seqs, backward].concat();
        if !page.has_more {
            break;
        }
    }
    assert_eq!(backward, expected);

    // From the second on; "after 0" is the newest page.
    let mut forward = vec![1];
    loop {
        let after = forward[forward.len() - 1];
        let page = replica.history(ann, id, (0, after, 200)).await.unwrap();
        assert!(page.encoded_len() < ANSWER_BYTES_MAX);
        forward.extend(page.messages.iter().map(|message| message.seq));
        if !page.has_more {
            break;
        }
    }
    assert_eq!(forward, expected);
}
