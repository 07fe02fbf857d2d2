//! States as people are told on asking.

use std::time::Duration;

use im_policy::Key;
use im_proto::presence as proto;
use im_types::{Timestamp, UserId};

use crate::harness::{Instance, START, State, World, reason, until};

const SECOND: Duration = Duration::from_secs(1);

async fn try_set(
    instance: &Instance,
    user_id: UserId,
    message: proto::SetPresenceRequest,
) -> Result<proto::Presence, tonic::Status> {
    let answer = instance
        .presences
        .clone()
        .set_presence(instance.by(user_id, message))
        .await?;
    Ok(answer.into_inner().presence.unwrap())
}

fn at(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.as_secs(),
        nanos: 0,
    }
}

#[tokio::test]
async fn contacts_see_states_and_strangers_see_offline() {
    let world = World::mock().await;
    let (ann, bob, eve) = (world.user("ann"), world.user("bob"), world.user("eve"));
    let service = world.start().await;
    service.befriend(ann, bob).await;
    let node = service.node().await;
    let connection = node.open(bob).await.unwrap();
    assert_eq!(service.look(ann, bob).await.state(), State::Online);
    assert_eq!(service.look(eve, bob).await.state(), State::Offline);
    node.idle(bob, connection, true).await;
    assert_eq!(service.look(ann, bob).await.state(), State::Away);
    let busy = proto::SetPresenceRequest {
        state: State::Busy.into(),
        reason: "Meeting".to_owned(),
        expire_time: Some(at(START + 60 * SECOND)),
        ..Default::default()
    };
    let own = try_set(&service, bob, busy).await.unwrap();
    assert_eq!(
        (own.state(), own.expire_time),
        (State::Busy, Some(at(START + 60 * SECOND)))
    );
    node.idle(bob, connection, false).await;
    let seen = service.look(ann, bob).await;
    assert_eq!(
        (seen.state(), seen.reason.as_str()),
        (State::Busy, "Meeting")
    );
    assert_eq!(seen.expire_time, None, "only told to the person");
    world.clock.advance(60 * SECOND);
    until("the claim ends by itself", || async {
        service.look(ann, bob).await.state() == State::Online
    })
    .await;
    service.stop().await;
}

#[tokio::test]
async fn last_seen_is_to_the_minute_and_private() {
    let world = World::mock().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let service = world.start().await;
    service.befriend(ann, bob).await;
    assert_eq!(
        service.look(ann, bob).await.last_seen_time,
        None,
        "never there"
    );
    let node = service.node().await;
    let connection = node.open(bob).await.unwrap();
    world.clock.advance(10 * SECOND);
    node.close(&[connection]).await;
    assert_eq!(
        service.look(ann, bob).await.state(),
        State::Online,
        "maybe back in a moment"
    );
    world.clock.advance(12 * SECOND);
    until("offline after the debounce", || async {
        service.look(ann, bob).await.state() == State::Offline
    })
    .await;
    assert_eq!(service.look(ann, bob).await.last_seen_time, Some(at(START)));
    let hide = proto::SetPresenceRequest {
        last_seen_hidden: Some(true),
        ..Default::default()
    };
    try_set(&service, bob, hide).await.unwrap();
    assert_eq!(service.look(ann, bob).await.last_seen_time, None);
    let show = proto::SetPresenceRequest {
        last_seen_hidden: Some(false),
        ..Default::default()
    };
    try_set(&service, bob, show).await.unwrap();
    world.set(Key::LastSeenVisible, "false");
    service.publish().await;
    assert_eq!(service.look(ann, bob).await.last_seen_time, None);
    service.stop().await;
}

/// behaviour 7.4: hidden-from, blocking and invisible people look offline on asking.
#[tokio::test]
async fn whoever_may_not_be_seen_looks_offline() {
    let world = World::mock().await;
    let ann = world.user("ann");
    let names = ["offline", "invisible", "hiding", "blocking"];
    let people: Vec<UserId> = names.iter().map(|name| world.user(name)).collect();
    let service = world.start().await;
    let node = service.node().await;
    for person in &people {
        service.befriend(ann, *person).await;
    }
    service.set(people[1], State::Invisible).await;
    service.hide(people[2], ann, true).await;
    service.block(people[3], ann).await;
    for person in &people[1..] {
        node.open(*person).await.unwrap();
    }
    let look = |person| {
        let service = service.clone();
        async move {
            proto::Presence {
                user_id: String::new(),
                ..service.look(ann, person).await
            }
        }
    };
    let offline = look(people[0]).await;
    for (person, name) in people.iter().zip(names) {
        assert_eq!(look(*person).await, offline, "{name}");
    }
    assert_eq!(
        service.look(people[1], people[1]).await.state(),
        State::Invisible
    );
    service.stop().await;
}

#[tokio::test]
async fn what_the_site_does_not_offer_is_refused() {
    let world = World::mock().await;
    world.set(Key::InvisibleAllowed, "false");
    world.set(Key::StatusReasons, "Meeting\nLunch\n");
    let ann = world.user("ann");
    let service = world.start().await;
    let set = |state: State, reason: &str| {
        let message = proto::SetPresenceRequest {
            state: state.into(),
            reason: reason.to_owned(),
            ..Default::default()
        };
        try_set(&service, ann, message)
    };
    assert_eq!(
        reason(set(State::Invisible, "").await),
        "INVISIBLE_NOT_ALLOWED"
    );
    assert_eq!(
        reason(set(State::Busy, "Golf").await),
        "STATUS_REASON_NOT_OFFERED"
    );
    assert_eq!(set(State::Busy, "Lunch").await.unwrap().reason, "Lunch");
    assert_eq!(reason(set(State::Offline, "").await), "INVALID_FIELD");
    let request = service.by(ann, proto::ListStatusReasonsRequest {});
    let offered = service
        .presences
        .clone()
        .list_status_reasons(request)
        .await
        .unwrap();
    assert_eq!(offered.into_inner().reasons, ["Meeting", "Lunch"]);
    world.set(Key::StatusReasons, "");
    service.publish().await;
    assert!(set(State::Busy, &"ü".repeat(100)).await.is_ok());
    assert_eq!(
        reason(set(State::Busy, &"ü".repeat(101)).await),
        "INVALID_FIELD"
    );
    let past = proto::SetPresenceRequest {
        expire_time: Some(at(START)),
        ..Default::default()
    };
    assert_eq!(reason(try_set(&service, ann, past).await), "INVALID_FIELD");
    let many = proto::ListPresencesRequest {
        user_ids: vec![ann.to_string(); 501],
    };
    let refused = service
        .presences
        .clone()
        .list_presences(service.by(ann, many))
        .await;
    assert_eq!(reason(refused), "WATCH_TOO_LARGE");
    service.stop().await;
}
