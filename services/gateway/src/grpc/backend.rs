//! Where the rpcs are answered.

use std::task::{Context, Poll};

use bytes::{Buf as _, BufMut as _, Bytes};
use futures_util::future::BoxFuture;
use http::{Request, Response, uri::PathAndQuery};
use im_runtime::{
    error::{ReasonedStatus, status},
    rpc::{BoxError, RpcBody, RpcChannel},
};
use tonic::{
    Code, Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    service::Routes,
};
use tower::{Service, ServiceExt as _};

use crate::error::GatewayError;

/// The services behind, and those that the gateway answers itself.
#[derive(Debug, Clone)]
pub(crate) struct Backends {
    /// auth.
    pub auth: RpcChannel,
    /// presence.
    pub presence: RpcChannel,
    /// messaging.
    pub messaging: RpcChannel,
    /// `StreamService`, health, reflection.
    pub local: Routes,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    /// A service behind.
    Channel(&'static str, RpcChannel),
    /// The gateway itself.
    Local(Routes),
}

impl Backends {
    /// Who answers the rpc at `/package.Service/Method`.
    pub(crate) fn of(&self, path: &str) -> Backend {
        let package = path
            .strip_prefix("/im.")
            .and_then(|rest| rest.split('.').next());
        match package {
            Some("auth") => Backend::Channel("auth", self.auth.clone()),
            Some("presence") => Backend::Channel("presence", self.presence.clone()),
            Some("messaging") => Backend::Channel("messaging", self.messaging.clone()),
            _ => Backend::Local(self.local.clone()),
        }
    }
}

impl Backend {
    fn name(&self) -> &'static str {
        match self {
            Self::Channel(name, _) => name,
            Self::Local(_) => "gateway",
        }
    }

    /// Passes a request on as it is. An answer that does not come is a status like any other.
    pub(crate) async fn forward(self, request: Request<RpcBody>) -> Response<RpcBody> {
        let name = self.name();
        self.oneshot(request).await.unwrap_or_else(|error| {
            let cause = error.to_string();
            status(&GatewayError::BackendUnavailable {
                service: name,
                cause,
            })
            .into_http()
        })
    }

    /// Calls a unary rpc with an encoded message.
    pub(crate) async fn unary(
        self,
        path: PathAndQuery,
        request: tonic::Request<Bytes>,
    ) -> Result<Bytes, Status> {
        let name = self.name();
        let mut client = tonic::client::Grpc::new(self);
        let answer = client.unary(request, path, RawCodec).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|error| translate(name, error))
    }
}

/// A failure below gRPC as a status of ours; other statuses as they are.
pub(crate) fn translate(service: &'static str, error: Status) -> Status {
    let is_ours = ReasonedStatus::of(&error).reason.is_some();
    if is_ours
        || !matches!(
            error.code(),
            Code::Unavailable | Code::Unknown | Code::Cancelled
        )
    {
        return error;
    }
    status(&GatewayError::BackendUnavailable {
        service,
        cause: error.message().to_owned(),
    })
}

impl Service<Request<RpcBody>> for Backend {
    type Response = Response<RpcBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<RpcBody>, BoxError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Both kinds are ready at once; a channel waits within the call and its deadline.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RpcBody>) -> Self::Future {
        match self {
            Self::Channel(_, channel) => channel.call(request),
            Self::Local(routes) => {
                let routes = routes.clone();
                Box::pin(async move { routes.oneshot(request).await.map_err(Into::into) })
            }
        }
    }
}

/// Messages that stay encoded.
#[derive(Debug, Clone, Copy)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
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

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, input: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(input.copy_to_bytes(input.remaining())))
    }
}
