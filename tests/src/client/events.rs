//! The stream of a client over any transport.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::grpc::GrpcStream;
use super::grpc_web::WebStream;
use super::sse::SseStream;
use super::{Api, ops};
use crate::{Received, Stream};

/// How a stream is opened.
#[derive(Debug, Clone, Default)]
pub struct Listen {
    /// To go on from; empty for the present position.
    pub cursor: String,
    /// Whose presence to watch from the start.
    pub watch: Vec<String>,
    /// Nobody sits in front of it.
    pub is_idle: bool,
}

impl Listen {
    /// From a position on.
    pub fn after(cursor: &str) -> Self {
        Self {
            cursor: cursor.to_owned(),
            ..Self::default()
        }
    }

    /// From the present position, watching people.
    pub fn watching<S: Into<String>>(user_ids: impl IntoIterator<Item = S>) -> Self {
        Self {
            watch: user_ids.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    pub(super) fn hello(&self) -> Value {
        json!({ "cursor": self.cursor, "idle": self.is_idle })
    }

    pub(super) fn request(&self) -> Value {
        json!({ "cursor": self.cursor, "watchUserIds": self.watch, "idle": self.is_idle })
    }

    /// The path of the stream over HTTP.
    pub fn path(&self, ticket: &str) -> String {
        let idle = if self.is_idle { "&idle=true" } else { "" };
        format!("/v1/stream?ticket={ticket}&cursor={}{idle}", self.cursor)
    }
}

/// An open stream. Closed when dropped.
#[derive(Debug)]
pub struct Events {
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Grpc(Box<GrpcStream>),
    GrpcWeb(Box<WebStream>, Api),
    WebSocket(Box<Stream>),
    Sse(Box<SseStream>, Api),
}

impl Events {
    pub(super) fn grpc(stream: GrpcStream) -> Self {
        let inner = Inner::Grpc(Box::new(stream));
        Self { inner }
    }

    pub(super) fn grpc_web(stream: WebStream, api: Api) -> Self {
        let inner = Inner::GrpcWeb(Box::new(stream), api);
        Self { inner }
    }

    pub(super) fn web_socket(stream: Stream) -> Self {
        let inner = Inner::WebSocket(Box::new(stream));
        Self { inner }
    }

    pub(super) fn sse(stream: SseStream, api: Api) -> Self {
        let inner = Inner::Sse(Box::new(stream), api);
        Self { inner }
    }

    /// Where `Listen` cannot carry the list it is the first thing said.
    pub(super) async fn watch_first(&mut self, options: &Listen) {
        if !options.watch.is_empty() {
            self.say(json!({ "watch": { "userIds": options.watch } }))
                .await;
        }
    }

    /// Says something: on the stream itself, or beside a one-way stream.
    ///
    /// # Panics
    /// When the stream is closed or what is said is refused.
    pub async fn say(&mut self, frame: Value) {
        match &mut self.inner {
            Inner::Grpc(stream) => stream.say(frame).await,
            Inner::WebSocket(stream) => stream.send(frame).await,
            Inner::GrpcWeb(_, api) | Inner::Sse(_, api) => {
                api.ok(ops::update_stream(&frame)).await;
            }
        }
    }

    /// What comes next within the time.
    pub async fn receive(&mut self, timeout: Duration) -> Received {
        let end = Instant::now() + timeout;
        match &mut self.inner {
            Inner::Grpc(stream) => stream.receive(end).await,
            Inner::WebSocket(stream) => stream.receive(timeout).await,
            Inner::GrpcWeb(stream, _) => stream.receive(end).await,
            Inner::Sse(stream, _) => stream.receive(end).await,
        }
    }

    /// The next frame.
    ///
    /// # Panics
    /// When none comes in time or the stream ends.
    pub async fn frame(&mut self, timeout: Duration) -> Value {
        match self.receive(timeout).await {
            Received::Frame(frame) => frame,
            other => panic!("a frame expected within {timeout:?}, not {other:?}"),
        }
    }

    /// The content of the next frame of a kind, passing over all others.
    ///
    /// # Panics
    /// When none comes in time or the stream ends.
    pub async fn next_of(&mut self, kind: &str, timeout: Duration) -> Value {
        let end = Instant::now() + timeout;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.receive(left).await {
                Received::Frame(mut frame) => {
                    if let Some(content) = frame.get_mut(kind) {
                        return content.take();
                    }
                }
                other => panic!("a frame {kind} expected within {timeout:?}, not {other:?}"),
            }
        }
    }

    /// Mailbox entries until there are `count`, passing over everything else; and the cursor after
    /// them.
    ///
    /// # Panics
    /// When they do not come in time.
    pub async fn entries(&mut self, count: usize, timeout: Duration) -> (Vec<Value>, String) {
        let end = Instant::now() + timeout;
        let (mut entries, mut cursor) = (Vec::new(), String::new());
        while entries.len() < count {
            let left = end.saturating_duration_since(Instant::now());
            let mut batch = match self.receive(left).await {
                Received::Frame(mut frame) => frame["batch"].take(),
                other => panic!("{count} entries expected, not {other:?} after {entries:#?}"),
            };
            if let Some(more) = batch["entries"].as_array_mut() {
                entries.append(more);
                batch["cursor"]
                    .as_str()
                    .expect("a cursor")
                    .clone_into(&mut cursor);
            }
        }
        (entries, cursor)
    }

    /// The presence of one person, when it is told next and is in this state.
    ///
    /// # Panics
    /// When it is not told in time.
    pub async fn presence(&mut self, user_id: &str, state: &str, timeout: Duration) -> Value {
        let end = Instant::now() + timeout;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let batch = self.next_of("presence", left).await;
            let presences = batch["presences"].as_array().into_iter().flatten();
            let mut wanted = presences.filter(|p| p["userId"] == user_id && p["state"] == state);
            if let Some(presence) = wanted.next() {
                return presence.clone();
            }
        }
    }

    /// The frame by which the stream ends: `goaway` or `error`; after it the transport ends.
    ///
    /// # Panics
    /// When it does not end in time or ends without one.
    pub async fn end(&mut self, timeout: Duration) -> Value {
        let end = Instant::now() + timeout;
        let mut last = Value::Null;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.receive(left).await {
                Received::Frame(frame) => last = frame,
                Received::Closed(_) => break,
                Received::Silence => panic!("the stream goes on, last with {last}"),
            }
        }
        let is_explicit = last.get("goaway").is_some() || last.get("error").is_some();
        assert!(
            is_explicit,
            "a stream ends with goaway or error, not {last}"
        );
        last
    }

    /// Closes it in order.
    pub async fn close(self) {
        match self.inner {
            Inner::WebSocket(stream) => stream.close().await,
            // Dropping these ends the request.
            Inner::Grpc(_) | Inner::GrpcWeb(..) | Inner::Sse(..) => {}
        }
    }
}
