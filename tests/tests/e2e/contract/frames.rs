//! The frames of the stream.

use std::time::Duration;

use futures_util::StreamExt as _;
use im_proto::gateway::{ServerFrame, server_frame::Frame};
use im_proto::messaging::entry::Payload;
use im_tests::client::{Listen, Person, Transport, ops};
use im_tests::{Received, Stream};
use prost::Message as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::has_fields;
use crate::system::{Form, LONG, SOON, System, list, number, text};

in_both_forms!(
    a_stream_says_welcome_and_answers_ping,
    behaviour_8_4_a_cursor_gives_every_later_entry_once_and_in_order,
    typing_watch_and_send_go_over_the_stream,
    bad_frames_are_told_and_the_stream_goes_on,
    behaviour_8_5_a_cursor_that_is_none_is_refused,
    behaviour_6_2_a_ticket_is_good_once,
    the_stream_is_there_as_events_and_in_binary,
);

/// `POST /v1/stream:ticket`, `GET /v1/stream?ticket=&cursor=`, `welcome`, `ping`, `pong`
async fn a_stream_says_welcome_and_answers_ping(form: Form) {
    let system = System::start(form).await;
    let ann = system.person("ann").await;
    let (status, answer) = ann.api.json().post("/v1/stream:ticket", json!({})).await;
    assert_eq!(
        (status.as_u16(), &answer["expiresIn"]),
        (200, &json!(30)),
        "{answer}"
    );
    let path = format!("/v1/stream?ticket={}&cursor=", text(&answer["ticket"]));
    let mut stream = ann.api.web_socket(&path).await.expect("the ticket is good");
    let frame = stream.next_frame(SOON).await;
    let only = frame
        .as_object()
        .expect("an object")
        .keys()
        .collect::<Vec<_>>();
    assert_eq!(only, ["welcome"], "exactly one key");
    let welcome = &frame["welcome"];
    has_fields(welcome, &["sessionId", "cursor", "heartbeatMs"]);
    assert_eq!(welcome["sessionId"], json!(ann.session_id));
    assert!(
        welcome["heartbeatMs"].as_i64().is_some_and(|ms| ms > 0),
        "{welcome}"
    );
    stream.send(json!({ "ping": {} })).await;
    assert_eq!(stream.next_frame(SOON).await, json!({ "pong": {} }));
}

async fn behaviour_8_4_a_cursor_gives_every_later_entry_once_and_in_order(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    let (mut live, start) = bob.listen(Listen::default()).await;
    for at in 0..30 {
        ann.send(&id, &format!("k{at}"), &format!("message {at}"))
            .await;
    }
    let (seen, _) = live.entries(30, LONG).await;
    let seqs: Vec<i64> = seen.iter().map(|entry| number(&entry["seq"])).collect();
    let expected: Vec<i64> = (seqs[0]..).take(30).collect();
    assert_eq!(seqs, expected, "contiguous");
    for (at, entry) in seen.iter().enumerate() {
        has_fields(entry, &["seq", "kind", "message"]);
        assert_eq!(
            (&entry["kind"], &entry["message"]["text"]),
            (&json!("MESSAGE"), &json!(format!("message {at}")))
        );
    }
    // Another device at another door, from the same position: the same, then live.
    let other = Person::login(&system.api().at(system.other_base()), "bob").await;
    let (mut resumed, _) = other.listen(Listen::after(&start)).await;
    let (again, _) = resumed.entries(30, LONG).await;
    assert_eq!(again, seen);
    ann.send(&id, "last", "one more").await;
    assert_eq!(
        resumed.entries(1, LONG).await.0,
        live.entries(1, LONG).await.0
    );
    // The same without a stream, page by page.
    let (mut cursor, mut paged) = (start, Vec::new());
    loop {
        let page = bob.api.ok(ops::entries(&cursor, 7)).await;
        assert!(list(&page["entries"]).len() <= 7);
        paged.extend(list(&page["entries"]).iter().cloned());
        cursor = text(&page["cursor"]).to_owned();
        if page["hasMore"] == false {
            break;
        }
    }
    assert_eq!(paged[..30], seen[..]);
    assert_eq!(paged.len(), 31);
}

/// `watch`, `presence`, `typing`, `ack`, `send`, `sent`
async fn typing_watch_and_send_go_over_the_stream(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    let (mut hers, _) = ann.listen(Listen::default()).await;
    let (mut his, _) = bob.at(system.other_base()).listen(Listen::default()).await;
    hers.say(json!({ "watch": { "userIds": [bob.id] } })).await;
    let told = hers.presence(&bob.id, "ONLINE", LONG).await;
    has_fields(&told, &["userId", "state", "reason"]);
    his.say(json!({ "typing": { "conversationId": id } })).await;
    let typing = hers.next_of("typing", SOON).await;
    assert_eq!(
        (&typing["conversationId"], &typing["userId"]),
        (&json!(id), &json!(bob.id))
    );

    let message = json!({ "conversationId": id, "clientKey": "k1", "text": "over the stream" });
    hers.say(json!({ "send": message })).await;
    let sent = hers.next_of("sent", SOON).await;
    assert_eq!(
        (&sent["clientKey"], &sent["duplicate"]),
        (&json!("k1"), &json!(false))
    );
    hers.say(json!({ "send": message })).await;
    let again = hers.next_of("sent", SOON).await;
    assert_eq!(
        (&again["message"], &again["duplicate"]),
        (&sent["message"], &json!(true))
    );

    let (entries, cursor) = his.entries(1, SOON).await;
    assert_eq!(entries[0]["message"]["text"], "over the stream");
    // What a device has acknowledged is told to the sender.
    his.say(json!({ "ack": { "cursor": cursor } })).await;
    loop {
        let (entries, _) = hers.entries(1, LONG).await;
        if let Some(entry) = entries.iter().find(|entry| entry["kind"] == "RECEIPT") {
            let receipt = &entry["receipt"];
            assert_eq!(
                (&receipt["userId"], &receipt["deliveredSeq"]),
                (&json!(bob.id), &json!("1"))
            );
            break;
        }
    }
}

async fn bad_frames_are_told_and_the_stream_goes_on(form: Form) {
    let system = System::start(form).await;
    let ann = system.person("ann").await;
    let (mut stream, _) = ann.listen(Listen::default()).await;
    let nowhere = json!({ "conversationId": "cnv_x", "clientKey": "k1", "text": "hello" });
    for (frame, code) in [
        (json!({}), 3),
        (json!({ "nothing": {} }), 3),
        (json!({ "ping": {}, "ack": { "cursor": "1" } }), 3),
        (json!({ "watch": { "userIds": ["somebody"] } }), 3),
        (
            json!({ "watch": { "userIds": vec![ann.id.as_str(); 501] } }),
            3,
        ),
        (json!({ "send": nowhere }), 3),
        (json!("text"), 3),
    ] {
        stream.say(frame.clone()).await;
        let error = stream.next_of("error", SOON).await;
        has_fields(&error, &["code", "reason", "message"]);
        assert_eq!(error["code"], json!(code), "{frame}: {error}");
        assert_ne!(error["reason"], "", "{frame}: {error}");
    }
    stream.say(json!({ "ping": {} })).await;
    stream.next_of("pong", SOON).await;
}

async fn behaviour_8_5_a_cursor_that_is_none_is_refused(form: Form) {
    let system = System::start(form).await;
    let ann = system.person("ann").await;
    let position = ann.api.ok(ops::entries("", 10)).await;
    assert_eq!(list(&position["entries"]).len(), 0);
    for cursor in ["nonsense", "9999999.1", "!", &"9".repeat(200)] {
        let refusal = ann
            .api
            .refused(ops::entries(&cursor.replace('!', "%21"), 10))
            .await;
        assert!([3, 11, 9].contains(&refusal.code), "{cursor}: {refusal:?}");
        assert!(
            refusal.reason.starts_with("CURSOR_"),
            "{cursor}: {refusal:?}"
        );
        let mut stream = ann
            .api
            .listen(Listen::after(cursor))
            .await
            .expect("a stream");
        let end = stream.end(LONG).await;
        assert!(
            text(&end["error"]["reason"]).starts_with("CURSOR_"),
            "{cursor}: {end}"
        );
    }
}

async fn behaviour_6_2_a_ticket_is_good_once(form: Form) {
    let system = System::start(form).await;
    let ann = system.person("ann").await;
    let ticket = ann.api.ok(ops::ticket()).await;
    let path = Listen::default().path(text(&ticket["ticket"]));
    let mut first = ann.api.web_socket(&path).await.expect("the ticket is good");
    first.next_of("welcome", SOON).await;
    for door in &system.doors {
        let api = system.api().at(&door.base);
        refused_stream(api.web_socket(&path).await, "a ticket that was used").await;
    }
    let path = Listen::default().path("made-up");
    refused_stream(
        ann.api.web_socket(&path).await,
        "a ticket of one's own making",
    )
    .await;
    let url = format!("{}/v1/stream", system.base().replacen("http", "ws", 1));
    let (status, _) = Stream::try_connect(url.as_str())
        .await
        .expect_err("without anything");
    assert_eq!(status, Some(401));
}

/// A stream is refused by the status of the upgrade or by its first and last frame.
async fn refused_stream(opened: Result<Stream, im_tests::client::Failure>, what: &str) {
    match opened {
        Err(failure) => assert_eq!(failure.code, 401, "{what}: {failure:?}"),
        Ok(mut stream) => {
            let frame = stream.next_frame(SOON).await;
            assert_eq!(frame["error"]["code"], 16, "{what}: {frame}");
        }
    }
}

/// `Accept: text/event-stream`, sub-protocol `im.v1.proto`
async fn the_stream_is_there_as_events_and_in_binary(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    let bob = Person {
        api: bob.api.over(Transport::Sse),
        ..bob
    };
    let (mut events, _) = bob.listen(Listen::default()).await;
    let mut binary = binary_stream(&bob).await;
    ann.send(&id, "k1", "hello").await;
    let (entries, _) = events.entries(1, SOON).await;
    assert_eq!(entries[0]["message"]["text"], "hello");
    let text_of_message = binary_message(&mut binary).await;
    assert_eq!(text_of_message, "hello");
}

type Binary =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn binary_stream(person: &Person) -> Binary {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
    let ticket = person.api.ok(ops::ticket()).await;
    let path = Listen::default().path(text(&ticket["ticket"]));
    let url = format!("{}{path}", person.api.base().replacen("http", "ws", 1));
    let mut request = url.into_client_request().expect("an address");
    let protocol = "im.v1.proto".parse().expect("a header's value");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    let (mut socket, answer) = tokio_tungstenite::connect_async(request)
        .await
        .expect("a stream");
    assert_eq!(answer.headers()["sec-websocket-protocol"], "im.v1.proto");
    // Only what comes after it is sure to be told.
    let is_welcome = |frame| matches!(frame, Frame::Welcome(_)).then_some(());
    binary_frame(&mut socket, is_welcome).await;
    socket
}

/// The first frame in binary that fits.
async fn binary_frame<T>(socket: &mut Binary, fits: impl Fn(Frame) -> Option<T>) -> T {
    let find = async {
        while let Some(Ok(message)) = socket.next().await {
            let Message::Binary(bytes) = message else {
                continue;
            };
            let frame = ServerFrame::decode(bytes).expect("a frame in binary");
            if let Some(found) = frame.frame.and_then(&fits) {
                return found;
            }
        }
        panic!("the stream ended without it")
    };
    tokio::time::timeout(LONG, find)
        .await
        .expect("a frame in time")
}

/// The text of the first message that comes.
async fn binary_message(socket: &mut Binary) -> String {
    let text_of = |frame| {
        let Frame::Batch(batch) = frame else {
            return None;
        };
        batch
            .entries
            .into_iter()
            .find_map(|entry| match entry.payload {
                Some(Payload::Message(message)) => Some(message.text),
                _ => None,
            })
    };
    binary_frame(socket, text_of).await
}

/// Nothing comes that nobody asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_stream_is_kept_alive() {
    let settings = "[gateway]\nheartbeat_ms = 500\n[auth]\npassword_memory_kib = 64\n";
    let system = System::start_with(Form::Standalone, settings).await;
    let ann = system.person("ann").await;
    let (mut stream, _) = ann.listen(Listen::default()).await;
    let mut frames: Vec<Value> = Vec::new();
    let end = tokio::time::Instant::now() + Duration::from_secs(3);
    while tokio::time::Instant::now() < end {
        match stream.receive(Duration::from_secs(1)).await {
            Received::Frame(frame) => frames.push(frame),
            other => panic!("nothing for twice the heartbeat: {other:?}"),
        }
    }
    assert!(
        frames.iter().all(|frame| *frame == json!({ "pong": {} })),
        "{frames:?}"
    );
}
