//! What age does.

use std::time::Duration;

use im_messaging::MessagingSettings;
use im_policy::{Key, Scope};
use im_proto::messaging as proto;
use im_proto::messaging::message::Removal;
use im_store::testing::databases;
use im_types::{Clock, SessionId, SiteId, Timestamp};

use crate::harness::{Caller, Replica, World, eventually, settings};

const DAY: Duration = Duration::from_hours(24);

/// A world with a clock of its own on every engine, and a replica that looks at age each second.
async fn worlds() -> Vec<(World, Replica)> {
    let mut worlds = Vec::new();
    for database in databases().await {
        let clock = Clock::mock(Timestamp::from_millis(1_700_000_000_000));
        let world = World::at(database, clock).await;
        let hurried = MessagingSettings {
            upkeep_interval_s: 1,
            ..settings()
        };
        let database = world.database.database();
        let replica = world.replica_with(&hurried, database).await;
        worlds.push((world, replica));
    }
    worlds
}

fn sign_in(world: &World, caller: &mut Caller, site_id: &SiteId) {
    let session_id: SessionId = world.ids.new_id();
    caller.context = world.auth.context(caller.user_id, session_id, site_id);
}

fn later(world: &World, callers: &mut [&mut Caller], days: u32) {
    world.clock.advance(DAY * days);
    for caller in callers {
        sign_in(world, caller, &SiteId::default());
    }
}

/// Texts of a conversation by number, and why they are gone.
async fn told(replica: &Replica, reader: &Caller, id: &str) -> Vec<(i64, String, Removal)> {
    let page = replica.history(reader, id, (0, 0, 0)).await.unwrap();
    let messages = page.messages.into_iter();
    messages
        .map(|message| (message.seq, message.text.clone(), message.removal()))
        .collect()
}

fn there(seq: i64, text: &str) -> (i64, String, Removal) {
    (seq, text.to_owned(), Removal::Unspecified)
}

fn gone(seq: i64, why: Removal) -> (i64, String, Removal) {
    (seq, String::new(), why)
}

#[tokio::test]
async fn behaviour_8_8_unread_messages_expire_and_the_sender_sees_that() {
    for (world, replica) in worlds().await {
        unread_messages_expire(&world, &replica).await;
    }
}

async fn unread_messages_expire(world: &World, replica: &Replica) {
    let (mut ann, mut bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    replica.send(&ann, &id, "k1", "read").await.unwrap();
    replica.send(&ann, &id, "k2", "never read").await.unwrap();
    replica.mark_read(&bob, &id, 1).await.unwrap();
    let start = replica.list(&ann, "").await.unwrap().cursor;
    later(world, &mut [&mut ann, &mut bob], 91);
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
    for (world, replica) in worlds().await {
        retention_takes_texts(&world, &replica).await;
    }
}

async fn retention_takes_texts(world: &World, replica: &Replica) {
    world.set_policy(Key::MessageRetentionDays, "7").await;
    let (mut ann, mut bob) = (world.user("ann").await, world.user("bob").await);
    let id = replica.direct(&ann, &bob).await;
    let start = replica.list(&bob, "").await.unwrap().cursor;
    replica.send(&ann, &id, "k1", "old").await.unwrap();
    replica.mark_read(&bob, &id, 1).await.unwrap();
    later(world, &mut [&mut ann, &mut bob], 8);
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

    later(world, &mut [&mut ann, &mut bob], 25);
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

/// Two sites with options of their own, people of both in one conversation.
async fn on_two_sites(world: &World) -> (SiteId, SiteId) {
    let sites = (SiteId::parse("a").unwrap(), SiteId::parse("b").unwrap());
    world.auth.add_site(&sites.0);
    world.auth.add_site(&sites.1);
    let of_a = Scope::Site(sites.0.clone());
    for (key, days) in [
        (Key::MessageRetentionDays, "7"),
        (Key::UnreadValidityDays, "2"),
    ] {
        world.auth.set_policy(&of_a, key, days);
    }
    world.auth.publish(&world.directory).await;
    sites
}

#[tokio::test]
async fn behaviour_1_3_a_message_ages_by_the_site_it_was_written_on() {
    for (world, replica) in worlds().await {
        messages_age_by_their_site(&world, &replica).await;
    }
}

async fn messages_age_by_their_site(world: &World, replica: &Replica) {
    let (a, b) = on_two_sites(world).await;
    let (mut ann, mut bob) = (world.user("ann").await, world.user("bob").await);
    sign_in(world, &mut ann, &a);
    sign_in(world, &mut bob, &b);
    // Made on B by bob: that changes nothing for what ann writes on A.
    let id = replica.direct(&bob, &ann).await;
    replica.send(&bob, &id, "k1", "from B").await.unwrap();
    replica.send(&ann, &id, "k1", "from A, read").await.unwrap();
    replica.mark_read(&bob, &id, 2).await.unwrap();
    replica.send(&ann, &id, "k2", "from A").await.unwrap();
    replica.send(&bob, &id, "k2", "from B too").await.unwrap();

    later(world, &mut [&mut ann, &mut bob], 3);
    let unread = [
        there(1, "from B"),
        there(2, "from A, read"),
        gone(3, Removal::ExpiredUnread),
        there(4, "from B too"),
    ];
    eventually(|| async { told(replica, &bob, &id).await == unread }).await;
    assert_eq!(told(replica, &ann, &id).await, unread, "one truth for both");

    later(world, &mut [&mut ann, &mut bob], 5);
    let mut kept = unread;
    kept[1] = gone(2, Removal::Retention);
    eventually(|| async { told(replica, &ann, &id).await == kept }).await;
    // What B keeps keeps its number, and the tombstones behind it theirs.
    later(world, &mut [&mut ann, &mut bob], 40);
    sign_in(world, &mut ann, &a);
    replica.send(&ann, &id, "k3", "newest").await.unwrap();
    let mut all = kept.to_vec();
    all.push(there(5, "newest"));
    eventually(|| async { told(replica, &bob, &id).await == all }).await;
    let page = replica.history(&bob, &id, (0, 0, 0)).await.unwrap();
    assert_eq!(page.first_available_seq, 1);
}
