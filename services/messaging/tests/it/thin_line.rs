//! From the first message to its delivery.

use std::time::Duration;

use im_proto::messaging as proto;
use im_proto::messaging::attach_request::{Action, Open};
use im_proto::messaging::attach_response::delivery::Content;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::harness::{World, reason};

#[expect(clippy::too_many_lines, reason = "one story")]
#[tokio::test]
async fn a_message_is_kept_listed_synced_and_delivered() {
    let world = World::new().await;
    let replica = world.replica().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);

    let conversation = replica.direct(&ann, &bob).await;
    assert_eq!(
        replica.direct(&bob, &ann).await,
        conversation,
        "one for the pair"
    );

    let (requests, taken) = mpsc::channel(8);
    let open = Open {
        connection_id: "con_1".to_owned(),
        user_id: bob.user_id.to_string(),
        cursor: String::new(),
        credit: 10,
    };
    let open = proto::AttachRequest {
        action: Some(Action::Open(open)),
    };
    requests.send(open).await.unwrap();
    let mut deliveries = replica
        .internal()
        .attach(ReceiverStream::new(taken))
        .await
        .unwrap()
        .into_inner();
    let first = deliveries
        .message()
        .await
        .unwrap()
        .unwrap()
        .deliveries
        .remove(0);
    let Some(Content::OpenedCursor(opened)) = first.content else {
        panic!("{first:?}")
    };

    let sent = replica
        .send(&ann, &conversation, "k1", "hello")
        .await
        .unwrap();
    let message = sent.message.unwrap();
    assert_eq!(
        (message.seq, message.text.as_str(), sent.duplicate),
        (1, "hello", false)
    );
    assert_eq!(message.client_key, "k1");

    let again = replica
        .send(&ann, &conversation, "k1", "hello")
        .await
        .unwrap();
    assert!(again.duplicate);
    assert_eq!(again.message.unwrap(), message);
    let reused = replica
        .send(&ann, &conversation, "k1", "other")
        .await
        .unwrap_err();
    assert_eq!(reason(&reused), "CLIENT_KEY_REUSED");

    let delivered = tokio::time::timeout(Duration::from_secs(2), deliveries.message());
    let delivered = delivered
        .await
        .unwrap()
        .unwrap()
        .unwrap()
        .deliveries
        .remove(0);
    let Some(Content::Batch(batch)) = delivered.content else {
        panic!("{delivered:?}")
    };
    assert_eq!(batch.entries.len(), 1);
    let Some(proto::entry::Payload::Message(news)) = &batch.entries[0].payload else {
        panic!()
    };
    assert_eq!(
        (news.text.as_str(), news.client_key.as_str()),
        ("hello", "")
    );

    let synced = replica.list(&bob, &opened).await.unwrap();
    assert_eq!(synced.entries, batch.entries);
    assert_eq!(synced.cursor, batch.cursor);

    let list = proto::ListConversationsRequest::default();
    let list = replica
        .conversations()
        .list_conversations(bob.ask(list))
        .await
        .unwrap();
    let list = list.into_inner().conversations;
    assert_eq!(
        (list[0].unread_count, list[0].last_seq, list[0].read_seq),
        (1, 1, 0)
    );
    assert_eq!(list[0].last_message.as_ref().unwrap().text, "hello");
}
