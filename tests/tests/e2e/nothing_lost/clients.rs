//! Clients that go on whatever happens: they repeat by key and resume by cursor.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use im_tests::checker::{Record, Recorder};
use im_tests::client::{Listen, Person, ops};
use im_tests::{Received, Stream};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::system::{number, text};

/// Before trying again what failed.
const RETRY_DELAY: Duration = Duration::from_millis(50);
/// Without any sign for so long a connection is given up.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Begins the key of the last message of a sender in a room.
const GOODBYE: &str = "bye";

/// A conversation and who is in it.
#[derive(Debug, Clone)]
pub(super) struct Room {
    pub(super) id: String,
    members: BTreeSet<String>,
}

impl Room {
    pub(super) fn new(id: &str, members: &[&str]) -> Self {
        Self {
            id: id.to_owned(),
            members: members.iter().map(|id| (*id).to_owned()).collect(),
        }
    }
}

/// What all clients of a run share.
#[derive(Debug, Clone)]
pub(super) struct Traffic {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    begin: Instant,
    is_over: AtomicBool,
    last_ack_ms: AtomicU64,
    longest_pause_ms: AtomicU64,
}

impl Traffic {
    pub(super) fn new() -> Self {
        let shared = Shared {
            begin: Instant::now(),
            is_over: AtomicBool::new(false),
            last_ack_ms: AtomicU64::new(0),
            longest_pause_ms: AtomicU64::new(0),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    pub(super) fn stop_sending(&self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.shared.is_over.load(Ordering::Relaxed)
    }

    fn acked(&self) {
        let now = u64::try_from(self.shared.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let before = self.shared.last_ack_ms.swap(now, Ordering::Relaxed);
        let pause = now.saturating_sub(before);
        self.shared
            .longest_pause_ms
            .fetch_max(pause, Ordering::Relaxed);
    }

    pub(super) fn longest_pause(&self) -> Duration {
        Duration::from_millis(self.shared.longest_pause_ms.load(Ordering::Relaxed))
    }
}

/// A stream that may be refused by a server that is away.
async fn open(person: &Person, cursor: &str) -> Option<Stream> {
    let answer = person.api.try_call(&ops::ticket()).await.ok()?.ok()?;
    let path = Listen::after(cursor).path(text(&answer["ticket"]));
    let url = format!("{}{path}", person.api.base().replacen("http", "ws", 1));
    let mut stream = Stream::try_connect(url.as_str()).await.ok()?;
    match stream.receive(ANSWER_TIMEOUT).await {
        Received::Frame(frame) if frame.get("welcome").is_some() => Some(stream),
        _ => None,
    }
}

async fn reopen(person: &Person, cursor: &str) -> Stream {
    loop {
        if let Some(stream) = open(person, cursor).await {
            return stream;
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

/// Sends one message after the other, each as soon as the one before is acknowledged. Half of the
/// senders send over their stream, the others by one request each.
pub(super) struct Sender {
    number: usize,
    person: Person,
    rooms: Vec<Room>,
    random: StdRng,
    stream: Option<Stream>,
}

/// What became of one attempt.
enum Attempt {
    Acked(Value),
    Failed,
}

impl Sender {
    pub(super) fn new(number: usize, person: &Person, rooms: &[Room], seed: u64) -> Self {
        Self {
            number,
            person: person.clone(),
            rooms: rooms.to_vec(),
            random: StdRng::seed_from_u64(seed),
            stream: None,
        }
    }

    pub(super) async fn run(mut self, mut recorder: Recorder, traffic: Traffic, count_max: usize) {
        for count in 0..count_max {
            if traffic.is_over() {
                break;
            }
            // The room of everybody, the last one, is the most expensive; it is used less.
            let is_rare = self.random.random_range(0..10) == 0;
            let last = self.rooms.len() - 1;
            let at = if is_rare {
                last
            } else {
                self.random.random_range(0..last)
            };
            let key = format!("s{}-{count}", self.number);
            self.send(&mut recorder, &traffic, (at, key)).await;
        }
        while !traffic.is_over() {
            tokio::time::sleep(RETRY_DELAY).await;
        }
        for at in 0..self.rooms.len() {
            let key = format!("{GOODBYE}-{at}-{}", self.number);
            self.send(&mut recorder, &traffic, (at, key)).await;
        }
        recorder.finish();
    }

    /// Until it is acknowledged, with the same key.
    async fn send(
        &mut self,
        recorder: &mut Recorder,
        traffic: &Traffic,
        (at, key): (usize, String),
    ) {
        let conversation = self.rooms[at].id.clone();
        let filler = "x".repeat(self.random.random_range(0..200));
        let body = format!("{key} {filler}");
        recorder.write(&Record::Sent {
            key: key.clone(),
            conversation: conversation.clone(),
        });
        loop {
            let attempt = if self.number.is_multiple_of(2) {
                self.attempt_on_stream(&conversation, &key, &body).await
            } else {
                self.attempt_by_request(&conversation, &key, &body).await
            };
            if let Attempt::Acked(message) = attempt {
                traffic.acked();
                recorder.write(&Record::Acked {
                    key,
                    conversation: text(&message["conversationId"]).to_owned(),
                    seq: number(&message["seq"]),
                    id: text(&message["id"]).to_owned(),
                });
                return;
            }
            self.stream = None;
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }

    async fn attempt_by_request(&self, conversation: &str, key: &str, body: &str) -> Attempt {
        let operation = ops::send(conversation, key, body);
        match self.person.api.try_call(&operation).await {
            Ok(Ok(answer)) => Attempt::Acked(answer["message"].clone()),
            // Only what may pass by itself is tried again.
            Ok(Err(failure)) if ![4, 8, 10, 14].contains(&failure.code) => {
                panic!("{key}: {failure:?}")
            }
            Ok(Err(_)) | Err(_) => Attempt::Failed,
        }
    }

    async fn attempt_on_stream(&mut self, conversation: &str, key: &str, body: &str) -> Attempt {
        if self.stream.is_none() {
            self.stream = Some(reopen(&self.person, "").await);
        }
        let Some(stream) = &mut self.stream else {
            return Attempt::Failed;
        };
        let send = json!({ "conversationId": conversation, "clientKey": key, "text": body });
        if !stream.try_send(json!({ "send": send })).await {
            return Attempt::Failed;
        }
        let end = Instant::now() + ANSWER_TIMEOUT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Received::Frame(frame) = stream.receive(left).await else {
                return Attempt::Failed;
            };
            // Entries of the sender's own mailbox pass by.
            if frame["sent"]["clientKey"] == key {
                return Attempt::Acked(frame["sent"]["message"].clone());
            }
            if frame.get("error").is_some() || frame.get("goaway").is_some() {
                return Attempt::Failed;
            }
        }
    }
}

/// Reads one mailbox on one device until every sender has said goodbye in every room of the
/// person.
pub(super) struct Receiver {
    name: String,
    person: Person,
    recorder: Recorder,
    cursor: String,
    goodbyes: BTreeSet<String>,
}

impl Receiver {
    /// The keys of the last messages that somebody has to get.
    pub(super) fn goodbyes(person: &Person, rooms: &[Room], senders: usize) -> BTreeSet<String> {
        let own = rooms
            .iter()
            .enumerate()
            .filter(|(_, room)| room.members.contains(&person.id));
        own.flat_map(|(at, _)| (0..senders).map(move |sender| format!("{GOODBYE}-{at}-{sender}")))
            .collect()
    }

    /// A device that reads from a position on.
    pub(super) fn new(
        name: String,
        person: Person,
        mut recorder: Recorder,
        (cursor, goodbyes): (String, BTreeSet<String>),
    ) -> Self {
        recorder.write(&Record::Device {
            device: name.clone(),
            user: person.id.clone(),
        });
        Self {
            name,
            person,
            recorder,
            cursor,
            goodbyes,
        }
    }

    pub(super) async fn run(mut self, traffic: Traffic) {
        while !self.goodbyes.is_empty() {
            let mut stream = reopen(&self.person, &self.cursor).await;
            while !self.goodbyes.is_empty() {
                match stream.receive(ANSWER_TIMEOUT).await {
                    Received::Frame(frame) => self.take(&frame),
                    Received::Silence if !traffic.is_over() => {}
                    Received::Silence | Received::Closed(_) => break,
                }
            }
        }
        self.recorder.finish();
    }

    fn take(&mut self, frame: &Value) {
        let batch = &frame["batch"];
        for entry in batch["entries"].as_array().into_iter().flatten() {
            let record = Record::received(&self.name, entry);
            if let Record::Received {
                message: Some(message),
                ..
            } = &record
            {
                self.goodbyes.remove(&message.key);
            }
            self.recorder.write(&record);
        }
        if let Some(cursor) = batch["cursor"].as_str() {
            cursor.clone_into(&mut self.cursor);
        }
    }
}
