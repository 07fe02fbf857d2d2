//! Streams.

use std::time::Duration;

use im_policy::Key;
use im_proto::presence as proto;
use im_types::{GroupId, UserId};
use prost::Message as _;

use crate::harness::{START, State, Stream, World};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_snapshot_then_changes_in_order() {
    let world = World::mock().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let service = world.start().await;
    service.befriend(ann, bob).await;
    let node = service.node().await;
    let mut stream = Stream::open(&service).await;
    stream.watch(ann, 7, &[bob, ann]).await;
    let snapshot = stream.view().await;
    assert!(snapshot.is_snapshot && snapshot.version == 7);
    assert_eq!(snapshot.connection_id, stream.connection_id.to_string());
    assert_eq!(snapshot.presences.len(), 2);
    let mut last = snapshot.presences[0].clone();
    let connection = node.open(bob).await.unwrap();
    for (is_idle, state) in [
        (false, State::Online),
        (true, State::Away),
        (false, State::Online),
    ] {
        node.idle(bob, connection, is_idle).await;
        let view = stream.view().await;
        assert!(!view.is_snapshot);
        let seen = &view.presences[0];
        assert_eq!((seen.state(), seen.epoch), (state, last.epoch));
        assert!(seen.revision > last.revision);
        last = seen.clone();
    }
    stream.watch(ann, 8, &[bob]).await;
    let snapshot = stream.view().await;
    assert!(snapshot.is_snapshot && snapshot.version == 8);
    assert!(snapshot.presences[0].revision > last.revision);
    stream.watch(ann, 9, &[]).await;
    assert!(stream.is_silent().await);
    service.set(bob, State::Busy).await;
    assert!(stream.is_silent().await);
    service.stop().await;
    assert!(
        stream.ended().await,
        "a replica that stops ends its streams"
    );
}

#[tokio::test]
async fn changes_of_who_sees_whom_come_within_two_seconds() {
    let world = World::mock().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let service = world.start().await;
    let node = service.node().await;
    node.open(bob).await.unwrap();
    let mut stream = Stream::open(&service).await;
    stream.watch(ann, 1, &[bob]).await;
    assert_eq!(stream.state().await, State::Offline);
    let begun_at = tokio::time::Instant::now();
    service.befriend(ann, bob).await;
    assert_eq!(stream.state().await, State::Online, "contact");
    service.hide(bob, ann, true).await;
    assert_eq!(stream.state().await, State::Offline, "hidden");
    service.hide(bob, ann, false).await;
    assert_eq!(stream.state().await, State::Online, "shown again");
    service.block(bob, ann).await;
    assert_eq!(stream.state().await, State::Offline, "blocked");
    let unblock = proto::UnblockContactRequest {
        user_id: ann.to_string(),
    };
    service
        .contacts
        .clone()
        .unblock_contact(service.by(bob, unblock))
        .await
        .unwrap();
    assert_eq!(stream.state().await, State::Online, "unblocked");
    let delete = proto::DeleteContactRequest {
        user_id: ann.to_string(),
    };
    service
        .contacts
        .clone()
        .delete_contact(service.by(bob, delete))
        .await
        .unwrap();
    assert_eq!(stream.state().await, State::Offline, "no contact any more");
    world.set(Key::VisibilityMode, "open_community");
    service.publish().await;
    assert_eq!(
        stream.state().await,
        State::Online,
        "everybody sees everybody"
    );
    world.set(Key::VisibilityMode, "group_community");
    service.publish().await;
    assert_eq!(stream.state().await, State::Offline, "no common group");
    world
        .auth
        .set_group(world.ids.new_id::<GroupId>(), "sales", &[ann, bob]);
    service.publish().await;
    assert_eq!(stream.state().await, State::Online, "a common group");
    world.auth.update_user(bob, |facts| facts.is_active = false);
    service.publish().await;
    assert_eq!(stream.state().await, State::Offline, "deactivated");
    assert!(
        begun_at.elapsed() < 2 * SECOND,
        "all ten of them: {:?}",
        begun_at.elapsed()
    );
    service.stop().await;
}

/// behaviour 7.4: what the stream about somebody says, as bytes, while that person does things.
async fn story(kind: &str) -> Vec<Vec<u8>> {
    let world = World::mock().await;
    let [ann, bob, cat] = [1_u128, 2, 3].map(|n| UserId::from_uuid(uuid::Uuid::from_u128(n)));
    for (user_id, name) in [(ann, "ann"), (bob, "bob"), (cat, "cat")] {
        world.auth.add_user(user_id, name);
    }
    let service = world.start().await;
    service.befriend(ann, bob).await;
    service.befriend(ann, cat).await;
    match kind {
        "invisible" => service.set(bob, State::Invisible).await,
        "hiding" => service.hide(bob, ann, true).await,
        "blocking" => drop(service.block(bob, ann).await),
        _ => {}
    }
    let node = service.node().await;
    let mut stream = Stream::open(&service).await;
    stream.connection_id = im_types::ConnectionId::from_uuid(uuid::Uuid::from_u128(4));
    stream.watch(ann, 1, &[bob, cat]).await;
    let mut told = vec![stream.next().await.unwrap().encode_to_vec()];
    let in_cat = node.open(cat).await.unwrap();
    told.push(stream.next().await.unwrap().encode_to_vec());
    for is_idle in [true, false, true] {
        if kind != "offline" {
            let in_bob = node.open(bob).await.unwrap();
            node.idle(bob, in_bob, true).await;
            node.close(&[in_bob]).await;
        }
        world.clock.advance(13 * SECOND);
        assert!(node.beat(false).await);
        tokio::time::sleep(Duration::from_millis(250)).await;
        node.idle(cat, in_cat, is_idle).await;
        told.push(stream.next().await.unwrap().encode_to_vec());
    }
    assert!(stream.is_silent().await);
    service.stop().await;
    told
}

#[tokio::test]
async fn the_stream_about_somebody_unseen_is_that_of_somebody_offline() {
    let offline = story("offline").await;
    assert_eq!(offline.len(), 5);
    for kind in ["invisible", "hiding", "blocking"] {
        assert_eq!(story(kind).await, offline, "{kind}");
    }
}

/// §7.2
///
/// behaviour 7.2, the published bounds.
#[tokio::test]
async fn a_killed_nodes_people_are_offline_within_27_seconds() {
    let world = World::mock().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let service = world.start().await;
    service.befriend(ann, bob).await;
    let node = service.node().await;
    node.open(bob).await.unwrap();
    let mut stream = Stream::open(&service).await;
    stream.watch(ann, 1, &[bob]).await;
    assert_eq!(stream.state().await, State::Online);
    // It dies right after its first sign of life.
    for second in 1..=27_u32 {
        world.clock.advance(SECOND);
        // Workers look at leases twice a second; the clock here runs faster than that.
        tokio::time::sleep(Duration::from_millis(if second < 15 { 5 } else { 120 })).await;
        if second == 15 {
            tokio::time::sleep(Duration::from_millis(600)).await;
        }
    }
    assert_eq!(stream.state().await, State::Offline);
    assert_eq!(world.clock.now(), START + 27 * SECOND);
    service.stop().await;
}

/// §7.2
#[tokio::test]
async fn a_drained_node_makes_nobody_flap() {
    let world = World::mock().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let service = world.start().await;
    service.befriend(ann, bob).await;
    let (old, new) = (service.node().await, service.node().await);
    let connection = old.open(bob).await.unwrap();
    let mut stream = Stream::open(&service).await;
    stream.watch(ann, 1, &[bob]).await;
    assert_eq!(stream.state().await, State::Online);
    assert!(old.beat(true).await);
    old.close(&[connection]).await;
    for _ in 0..2 {
        world.clock.advance(10 * SECOND);
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert!(new.beat(false).await);
    }
    new.open(bob).await.unwrap();
    for _ in 0..6 {
        world.clock.advance(10 * SECOND);
        assert!(new.beat(false).await);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    assert!(stream.is_silent().await);
    service.stop().await;
}

#[tokio::test]
async fn too_long_a_list_is_passed_over_and_the_stream_goes_on() {
    let world = World::mock().await;
    let ann = world.user("ann");
    let service = world.start().await;
    let mut stream = Stream::open(&service).await;
    let many: Vec<UserId> = (0..501).map(|_| world.ids.new_id()).collect();
    stream.watch(ann, 1, &many).await;
    stream.watch(ann, 2, &many[..500]).await;
    let view = stream.view().await;
    assert_eq!((view.version, view.presences.len()), (2, 500));
    service.stop().await;
}

/// A node that drains and comes back at once under its name: no flap either.
#[tokio::test]
async fn a_node_that_restarts_quickly_makes_nobody_flap() {
    let world = World::mock().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let service = world.start().await;
    service.befriend(ann, bob).await;
    let old = service.node().await;
    let connection = old.open(bob).await.unwrap();
    let mut stream = Stream::open(&service).await;
    stream.watch(ann, 1, &[bob]).await;
    assert_eq!(stream.state().await, State::Online);
    assert!(old.beat(true).await);
    old.close(&[connection]).await;
    let new = service.node_again(old.node_id).await;
    for _ in 0..2 {
        world.clock.advance(10 * SECOND);
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert!(new.beat(false).await);
    }
    new.open(bob).await.unwrap();
    assert!(stream.is_silent().await);
    service.stop().await;
}
