//! What every outgoing call gets, on both paths.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, Response};
use tokio::time::{Instant, timeout_at};
use tower::Service;

use super::{BoxError, RpcBody, ServiceIdentity, context, deadline, identity, scope, trace};
use crate::error::{ErrorKind, error_chain, simple_status};

/// Time for a call whose caller set none.
const CALL_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// Reason of a call that found no peer.
const REASON_UNREACHABLE: &str = "BACKEND_UNAVAILABLE";

/// Settings of the layers on an outgoing channel.
#[derive(Debug, Clone)]
pub struct ClientLayers {
    identity: Option<ServiceIdentity>,
    call_timeout: Duration,
}

impl ClientLayers {
    /// A process that calls as `identity`.
    pub fn internal(identity: ServiceIdentity) -> Self {
        Self {
            identity: Some(identity),
            call_timeout: CALL_TIMEOUT_DEFAULT,
        }
    }

    /// A caller from outside: no service identity.
    pub const fn external() -> Self {
        Self {
            identity: None,
            call_timeout: CALL_TIMEOUT_DEFAULT,
        }
    }

    /// Time until the head of the response when neither the request nor the scope sets less.
    #[must_use]
    pub const fn with_call_timeout(mut self, call_timeout: Duration) -> Self {
        self.call_timeout = call_timeout;
        self
    }
}

/// Adds deadline, request id, trace and identity to each request.
///
/// The deadline covers the time to the head of the response, which for a unary call is all of it.
/// An open stream lives as long as both sides want, because nothing here can tell a stream that
/// rests from one that hangs; keepalive finds dead peers.
#[derive(Debug, Clone)]
pub(super) struct ClientService<S> {
    inner: S,
    layers: ClientLayers,
}

impl<S> ClientService<S> {
    pub(super) const fn new(inner: S, layers: ClientLayers) -> Self {
        Self { inner, layers }
    }
}

impl<S> Service<Request<RpcBody>> for ClientService<S>
where
    S: Service<Request<RpcBody>, Response = Response<RpcBody>>,
    S: Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<RpcBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<RpcBody>, BoxError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Readiness is awaited inside the call, so that the deadline covers it: a balancer with
        // no endpoint would otherwise keep the caller waiting without limit.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<RpcBody>) -> Self::Future {
        let at = self.layers.deadline(&request);
        let headers = request.headers_mut();
        deadline::insert(headers, at);
        trace::inject(headers);
        if let Some(value) = scope::request_id().and_then(|id| HeaderValue::from_str(&id).ok()) {
            headers.entry(context::REQUEST_ID).or_insert(value);
        }
        if let Some(token) = self
            .layers
            .identity
            .as_ref()
            .and_then(ServiceIdentity::header)
        {
            headers.insert(identity::HEADER, token);
        }
        let mut inner = self.inner.clone();
        Box::pin(async move {
            let answer = timeout_at(at, async {
                std::future::poll_fn(|cx| inner.poll_ready(cx))
                    .await
                    .map_err(Into::into)?;
                inner.call(request).await.map_err(Into::into)
            });
            Ok(match answer.await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => transport_status(error.as_ref()).into_http(),
                Err(_elapsed) => too_late().into_http(),
            })
        })
    }
}

fn too_late() -> tonic::Status {
    simple_status(
        ErrorKind::DeadlineExceeded,
        deadline::REASON,
        "no answer in the time given",
    )
}

/// What a fault below gRPC means. Left to itself the transport calls a connection that breaks or a
/// timer of its own `CANCELLED`, as if the caller had wanted it.
fn transport_status(error: &(dyn std::error::Error + Send + Sync + 'static)) -> tonic::Status {
    let mut chain =
        std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| {
            error.source()
        });
    if chain.any(<dyn std::error::Error>::is::<tonic::TimeoutExpired>) {
        return too_late();
    }
    tracing::warn!(error = error_chain(error), "a service cannot be reached");
    let message = "a service cannot be reached";
    simple_status(ErrorKind::Unavailable, REASON_UNREACHABLE, message)
}

impl ClientLayers {
    /// The earliest of: the request's own timeout (or the default), the scope's deadline.
    fn deadline(&self, request: &Request<RpcBody>) -> Instant {
        let timeout = deadline::parse(request.headers()).unwrap_or(self.call_timeout);
        let own = Instant::now() + timeout.min(deadline::TIMEOUT_MAX);
        scope::deadline().map_or(own, |outer| outer.min(own))
    }
}
