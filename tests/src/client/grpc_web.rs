//! gRPC-Web over HTTP/1.1, taken apart by hand: the tests must not share the server's code for it.

use std::time::Duration;

use bytes::BytesMut;
use serde_json::{Value, json};
use tokio::time::Instant;
use tonic::Status;

use super::{Failure, Operation, json};
use crate::Received;

/// Set in the first byte of a frame that carries the status.
const TRAILERS: u8 = 0x80;
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const LISTEN: &str = "im.gateway.v1.StreamService/Listen";

/// One frame of a body.
enum Part {
    Message(Vec<u8>),
    Trailers(http::HeaderMap),
}

/// The first whole frame of what has arrived.
fn take_part(arrived: &mut BytesMut) -> Option<Part> {
    let (flags, length) = match arrived.get(..5)? {
        [flags, length @ ..] => (*flags, u32::from_be_bytes(length.try_into().ok()?)),
        [] => return None,
    };
    let length = usize::try_from(length).ok()?;
    if arrived.len() < 5 + length {
        return None;
    }
    let frame = arrived.split_to(5 + length).split_off(5);
    if flags & TRAILERS == 0 {
        return Some(Part::Message(frame.to_vec()));
    }
    let mut trailers = http::HeaderMap::new();
    for line in String::from_utf8_lossy(&frame).split("\r\n") {
        if let Some((name, value)) = line.split_once(':') {
            let name: http::HeaderName = name.trim().parse().expect("a trailer's name");
            trailers.insert(name, value.trim().parse().expect("a trailer's value"));
        }
    }
    Some(Part::Trailers(trailers))
}

fn failed(trailers: &http::HeaderMap) -> Option<Failure> {
    let status = Status::from_header_map(trailers)?;
    (status.code() != tonic::Code::Ok).then(|| Failure::of_status(&status))
}

async fn post(
    client: &reqwest::Client,
    base: &str,
    headers: &[(String, String)],
    (rpc, message): (&str, Vec<u8>),
) -> reqwest::Result<reqwest::Response> {
    let mut body = vec![0];
    let length = u32::try_from(message.len()).expect("a message of a test is short");
    body.extend(length.to_be_bytes());
    body.extend(message);
    let mut request = client
        .post(format!("{base}/{rpc}"))
        .header("content-type", "application/grpc-web+proto")
        .header("accept", "application/grpc-web+proto")
        .header("x-grpc-web", "1")
        .body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

/// Calls an rpc with one request and one response.
pub(super) async fn call(
    client: &reqwest::Client,
    base: &str,
    headers: &[(String, String)],
    operation: &Operation,
) -> Result<Value, Failure> {
    let method = json::method(operation.rpc);
    let message = json::encode(&method.input(), &operation.message);
    let exchange = async {
        let answer = post(client, base, headers, (operation.rpc, message)).await?;
        let head = answer.headers().clone();
        Ok((answer.status(), head, answer.bytes().await?))
    };
    let answered = tokio::time::timeout(CALL_TIMEOUT, exchange).await;
    let answered: reqwest::Result<_> = answered.expect("an answer in time");
    let (status, head, body) = answered.expect("an answer");
    assert!(status.is_success(), "{}: HTTP {status}", operation.rpc);
    let mut body = BytesMut::from(&body[..]);
    let mut response = None;
    // A refusal may come without a body, in the head alone.
    let mut failure = failed(&head);
    while let Some(part) = take_part(&mut body) {
        match part {
            Part::Message(bytes) => response = Some(json::decode(method.output(), &bytes)),
            Part::Trailers(trailers) => failure = failed(&trailers),
        }
    }
    match (failure, response) {
        (Some(failure), _) => Err(failure),
        (None, Some(response)) => Ok(response),
        (None, None) => panic!("{}: neither a response nor a status", operation.rpc),
    }
}

/// The stream from the server.
#[derive(Debug)]
pub(super) struct WebStream {
    answer: reqwest::Response,
    arrived: BytesMut,
}

impl WebStream {
    /// Opens it.
    pub(super) async fn listen(
        client: &reqwest::Client,
        base: &str,
        headers: &[(String, String)],
        request: &Value,
    ) -> Result<Self, Failure> {
        let message = json::encode(&json::method(LISTEN).input(), request);
        let answer = post(client, base, headers, (LISTEN, message)).await;
        let answer = answer.unwrap_or_else(|error| panic!("{LISTEN}: {error}"));
        if let Some(failure) = failed(answer.headers()) {
            return Err(failure);
        }
        Ok(Self {
            answer,
            arrived: BytesMut::new(),
        })
    }

    /// What comes next.
    pub(super) async fn receive(&mut self, end: Instant) -> Received {
        loop {
            match take_part(&mut self.arrived) {
                Some(Part::Message(bytes)) => {
                    let mut response = json::decode(json::method(LISTEN).output(), &bytes);
                    return Received::Frame(response["frame"].take());
                }
                Some(Part::Trailers(trailers)) => {
                    let code = failed(&trailers).map_or(0, |failure| failure.code);
                    let code = u16::try_from(code).unwrap_or_default();
                    return Received::Closed(Some((code, json!(trailers.len()).to_string())));
                }
                None => {}
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
}
