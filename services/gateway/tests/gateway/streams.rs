//! What a stream does from its beginning to its end.

use std::time::Duration;

use im_proto::{
    event::TypingStarted,
    presence::{Presence, watch_response::View},
};
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::{
    backends::entry,
    harness::{Socket, World, eventually},
};

pub(crate) fn connection(world: &World, index: usize) -> String {
    world.backends.opens.lock().unwrap()[index]
        .connection_id
        .clone()
}

#[tokio::test]
async fn a_stream_begins_with_welcome_and_brings_entries() {
    let world = World::start().await;
    let person = world.person();
    let mut socket = world.socket(&person, "").await;
    let welcome = socket.expect("welcome").await;
    assert_eq!(welcome["sessionId"], person.session_id.to_string());
    assert_eq!(
        (&welcome["cursor"], &welcome["heartbeatMs"]),
        (&json!("1.0"), &json!(30_000))
    );
    let id = connection(&world, 0);
    assert_eq!(welcome["connectionId"], id);
    assert_eq!(
        world.backends.places.lock().unwrap()[&id].user_id,
        person.user_id.to_string()
    );

    world
        .backends
        .deliver(&id, vec![entry(1, "one"), entry(2, "two")])
        .await;
    let batch = socket.expect("batch").await;
    assert_eq!(batch["cursor"], "1.2");
    assert_eq!(batch["entries"][1]["seq"], "2");
    assert_eq!(batch["entries"][1]["message"]["text"], "two");
    eventually("room is given back", || {
        world.backends.credits.lock().unwrap()[&id] == 256 + 2
    })
    .await;

    socket.say(json!({ "ping": {} })).await;
    socket.expect("pong").await;
    socket.say(json!({ "ack": { "cursor": "1.2" } })).await;
    let user_id = person.user_id.to_string();
    eventually("the acknowledgement", || {
        world
            .backends
            .acknowledged
            .lock()
            .unwrap()
            .get(&user_id)
            .is_some_and(|at| at == "1.2")
    })
    .await;
    socket.say(json!({ "activity": { "idle": true } })).await;
    eventually("the activity", || {
        world
            .backends
            .activities
            .lock()
            .unwrap()
            .contains(&(id.clone(), true))
    })
    .await;
    socket.say(json!({ "nonsense": {} })).await;
    assert_eq!(socket.expect("error").await["reason"], "FRAME_INVALID");

    drop(socket);
    eventually("the place is given up", || {
        world.backends.places.lock().unwrap().is_empty()
    })
    .await;
    eventually("the mailbox is closed", || {
        world.backends.detached.lock().unwrap().contains(&id)
    })
    .await;
    world.stop().await;
}

#[tokio::test]
async fn tickets_are_good_once_and_on_their_site() {
    let world = World::start().await;
    let person = world.person_on("b");
    let ticket = world.ticket(&person);
    let reply = world.get(&format!("/v1/stream?ticket={ticket}")).await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json().await["reason"], "TICKET_INVALID");
    let ticket = world.ticket(&person);
    let path = format!("/b/v1/stream?ticket={ticket}");
    Socket::open(world.address, &path, None)
        .await
        .expect("welcome")
        .await;
    assert_eq!(world.get(&path).await.status, 401, "used up");
    world.stop().await;
}

#[tokio::test]
async fn watched_people_are_told_and_lists_replace_each_other() {
    let world = World::start().await;
    let (viewer, one, other) = (world.person(), world.person(), world.person());
    let mut socket = world.socket(&viewer, "").await;
    socket.expect("welcome").await;
    socket
        .say(json!({ "watch": { "userIds": [one.user_id.to_string()] } }))
        .await;
    let presence = socket.expect("presence").await;
    assert_eq!(presence["isSnapshot"], true);
    assert_eq!(presence["presences"][0]["userId"], one.user_id.to_string());
    assert_eq!(presence["presences"][0]["state"], "ONLINE");
    let watched = world
        .backends
        .watches
        .lock()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(watched.viewer_id, viewer.user_id.to_string());

    socket
        .say(json!({ "watch": { "userIds": [other.user_id.to_string()] } }))
        .await;
    let presence = socket.expect("presence").await;
    assert_eq!(
        presence["presences"][0]["userId"],
        other.user_id.to_string()
    );
    // Late news of the first list are not told any more.
    let late = |version| View {
        connection_id: watched.connection_id.clone(),
        version,
        is_snapshot: false,
        presences: vec![Presence {
            user_id: "late".to_owned(),
            ..Presence::default()
        }],
    };
    world.backends.show(late(watched.version)).await;
    world.backends.show(late(watched.version + 1)).await;
    assert_eq!(socket.expect("presence").await["isSnapshot"], false);
    drop(socket);
    eventually("the viewer is forgotten", || {
        world
            .backends
            .watches
            .lock()
            .unwrap()
            .last()
            .unwrap()
            .user_ids
            .is_empty()
    })
    .await;
    world.stop().await;
}

#[tokio::test]
async fn typing_goes_out_and_comes_in() {
    let world = World::start().await;
    let (person, friend, stranger) = (world.person(), world.person(), world.person());
    let mut socket = world.socket(&person, "").await;
    socket.expect("welcome").await;
    let mut other = world.socket(&stranger, "").await;
    other.expect("welcome").await;
    for _ in 0..3 {
        socket
            .say(json!({ "typing": { "conversationId": "cnv_1" } }))
            .await;
    }
    eventually("typing", || {
        !world.backends.typed.lock().unwrap().is_empty()
    })
    .await;
    let typing = TypingStarted {
        conversation_id: "cnv_1".to_owned(),
        user_id: friend.user_id.to_string(),
        recipient_ids: vec![person.user_id.to_string()],
    };
    world.bus.publish_message(
        &im_bus::Subject::parse("messaging.typing").unwrap(),
        &typing,
    );
    let told = socket.expect("typing").await;
    assert_eq!(told["userId"], friend.user_id.to_string());
    assert_eq!(
        world.backends.typed.lock().unwrap().len(),
        1,
        "once in two seconds"
    );
    other.say(json!({ "ping": {} })).await;
    other.expect("pong").await;
    world.stop().await;
}

#[tokio::test]
async fn heartbeats_come_on_quiet_streams() {
    let world = World::start_with(|settings| settings.heartbeat_ms = 200).await;
    let mut socket = world.socket(&world.person(), "").await;
    let welcome = socket.expect("welcome").await;
    assert_eq!(welcome["heartbeatMs"], 240);
    // The client library answers pings while it reads, so the stream stays.
    let until = Instant::now() + Duration::from_millis(1_500);
    let mut heard = 0;
    while Instant::now() < until {
        timeout(Duration::from_secs(1), socket.expect("pong"))
            .await
            .expect("a heartbeat in time");
        heard += 1;
    }
    assert!(heard >= 5, "{heard}");
    world.stop().await;
}

#[tokio::test]
async fn a_slow_reader_is_told_to_come_again() {
    let world = World::start_with(|settings| settings.inbox_max = 8).await;
    let mut socket = world.socket(&world.person(), "").await;
    socket.expect("welcome").await;
    let id = connection(&world, 0);
    // More than the sockets' buffers hold, without regard to the room that was given.
    let text = "x".repeat(60_000);
    for seq in 1..400 {
        world
            .backends
            .deliver(&id, (0..20).map(|_| entry(seq, &text)).collect())
            .await;
    }
    let mut last = None;
    while let Some(frame) = socket.frame().await {
        last = Some(frame);
    }
    let last = last.unwrap();
    assert_eq!(last["goaway"]["reason"], "SLOW_READER", "{last}");
    drop(socket);
    world.stop().await;
}

#[tokio::test]
async fn a_revoked_session_ends_its_streams_within_two_seconds() {
    let world = World::start_with(|settings| settings.session_check_ms = 60_000).await;
    let (person, other, suspended) = (world.person(), world.person(), world.person());
    let mut socket = world.socket(&person, "").await;
    let mut stays = world.socket(&other, "").await;
    let mut barred = world.socket(&suspended, "").await;
    for socket in [&mut socket, &mut stays, &mut barred] {
        socket.expect("welcome").await;
    }
    let started = Instant::now();
    world.auth.revoke_session(person.session_id, person.user_id);
    world
        .auth
        .update_user(suspended.user_id, |facts| facts.is_active = false);
    for socket in [&mut socket, &mut barred] {
        let error = socket.expect("error").await;
        assert_eq!(
            (&error["code"], &error["reason"]),
            (&json!(16), &json!("SESSION_REVOKED"))
        );
        assert_eq!(socket.frame().await, None);
    }
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    stays.say(json!({ "ping": {} })).await;
    stays.expect("pong").await;
    world.stop().await;
}
