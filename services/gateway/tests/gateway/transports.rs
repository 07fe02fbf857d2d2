//! The same stream over all transports.

use im_policy::{Key, Scope};
use im_proto::{
    gateway::{
        ClientFrame, ConnectRequest, Hello, ListenRequest, Ping, ServerFrame, client_frame,
        server_frame::Frame, stream_service_client::StreamServiceClient,
    },
    messaging::attach_response::delivery::Content,
};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    backends::entry,
    harness::{Person, Socket, World, eventually},
    raw,
    rpcs::{WebListener, authorized, channel},
    streams::connection,
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
async fn notices_come_over_every_transport() {
    let world = World::start().await;
    let person = world.person();
    let mut text = world.socket(&person, "").await;
    let path = format!("/v1/stream?ticket={}", world.ticket(&person));
    let mut binary = Socket::open(world.address, &path, Some("im.v1.proto")).await;
    let head = format!("GET /v1/stream?ticket={}", world.ticket(&person));
    let accept = [("accept", "text/event-stream")];
    let mut events = raw::request(world.address, &head, &accept, b"").await;
    let (requests, receiver) = mpsc::channel(4);
    requests.send(hello("")).await.unwrap();
    let mut client = StreamServiceClient::new(channel(&world));
    let request = authorized(&person, ReceiverStream::new(receiver));
    let mut answers = client.connect(request).await.unwrap().into_inner();
    let mut listener = WebListener::open(&world, &person, &ListenRequest::default()).await;

    text.expect("welcome").await;
    binary.message().await.unwrap();
    events.event().await.unwrap();
    answers.message().await.unwrap().unwrap();
    listener.frame().await;
    world
        .auth
        .set_policy(&Scope::Global, Key::ContactsMax, "20");
    let expected = text.frame().await.unwrap();
    assert_eq!(expected["notice"]["reason"], "POLICY_CHANGED");
    let Some(Message::Binary(bytes)) = binary.message().await else {
        panic!("no frame");
    };
    assert_eq!(
        as_json(ServerFrame::decode(bytes).unwrap().frame.unwrap()),
        expected
    );
    let event = events.event().await.unwrap();
    let data = event[0].strip_prefix("data: ").unwrap();
    assert_eq!(serde_json::from_str::<Value>(data).unwrap(), expected);
    let answer = answers.message().await.unwrap().unwrap();
    assert_eq!(as_json(answer.frame.unwrap().frame.unwrap()), expected);
    assert_eq!(as_json(listener.frame().await), expected);
    drop((requests, answers, client, listener));
    world.stop().await;
}
