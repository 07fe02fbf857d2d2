//! Read and delivered pointers, unread counts, history.

use im_policy::Key;
use im_proto::messaging as proto;
use im_proto::messaging::entry::Payload;

use crate::harness::{Caller, Replica, World, eventually, reason};

async fn receipts(replica: &Replica, caller: &Caller, cursor: &str) -> Vec<proto::Receipt> {
    let entries = replica.list(caller, cursor).await.unwrap().entries;
    let receipt = |entry: proto::Entry| match entry.payload {
        Some(Payload::Receipt(receipt)) => Some(receipt),
        _ => None,
    };
    entries.into_iter().filter_map(receipt).collect()
}

#[tokio::test]
async fn behaviour_8_9_pointers_move_forward_and_all_devices_agree() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    for n in 0..5 {
        replica
            .send(&ann, &id, &format!("k{n}"), "x")
            .await
            .unwrap();
    }
    replica.send(&bob, &id, "own", "own").await.unwrap();
    let (anns, bobs) = (
        replica.list(&ann, "").await.unwrap().cursor,
        replica.list(&bob, "").await.unwrap().cursor,
    );
    assert_eq!(
        replica.conversation(&bob, &id).await.unread_count,
        5,
        "own ones do not count"
    );
    assert_eq!(
        replica.mark_read(&bob, &id, 3).await.unwrap().unread_count,
        2
    );
    let back = replica.mark_read(&bob, &id, 1).await.unwrap();
    assert_eq!((back.read_seq, back.unread_count), (3, 2));
    for wrong in [7, -1] {
        let refused = replica.mark_read(&bob, &id, wrong).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (tonic::Code::InvalidArgument, "SEQ_OUT_OF_RANGE")
        );
    }
    for (caller, cursor) in [(&ann, &anns), (&bob, &bobs)] {
        let told = receipts(&replica, caller, cursor).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((told[0].read_seq, told[0].delivered_seq), (3, 3));
        assert_eq!(told[0].user_id, bob.user_id.to_string());
    }
}

#[tokio::test]
async fn read_receipts_are_told_only_where_policy_allows() {
    let world = World::new().await;
    world.set_policy(Key::ReadReceiptsEnabled, "false").await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    replica.send(&ann, &id, "k", "x").await.unwrap();
    let anns = replica.list(&ann, "").await.unwrap().cursor;
    assert_eq!(replica.mark_read(&bob, &id, 1).await.unwrap().read_seq, 1);
    let told = receipts(&replica, &ann, &anns).await;
    assert_eq!(
        told.iter()
            .map(|r| (r.read_seq, r.delivered_seq))
            .collect::<Vec<_>>(),
        [(0, 1)]
    );
    let members = proto::ListMembersRequest {
        conversation_id: id.clone(),
        ..Default::default()
    };
    let members = replica
        .conversations()
        .list_members(ann.ask(members))
        .await
        .unwrap();
    let bobs = bob.user_id.to_string();
    let bobs = members
        .into_inner()
        .members
        .into_iter()
        .find(|m| m.user_id == bobs)
        .unwrap();
    assert_eq!((bobs.read_seq, bobs.delivered_seq), (0, 1));
}

#[tokio::test]
async fn what_devices_acknowledge_becomes_delivered() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let anns = replica.list(&ann, "").await.unwrap().cursor;
    let bobs = replica.list(&bob, "").await.unwrap().cursor;
    for n in 0..3 {
        replica
            .send(&ann, &id, &format!("k{n}"), "x")
            .await
            .unwrap();
    }
    let page = replica.list(&bob, &bobs).await.unwrap();
    let acknowledgement =
        |user_id: String, cursor: &str| proto::batch_acknowledge_request::Acknowledgement {
            user_id,
            cursor: cursor.to_owned(),
        };
    let acknowledgements = vec![
        acknowledgement(bob.user_id.to_string(), &page.cursor),
        acknowledgement(bob.user_id.to_string(), "rubbish"),
        acknowledgement(ann.user_id.to_string(), &page.cursor),
    ];
    let request = proto::BatchAcknowledgeRequest { acknowledgements };
    replica.internal().batch_acknowledge(request).await.unwrap();
    eventually(|| async { !receipts(&replica, &ann, &anns).await.is_empty() }).await;
    let told = receipts(&replica, &ann, &anns).await;
    assert_eq!(
        told.iter()
            .map(|r| (r.read_seq, r.delivered_seq))
            .collect::<Vec<_>>(),
        [(0, 3)]
    );
}

#[tokio::test]
async fn history_is_paged_by_number_in_both_directions() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    for n in 1..=10 {
        replica
            .send(&ann, &id, &format!("k{n}"), &n.to_string())
            .await
            .unwrap();
    }
    let page = |range| {
        let (replica, bob, id) = (&replica, &bob, &id);
        async move {
            let page = replica.history(bob, id, range).await.unwrap();
            let seqs: Vec<i64> = page.messages.iter().map(|message| message.seq).collect();
            (seqs, page.has_more)
        }
    };
    assert_eq!(page((0, 0, 3)).await, (vec![8, 9, 10], true));
    assert_eq!(page((8, 0, 3)).await, (vec![5, 6, 7], true));
    assert_eq!(page((3, 0, 3)).await, (vec![1, 2], false));
    assert_eq!(page((0, 4, 3)).await, (vec![5, 6, 7], true));
    assert_eq!(page((0, 8, 3)).await, (vec![9, 10], false));
    assert_eq!(page((0, 10, 3)).await, (vec![], false));
    for wrong in [(1, 1, 0), (-1, 0, 0), (0, -1, 0), (0, 0, -1)] {
        let refused = replica.history(&bob, &id, wrong).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_FIELD");
    }
}

#[tokio::test]
async fn conversations_come_by_newest_activity_in_pages() {
    let world = World::new().await;
    let replica = world.replica().await;
    let ann = world.user("ann").await;
    let mut ids = Vec::new();
    for n in 0..7 {
        let other = world.user(&format!("u{n}")).await;
        ids.push(replica.direct(&ann, &other).await);
    }
    replica.send(&ann, &ids[2], "k", "newest").await.unwrap();
    let newest = ids.remove(2);
    ids.push(newest);
    ids.reverse();
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let request = proto::ListConversationsRequest {
            page_size: 3,
            page_token: token,
        };
        let page = replica
            .conversations()
            .list_conversations(ann.ask(request))
            .await
            .unwrap();
        let page = page.into_inner();
        found.extend(
            page.conversations
                .into_iter()
                .map(|conversation| conversation.id),
        );
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(found, ids);
}
