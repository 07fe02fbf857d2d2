//! gRPC, with messages as JSON.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder, Streaming};
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use super::{Failure, Operation, json};
use crate::Received;

/// Frames that may wait to be sent.
const OUTBOX_FRAMES_MAX: usize = 64;
/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Messages as they are on the wire.
#[derive(Debug, Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(source.copy_to_bytes(source.remaining())))
    }
}

/// A connection that is made at the first call and again when it breaks.
pub(super) fn channel(base: &str) -> Channel {
    let endpoint = Endpoint::from_shared(base.to_owned()).expect("an address");
    endpoint.connect_lazy()
}

fn request<T>(message: T, headers: &[(String, String)]) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in headers {
        let name: AsciiMetadataKey = name.parse().expect("a header's name");
        let value: AsciiMetadataValue = value.parse().expect("a header's value");
        request.metadata_mut().insert(name, value);
    }
    request
}

fn path(rpc: &str) -> http::uri::PathAndQuery {
    format!("/{rpc}").parse().expect("the path of an rpc")
}

/// Calls an rpc with one request and one response.
pub(super) async fn call(
    channel: &Channel,
    headers: &[(String, String)],
    operation: &Operation,
) -> Result<Value, Failure> {
    let method = json::method(operation.rpc);
    let message = json::encode(&method.input(), &operation.message);
    let mut request = request(message, headers);
    request.set_timeout(CALL_TIMEOUT);
    let mut client = Grpc::new(channel.clone());
    let unavailable = |error: tonic::transport::Error| Failure {
        code: i32::from(tonic::Code::Unavailable),
        message: error.to_string(),
        ..Failure::default()
    };
    client.ready().await.map_err(unavailable)?;
    let answer = client.unary(request, path(operation.rpc), Raw).await;
    let answer = answer.map_err(|status| Failure::of_status(&status))?;
    Ok(json::decode(method.output(), &answer.into_inner()))
}

/// The stream in both directions.
#[derive(Debug)]
pub(super) struct GrpcStream {
    outbox: mpsc::Sender<Vec<u8>>,
    incoming: Streaming<Bytes>,
}

const CONNECT: &str = "im.gateway.v1.StreamService/Connect";

impl GrpcStream {
    /// Opens the stream and says hello.
    pub(super) async fn connect(
        channel: &Channel,
        headers: &[(String, String)],
        hello: Value,
    ) -> Result<Self, Failure> {
        let (outbox, inbox) = mpsc::channel(OUTBOX_FRAMES_MAX);
        let outgoing = futures_util::stream::unfold(inbox, |mut inbox| async move {
            let next: Vec<u8> = inbox.recv().await?;
            Some((next, inbox))
        });
        let first = encode_frame(&json!({ "hello": hello }));
        outbox.send(first).await.expect("room for the first frame");
        let mut client = Grpc::new(channel.clone());
        client.ready().await.expect("a channel without a limit");
        let request = request(outgoing, headers);
        let answer = client.streaming(request, path(CONNECT), Raw).await;
        let incoming = answer
            .map_err(|status| Failure::of_status(&status))?
            .into_inner();
        Ok(Self { outbox, incoming })
    }

    /// Says something.
    pub(super) async fn say(&self, frame: Value) {
        let sent = self.outbox.send(encode_frame(&frame)).await;
        sent.expect("the stream takes a frame");
    }

    /// What comes next.
    pub(super) async fn receive(&mut self, end: Instant) -> Received {
        let Ok(next) = tokio::time::timeout_at(end, self.incoming.next()).await else {
            return Received::Silence;
        };
        match next {
            Some(Ok(bytes)) => {
                let mut response = json::decode(json::method(CONNECT).output(), &bytes);
                Received::Frame(response["frame"].take())
            }
            Some(Err(_)) | None => Received::Closed(None),
        }
    }
}

fn encode_frame(frame: &Value) -> Vec<u8> {
    json::encode(&json::method(CONNECT).input(), &json!({ "frame": frame }))
}
