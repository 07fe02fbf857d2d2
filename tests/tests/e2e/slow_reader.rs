//! A client that does not read what it is sent.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use im_tests::client::{Listen, Person, ops};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::system::{Form, LONG, System, number, text};

in_both_forms!(behaviour_8_11_a_slow_reader_is_told_to_come_again_and_misses_nothing);

/// When reading begins, counted from the first message. The gateway waits 12 s for a reader from the
/// moment the sockets are full, and then once more as long for it to take the reason.
const SILENCE: Duration = Duration::from_secs(18);
/// Together far more than the sockets of both ends hold, 4 MiB on the sending side.
const MESSAGES: usize = 300;
const MESSAGE_CHARS: usize = 30_000;
/// Messages on their way to the server at once.
const SENDING: usize = 8;

const SETTINGS: &str = "
[auth]
password_memory_kib = 64
password_passes = 1

[gateway]
write_timeout_ms = 12000
";

/// A stream on a socket that holds little.
async fn narrow_stream(person: &Person, cursor: &str) -> WebSocketStream<TcpStream> {
    let answer = person.api.ok(ops::ticket()).await;
    let path = Listen::after(cursor).path(text(&answer["ticket"]));
    let address = person.api.base().trim_start_matches("http://");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .set_recv_buffer_size(16_384)
        .expect("a small buffer can be asked for");
    let address_parsed = address.parse().expect("an address with a port");
    let connection = socket.connect(address_parsed).await.expect("a connection");
    let url = format!("ws://{address}{path}");
    let opened = tokio_tungstenite::client_async(url, connection).await;
    opened.expect("a stream").0
}

/// The next frame; `None` when the stream has ended.
async fn frame(stream: &mut WebSocketStream<TcpStream>) -> Option<Value> {
    loop {
        let next = tokio::time::timeout(LONG, stream.next());
        match next.await.expect("the stream goes on or ends") {
            Some(Ok(Message::Text(text))) => {
                return Some(serde_json::from_str(&text).expect("JSON"));
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

async fn send_all(sender: &Person, conversation_id: &str) {
    let padding = "x".repeat(MESSAGE_CHARS);
    stream::iter(0..MESSAGES)
        .map(|at| {
            let text = format!("{at} {padding}");
            async move { sender.send(conversation_id, &format!("k{at}"), &text).await }
        })
        .buffer_unordered(SENDING)
        .for_each(|_| async {})
        .await;
}

fn is_message(entry: &Value) -> bool {
    entry["kind"] == "MESSAGE"
}

async fn behaviour_8_11_a_slow_reader_is_told_to_come_again_and_misses_nothing(form: Form) {
    let system = System::start_with(form, SETTINGS).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    let position = bob.api.ok(ops::entries("", 1)).await;
    let mut cursor = text(&position["cursor"]).to_owned();
    let mut slow = narrow_stream(&bob, &cursor).await;
    let welcome = frame(&mut slow).await.expect("a frame");
    assert!(welcome.get("welcome").is_some(), "{welcome}");

    let begin = Instant::now();
    send_all(&ann, &id).await;
    sleep_until(begin + SILENCE).await;
    let (mut entries, mut last) = (Vec::new(), Value::Null);
    while let Some(mut frame) = frame(&mut slow).await {
        if let Some(batch) = frame.get_mut("batch") {
            text(&batch["cursor"]).clone_into(&mut cursor);
            let more = batch["entries"].as_array_mut().expect("entries");
            entries.append(more);
        }
        last = frame;
    }
    assert_eq!(last["goaway"]["reason"], json!("SLOW_READER"), "{last}");
    let came = entries.iter().filter(|entry| is_message(entry)).count();
    let missed = MESSAGES.checked_sub(came).expect("no more than were sent");
    assert!(missed > 0, "everything fitted into the sockets");
    println!(
        "{} entries came before the end, {missed} after",
        entries.len()
    );

    // From where it was told to, at another door.
    let again = bob.at(system.other_base());
    let (mut resumed, _) = again.listen(Listen::after(&cursor)).await;
    entries.extend(resumed.entries(missed, LONG).await.0);
    let seqs: Vec<i64> = entries.iter().map(|entry| number(&entry["seq"])).collect();
    let contiguous: Vec<i64> = (seqs[0]..).take(entries.len()).collect();
    assert_eq!(seqs, contiguous, "each once and in order");
    let texts: BTreeSet<&str> = entries
        .iter()
        .filter(|entry| is_message(entry))
        .filter_map(|entry| text(&entry["message"]["text"]).split(' ').next())
        .collect();
    assert_eq!(texts.len(), MESSAGES, "every message");
}
