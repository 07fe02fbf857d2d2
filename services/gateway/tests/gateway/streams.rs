//! Streams over all transports.

use std::time::Duration;

use im_proto::{
    event::TypingStarted,
    gateway::{
        ClientFrame, ConnectRequest, Hello, ListenRequest, Ping, ServerFrame, client_frame,
        server_frame::Frame, stream_service_client::StreamServiceClient,
    },
    messaging::attach_response::delivery::Content,
    presence::{Presence, watch_response::View},
};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    backends::entry,
    harness::{Person, Socket, World, eventually},
    raw,
    rpcs::{WebListener, authorized, channel},
};

/// A frame as JSON, by reflection.
fn as_json(frame: Frame) -> Value {
    let pool = DescriptorPool::decode(im_proto::DESCRIPTOR_SET).unwrap();
    let descriptor = pool
        .get_message_by_name("im.gateway.v1.ServerFrame")
        .unwrap();
    let encoded = ServerFrame { frame: Some(frame) }.encode_to_vec();
    let message = DynamicMessage::decode(descriptor, encoded.as_slice()).unwrap();
    let options = SerializeOptions::new().skip_default_fields(false);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .unwrap()
}

/// A frame without what differs from stream to stream.
fn comparable(mut frame: Value) -> Value {
    if let Some(welcome) = frame.get_mut("welcome") {
        welcome["connectionId"] = Value::Null;
    }
    frame
}

fn connection(world: &World, index: usize) -> String {
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
#[expect(clippy::too_many_lines, reason = "one script on five transports")]
async fn all_transports_tell_the_same_frames() {
    let world = World::start().await;
    let person = world.person();
    let script = |index: usize| {
        let world = &world;
        async move {
            eventually("the mailbox is open", || {
                world.backends.opens.lock().unwrap().len() > index
            })
            .await;
            let id = connection(world, index);
            world
                .backends
                .deliver(&id, vec![entry(1, "a \"b\""), entry(2, "c")])
                .await;
            let content = Content::Error(im_proto::google::rpc::Status {
                code: 11,
                message: "too old".to_owned(),
                details: Vec::new(),
            });
            // Not before the entries are through: an end overtakes what waits.
            eventually("the entries are taken", || {
                world.backends.credits.lock().unwrap()[&id] == 258
            })
            .await;
            world.backends.deliver_content(&id, content).await;
        }
    };

    let mut socket = world.socket(&person, "1.0").await;
    let read = async {
        let mut frames = Vec::new();
        while let Some(frame) = socket.frame().await {
            frames.push(comparable(frame));
        }
        frames
    };
    let (expected, ()) = tokio::join!(read, script(0));
    let kinds: Vec<&String> = expected
        .iter()
        .flat_map(|frame| frame.as_object().unwrap().keys())
        .collect();
    assert_eq!(kinds, ["welcome", "batch", "error"]);

    let path = format!("/v1/stream?ticket={}&cursor=1.0", world.ticket(&person));
    let mut socket = Socket::open(world.address, &path, Some("im.v1.proto")).await;
    let read = async {
        let mut frames = Vec::new();
        while let Some(Message::Binary(bytes)) = socket.message().await {
            let frame = ServerFrame::decode(bytes).unwrap().frame.unwrap();
            frames.push(comparable(as_json(frame)));
        }
        frames
    };
    let (frames, ()) = tokio::join!(read, script(1));
    assert_eq!(frames, expected, "binary WebSocket");

    let (frames, ()) = tokio::join!(read_events(&world, &person), script(2));
    assert_eq!(frames, expected, "server-sent events");

    let (requests, receiver) = mpsc::channel(4);
    requests.send(hello("1.0")).await.unwrap();
    let mut client = StreamServiceClient::new(channel(&world));
    let answers = client
        .connect(authorized(&person, ReceiverStream::new(receiver)))
        .await
        .unwrap();
    let mut answers = answers.into_inner();
    let read = async {
        let mut frames = Vec::new();
        while let Some(answer) = answers.message().await.unwrap() {
            frames.push(comparable(as_json(answer.frame.unwrap().frame.unwrap())));
        }
        frames
    };
    let (frames, ()) = tokio::join!(read, script(3));
    assert_eq!(frames, expected, "gRPC");

    let request = ListenRequest {
        cursor: "1.0".to_owned(),
        ..Default::default()
    };
    let mut listener = WebListener::open(&world, &person, &request).await;
    let read = async {
        let mut frames = Vec::new();
        for _ in 0..expected.len() {
            frames.push(comparable(as_json(listener.frame().await)));
        }
        frames
    };
    let (frames, ()) = tokio::join!(read, script(4));
    assert_eq!(frames, expected, "gRPC-Web");
    drop((requests, answers, client, listener));
    world.stop().await;
}

fn hello(cursor: &str) -> ConnectRequest {
    let hello = Hello {
        cursor: cursor.to_owned(),
        idle: false,
    };
    ConnectRequest {
        frame: Some(ClientFrame {
            frame: Some(client_frame::Frame::Hello(hello)),
        }),
    }
}

async fn read_events(world: &World, person: &Person) -> Vec<Value> {
    let head = format!("GET /v1/stream?ticket={}", world.ticket(person));
    // The browser's memory of the last event counts as the cursor.
    let headers = [("accept", "text/event-stream"), ("last-event-id", "1.0")];
    let mut reply = raw::request(world.address, &head, &headers, b"").await;
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    let mut frames = Vec::new();
    let mut ids = Vec::new();
    while let Some(lines) = reply.event().await {
        ids.extend(
            lines
                .iter()
                .filter_map(|line| line.strip_prefix("id: "))
                .map(str::to_owned),
        );
        let data = lines
            .iter()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap();
        frames.push(comparable(serde_json::from_str(data).unwrap()));
    }
    assert_eq!(ids, ["1.0", "1.2"], "each place to go on from");
    frames
}

#[tokio::test]
async fn a_grpc_stream_begins_with_hello_and_may_speak() {
    let world = World::start().await;
    let person = world.person();
    let mut client = StreamServiceClient::new(channel(&world));
    let ping = ConnectRequest {
        frame: Some(ClientFrame {
            frame: Some(client_frame::Frame::Ping(Ping {})),
        }),
    };
    let refused = client
        .connect(authorized(&person, tokio_stream::once(ping.clone())))
        .await;
    let reason = im_runtime::error::ReasonedStatus::of(&refused.unwrap_err()).reason;
    assert_eq!(reason.as_deref(), Some("HELLO_REQUIRED"));

    let (requests, receiver) = mpsc::channel(4);
    requests.send(hello("")).await.unwrap();
    requests.send(ping).await.unwrap();
    let answers = client
        .connect(authorized(&person, ReceiverStream::new(receiver)))
        .await
        .unwrap();
    let mut answers = answers.into_inner();
    let mut next = async || {
        answers
            .message()
            .await
            .unwrap()
            .unwrap()
            .frame
            .unwrap()
            .frame
            .unwrap()
    };
    assert!(matches!(next().await, Frame::Welcome(_)));
    assert!(matches!(next().await, Frame::Pong(_)));
    drop((requests, client, answers));
    world.stop().await;
}

#[tokio::test]
async fn a_full_site_is_told_on_the_stream() {
    let world = World::start().await;
    *world.backends.places_max.lock().unwrap() = Some(1);
    let mut first = world.socket(&world.person(), "").await;
    first.expect("welcome").await;
    let mut second = world.socket(&world.person(), "").await;
    let error = second.expect("error").await;
    assert_eq!(
        (&error["code"], &error["reason"]),
        (&json!(8), &json!("SITE_FULL"))
    );
    assert_eq!(second.frame().await, None, "closed after the error");
    drop(first);
    eventually("the place is free", || {
        world.backends.places.lock().unwrap().is_empty()
    })
    .await;
    world
        .socket(&world.person(), "")
        .await
        .expect("welcome")
        .await;
    world.stop().await;
}

#[tokio::test]
async fn exactly_as_many_get_in_as_there_are_places() {
    let world = World::start().await;
    *world.backends.places_max.lock().unwrap() = Some(50);
    let mut opened = Vec::new();
    for _ in 0..200 {
        opened.push(world.person());
    }
    let first_frames = futures_util::future::join_all(opened.iter().map(|person| async {
        let mut socket = world.socket(person, "").await;
        let frame = socket.frame().await.unwrap();
        (socket, frame)
    }))
    .await;
    let welcomed = first_frames
        .iter()
        .filter(|(_, frame)| frame.get("welcome").is_some())
        .count();
    let refused = first_frames
        .iter()
        .filter(|(_, frame)| frame["error"]["reason"] == "SITE_FULL");
    assert_eq!((welcomed, refused.count()), (50, 150));
    drop(first_frames);
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
async fn one_way_clients_speak_by_calls() {
    let world = World::start().await;
    let (person, friend) = (world.person(), world.person());
    let head = format!("GET /v1/stream?ticket={}", world.ticket(&person));
    let mut events = raw::request(
        world.address,
        &head,
        &[("accept", "text/event-stream")],
        b"",
    )
    .await;
    events.event().await.unwrap();
    let body = json!({ "frame": { "watch": { "userIds": [friend.user_id.to_string()] } } });
    let reply = world
        .call("POST /v1/stream:update", &person, &body.to_string())
        .await;
    assert_eq!((reply.status, reply.json().await), (200, json!({})));
    let event = events.event().await.unwrap();
    assert!(event[0].starts_with("data: {\"presence\":"), "{event:?}");
    drop(events);
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
async fn a_silent_peer_loses_its_place() {
    let world = World::start_with(|settings| settings.heartbeat_ms = 200).await;
    let socket = world.socket(&world.person(), "").await;
    eventually("a place", || {
        !world.backends.places.lock().unwrap().is_empty()
    })
    .await;
    // Nobody reads, so no ping is answered, while the connection itself stands.
    eventually("the place is given up", || {
        world.backends.places.lock().unwrap().is_empty()
    })
    .await;
    drop(socket);
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
