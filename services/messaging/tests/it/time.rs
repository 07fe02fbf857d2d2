//! What age does.

use std::time::Duration;

use im_messaging::MessagingSettings;
use im_policy::Key;
use im_proto::messaging as proto;
use im_proto::messaging::message::Removal;
use im_store::testing::sqlite_temp;
use im_types::{Clock, SessionId, SiteId, Timestamp};

use crate::harness::{Caller, World, eventually, settings};

const DAY: Duration = Duration::from_hours(24);

fn later(world: &World, callers: &mut [&mut Caller], days: u32) {
    world.clock.advance(DAY * days);
    for caller in callers {
        let session_id: SessionId = world.ids.new_id();
        caller.context = world
            .auth
            .context(caller.user_id, session_id, &SiteId::default());
    }
}

#[tokio::test]
async fn behaviour_8_8_unread_messages_expire_and_the_sender_sees_that() {
    let clock = Clock::mock(Timestamp::from_millis(1_700_000_000_000));
    let world = World::at(sqlite_temp().await, clock).await;
    let hurried = MessagingSettings {
        upkeep_interval_s: 1,
        ..settings()
    };
    let replica = world
        .replica_with(&hurried, world.database.database())
        .await;
    let (mut ann, mut bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    replica.send(&ann, &id, "k1", "read").await.unwrap();
    replica.send(&ann, &id, "k2", "never read").await.unwrap();
    replica.mark_read(&bob, &id, 1).await.unwrap();
    let start = replica.list(&ann, "").await.unwrap().cursor;
    later(&world, &mut [&mut ann, &mut bob], 91);
    eventually(|| async { !replica.list(&ann, &start).await.unwrap().entries.is_empty() }).await;
    let entries = replica.list(&ann, &start).await.unwrap().entries;
    let Some(proto::entry::Payload::Message(gone)) = &entries[0].payload else {
        panic!()
    };
    assert_eq!(
        (entries.len(), entries[0].kind()),
        (1, proto::entry::Kind::Delete)
    );
    assert_eq!(
        (gone.seq, gone.removal(), gone.text.as_str()),
        (2, Removal::ExpiredUnread, "")
    );
    let page = replica
        .history(&bob, &id, (0, 0, 0))
        .await
        .unwrap()
        .messages;
    assert_eq!((page[0].text.as_str(), page[1].text.as_str()), ("read", ""));
    assert_eq!(replica.conversation(&bob, &id).await.unread_count, 0);
}

#[tokio::test]
async fn retention_takes_texts_and_later_rows_but_no_number() {
    let clock = Clock::mock(Timestamp::from_millis(1_700_000_000_000));
    let world = World::at(sqlite_temp().await, clock).await;
    world.set_policy(Key::MessageRetentionDays, "7").await;
    let hurried = MessagingSettings {
        upkeep_interval_s: 1,
        ..settings()
    };
    let replica = world
        .replica_with(&hurried, world.database.database())
        .await;
    let (mut ann, mut bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let start = replica.list(&bob, "").await.unwrap().cursor;
    replica.send(&ann, &id, "k1", "old").await.unwrap();
    replica.mark_read(&bob, &id, 1).await.unwrap();
    later(&world, &mut [&mut ann, &mut bob], 8);
    replica.send(&ann, &id, "k2", "young").await.unwrap();
    let texts = || async {
        let page = replica
            .history(&bob, &id, (0, 0, 0))
            .await
            .unwrap()
            .messages;
        page.into_iter()
            .map(|message| (message.seq, message.text))
            .collect::<Vec<_>>()
    };
    let young = (2, "young".to_owned());
    eventually(|| async { texts().await == [(1, String::new()), young.clone()] }).await;
    let again = replica.send(&ann, &id, "k1", "old").await.unwrap();
    assert!(
        again.duplicate,
        "keys are kept 30 days, whatever became of the text"
    );

    later(&world, &mut [&mut ann, &mut bob], 25);
    let page = replica.history(&bob, &id, (0, 0, 0));
    assert_eq!(page.await.unwrap().first_available_seq, 1);
    eventually(|| async {
        let page = replica.history(&bob, &id, (0, 0, 0)).await.unwrap();
        page.first_available_seq == 2 && page.messages[0].seq == 2
    })
    .await;
    let sent = replica.send(&ann, &id, "k3", "newest").await.unwrap();
    assert_eq!(sent.message.unwrap().seq, 3);
    let entries = replica.list(&bob, &start).await.unwrap().entries;
    let Some(proto::entry::Payload::Message(first)) = &entries[0].payload else {
        panic!()
    };
    assert_eq!(
        (first.seq, first.removal()),
        (1, Removal::Retention),
        "the mailbox has no gap"
    );
}
