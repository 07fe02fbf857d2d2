//! Streams as gRPC: in both directions, or one way for gRPC-Web.

use std::{sync::Arc, time::Duration};

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderValue, Response, header};
use im_proto::gateway::{
    ClientFrame, ConnectRequest, ConnectResponse, Hello, ListenRequest, ListenResponse,
    ServerFrame, client_frame, server_frame::Frame,
};
use im_runtime::{error::status, rpc::RpcBody};
use prost::Message;
use tokio::time::timeout;
use tonic::Status;

use super::{
    answers::{self, AnswerBody, Encoding, Saying, Silent},
    engine::Plan,
    messages::Messages,
    transport::Said,
};
use crate::{edge::Caller, error::GatewayError, node::Wanted, service::Gateway};

/// The rpcs that are streams of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamRpc {
    /// In both directions.
    Connect,
    /// From server to client.
    Listen,
}

impl StreamRpc {
    /// The rpc at `/package.Service/Method`, if it is one of them.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            "/im.gateway.v1.StreamService/Connect" => Some(Self::Connect),
            "/im.gateway.v1.StreamService/Listen" => Some(Self::Listen),
            _ => None,
        }
    }

    /// Answers with the stream, which a task of its own carries.
    pub(crate) async fn answer(
        self,
        gateway: Arc<Gateway>,
        caller: Caller,
        body: RpcBody,
    ) -> Response<RpcBody> {
        let answered = match self {
            Self::Connect => connect(gateway, caller, body).await,
            Self::Listen => listen(gateway, caller, body).await,
        };
        let body = match answered {
            Ok(body) => body,
            Err(refused) => return refused.into_http(),
        };
        let mut response = Response::new(RpcBody::new(body));
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/grpc"),
        );
        response
    }
}

async fn connect(
    gateway: Arc<Gateway>,
    caller: Caller,
    body: RpcBody,
) -> Result<AnswerBody, Status> {
    let mut messages = Messages::new(body, gateway.settings.frame_bytes_max);
    let limit = Duration::from_millis(gateway.settings.open_timeout_ms);
    let first = timeout(limit, messages.next()).await;
    let Ok(Some(Ok(ConnectRequest {
        frame:
            Some(ClientFrame {
                frame: Some(client_frame::Frame::Hello(Hello { cursor, idle })),
            }),
    }))) = first
    else {
        return Err(status(&GatewayError::HelloRequired));
    };
    let plan = plan(caller, cursor, idle, Vec::new());
    Ok(answers::open::<ConnectResponse, _>(gateway, plan, messages))
}

async fn listen(
    gateway: Arc<Gateway>,
    caller: Caller,
    body: RpcBody,
) -> Result<AnswerBody, Status> {
    let mut messages = Messages::new(body, gateway.settings.body_bytes_max);
    let limit = Duration::from_millis(gateway.settings.open_timeout_ms);
    let ListenRequest {
        cursor,
        watch_user_ids,
        idle,
    } = match timeout(limit, messages.next()).await {
        Ok(Some(Ok(request))) => request,
        Ok(Some(Err(description))) => {
            let field = String::new();
            return Err(status(&GatewayError::BodyInvalid { field, description }));
        }
        Ok(None) | Err(_) => return Err(status(&GatewayError::BodyIncomplete)),
    };
    let plan = plan(caller, cursor, idle, watch_user_ids);
    Ok(answers::open::<ListenResponse, _>(gateway, plan, Silent))
}

fn plan(caller: Caller, cursor: String, is_idle: bool, watch: Vec<String>) -> Plan {
    Plan {
        caller,
        wanted: Wanted { cursor, is_idle },
        watch,
        // The connection is still the transport's and keeps its place itself.
        place: None,
    }
}

impl Saying for Messages<RpcBody> {
    async fn next(&mut self) -> Said {
        match Self::next::<ConnectRequest>(self).await {
            Some(Ok(request)) => Said::Frame(request.frame.unwrap_or_default()),
            Some(Err(fault)) => Said::Malformed(fault),
            None => Said::Closed,
        }
    }
}

impl Encoding for ConnectResponse {
    const NAME: &'static str = "grpc";
    const HAS_TRAILERS: bool = true;

    fn encode(frame: Frame) -> Bytes {
        let frame = Some(ServerFrame { frame: Some(frame) });
        message(&Self { frame })
    }
}

impl Encoding for ListenResponse {
    const NAME: &'static str = "listen";
    const HAS_TRAILERS: bool = true;

    fn encode(frame: Frame) -> Bytes {
        let frame = Some(ServerFrame { frame: Some(frame) });
        message(&Self { frame })
    }
}

/// A message after a head of five bytes: not compressed, so long.
fn message(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut bytes = BytesMut::with_capacity(5 + length);
    bytes.put_u8(0);
    // A frame has at most some hundred entries of 32 KiB.
    bytes.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    // Fails only without room, and there is as much as was asked for.
    let _infallible = message.encode(&mut bytes);
    bytes.freeze()
}
