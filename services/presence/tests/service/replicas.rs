//! Several replicas over one database and one bus, and restarts.

use std::time::Duration;

use im_proto::presence as proto;

use crate::harness::{State, Stream, World, until};

#[tokio::test]
async fn replicas_agree_over_the_bus() {
    let world = World::mock().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let (one, two) = (world.start().await, world.start().await);
    one.befriend(ann, bob).await;
    let mut stream = Stream::open(&two).await;
    stream.watch(ann, 1, &[bob]).await;
    assert_eq!(stream.state().await, State::Offline);
    let node = one.node().await;
    let connection = node.open(bob).await.unwrap();
    assert_eq!(stream.state().await, State::Online);
    one.set(bob, State::DoNotDisturb).await;
    assert_eq!(stream.state().await, State::DoNotDisturb);
    // The other replica serves the same node just as well.
    let elsewhere = crate::harness::Node {
        instance: two.clone(),
        ..node.clone()
    };
    elsewhere.close(&[connection]).await;
    world.clock.advance(Duration::from_secs(12));
    assert_eq!(stream.state().await, State::Offline);
    until("both agree", || async {
        one.look(ann, bob).await.state() == State::Offline
    })
    .await;
    let block = one.block(bob, ann).await;
    assert_eq!(block.state(), proto::contact::State::Blocked);
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_restart_builds_everything_again() {
    let world = World::mock().await;
    let (ann, bob, cat) = (world.user("ann"), world.user("bob"), world.user("cat"));
    let first = world.start().await;
    first.befriend(ann, bob).await;
    first.befriend(ann, cat).await;
    let node = first.node().await;
    node.open(bob).await.unwrap();
    first.set(bob, State::Busy).await;
    let in_cat = node.open(cat).await.unwrap();
    node.close(&[in_cat]).await;
    world.clock.advance(Duration::from_secs(12));
    until("cat is gone", || async {
        first.look(ann, cat).await.state() == State::Offline
    })
    .await;
    let cat_before = first.look(ann, cat).await;
    first.stop().await;
    let second = world.start().await;
    assert_eq!(second.look(ann, bob).await.state(), State::Busy);
    let cat_after = second.look(ann, cat).await;
    assert_eq!(cat_after.last_seen_time, cat_before.last_seen_time);
    assert!(cat_after.last_seen_time.is_some());
    assert_ne!(cat_after.epoch, cat_before.epoch, "revisions begin anew");
    second.stop().await;
}

/// A replica that starts learns from the others what the database does not know.
#[tokio::test]
async fn a_new_replica_hears_who_is_idle() {
    let world = World::mock().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let one = world.start().await;
    one.befriend(ann, bob).await;
    let node = one.node().await;
    let connection = node.open(bob).await.unwrap();
    node.idle(bob, connection, true).await;
    let two = world.start().await;
    until("idle is heard", || async {
        two.look(ann, bob).await.state() == State::Away
    })
    .await;
    one.stop().await;
    two.stop().await;
}

/// Whoever was there when everything stopped was seen until the lease's end; the invisible were not.
#[tokio::test]
async fn a_crash_leaves_last_seen_times_behind() {
    let world = World::mock().await;
    let (ann, bob, cat) = (world.user("ann"), world.user("bob"), world.user("cat"));
    let first = world.start().await;
    let node = first.node().await;
    for friend in [bob, cat] {
        first.befriend(ann, friend).await;
        node.open(friend).await.unwrap();
    }
    first.set(cat, State::Invisible).await;
    let before = first.look(ann, cat).await.last_seen_time;
    first.stop().await;
    world.clock.advance(Duration::from_mins(10));
    let second = world.start().await;
    let seen = second.look(ann, bob).await;
    let minute = world.clock.now() - Duration::from_mins(10);
    assert_eq!(seen.state(), State::Offline);
    assert_eq!(
        seen.last_seen_time.map(|time| time.seconds),
        Some(minute.as_secs())
    );
    assert_eq!(second.look(ann, cat).await.last_seen_time, before);
    second.stop().await;
}
