//! Streams as server-sent events: one way, resumed by the browser with `Last-Event-ID`.

use std::{fmt::Write as _, sync::Arc};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use im_proto::gateway::server_frame::Frame;

use super::{
    answers::{self, Encoding, Silent},
    engine::Plan,
    frame,
};
use crate::{http::HttpResponse, service::Gateway};

/// Answers with the stream, which a task of its own carries.
pub(super) fn serve(gateway: Arc<Gateway>, plan: Plan) -> HttpResponse {
    let body = answers::open::<Events, _>(gateway, plan, Silent);
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    // Proxies that collect answers would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

struct Events;

impl Encoding for Events {
    const NAME: &'static str = "sse";
    const HAS_TRAILERS: bool = false;

    fn encode(frame: Frame) -> Bytes {
        event(&frame).into()
    }
}

/// One event. Browsers remember the last `id`, and wait `retry` before they come again.
fn event(frame: &Frame) -> String {
    let mut text = String::new();
    let id = match frame {
        Frame::Welcome(welcome) => Some(&welcome.cursor),
        Frame::Batch(batch) => Some(&batch.cursor),
        _ => None,
    };
    if let Some(id) = id {
        // A cursor is one line of ASCII; writing to a String cannot fail.
        let _infallible = writeln!(text, "id: {id}");
    }
    match frame {
        Frame::Goaway(goaway) => {
            let _infallible = writeln!(text, "retry: {}", goaway.reconnect_after_ms);
        }
        Frame::Pong(_) => text.push_str(": heartbeat\n"),
        _ => {}
    }
    text.push_str("data: ");
    text.push_str(&frame::write(frame));
    text.push_str("\n\n");
    text
}

#[cfg(test)]
mod tests {
    use im_proto::{
        gateway::{Goaway, Pong},
        messaging::Batch,
    };

    use super::*;

    #[test]
    fn events_carry_the_cursor_and_the_time_to_come_again() {
        let batch = Frame::Batch(Batch {
            entries: Vec::new(),
            cursor: "1.7".to_owned(),
        });
        assert_eq!(
            event(&batch),
            "id: 1.7\ndata: {\"batch\":{\"entries\":[],\"cursor\":\"1.7\"}}\n\n"
        );
        assert_eq!(
            event(&Frame::Pong(Pong {})),
            ": heartbeat\ndata: {\"pong\":{}}\n\n"
        );
        let goaway = Goaway {
            reason: "DRAINING".to_owned(),
            reconnect_after_ms: 1200,
        };
        assert!(event(&Frame::Goaway(goaway)).starts_with("retry: 1200\ndata: {\"goaway\":"));
    }
}
