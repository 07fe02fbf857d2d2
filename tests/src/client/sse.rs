//! Server-sent events.

use serde_json::Value;
use tokio::time::Instant;

use super::Failure;
use crate::Received;

/// An open stream of events; each is one frame as JSON.
#[derive(Debug)]
pub(super) struct SseStream {
    answer: reqwest::Response,
    arrived: Vec<u8>,
    /// The `id` of the newest event that had one: what a browser sends when it comes again.
    pub(super) last_event_id: Option<String>,
}

impl SseStream {
    /// Opens it.
    pub(super) async fn connect(request: reqwest::RequestBuilder) -> Result<Self, Failure> {
        let request = request.header("accept", "text/event-stream");
        let answer = request.send().await.expect("an answer");
        if !answer.status().is_success() {
            let body: Value = answer.json().await.expect("an error as JSON");
            return Err(Failure::of_json(&body));
        }
        let kind = answer.headers().get("content-type").cloned();
        let kind = kind.and_then(|kind| kind.to_str().ok().map(str::to_owned));
        assert!(
            kind.as_deref()
                .is_some_and(|kind| kind.starts_with("text/event-stream")),
            "not a stream of events: {kind:?}"
        );
        Ok(Self {
            answer,
            arrived: Vec::new(),
            last_event_id: None,
        })
    }

    /// What comes next.
    pub(super) async fn receive(&mut self, end: Instant) -> Received {
        loop {
            if let Some(event) = self.take_event() {
                if let Some(frame) = self.frame_of(&event) {
                    return Received::Frame(frame);
                }
                // A comment, or only an id.
                continue;
            }
            let Ok(chunk) = tokio::time::timeout_at(end, self.answer.chunk()).await else {
                return Received::Silence;
            };
            match chunk {
                Ok(Some(chunk)) => self.arrived.extend_from_slice(&chunk),
                Ok(None) | Err(_) => return Received::Closed(None),
            }
        }
    }

    fn take_event(&mut self) -> Option<String> {
        let length = self.arrived.windows(2).position(|pair| pair == b"\n\n")?;
        let event: Vec<u8> = self.arrived.drain(..length + 2).collect();
        Some(String::from_utf8(event).expect("events are UTF-8"))
    }

    fn frame_of(&mut self, event: &str) -> Option<Value> {
        let mut data = Vec::new();
        for line in event.lines() {
            if let Some(text) = line.strip_prefix("data:") {
                data.push(text.strip_prefix(' ').unwrap_or(text));
            } else if let Some(id) = line.strip_prefix("id:") {
                self.last_event_id = Some(id.trim().to_owned());
            }
        }
        let data = data.join("\n");
        let parse = || serde_json::from_str(&data).unwrap_or_else(|_| panic!("no JSON: {data}"));
        (!data.is_empty()).then(parse)
    }
}
