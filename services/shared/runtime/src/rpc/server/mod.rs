//! What every incoming call passes, on both paths.

mod body;
mod head;
mod metrics;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use futures_util::FutureExt as _;
use im_types::Clock;
use tokio::time::timeout_at;
use tonic::{Status, service::Routes};
use tracing::Instrument as _;

use self::{body::ObservedBody, metrics::RpcMetrics};
use super::{
    deadline,
    identity::{InternalKey, REASON_REQUIRED, ServiceVerifier},
    trace,
};
use crate::error::{ErrorKind, internal_status, simple_status};

/// Time for a request whose caller set none.
const REQUEST_TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// Services anybody may ask: they say whether and what, never about whom.
const EXEMPT: [&str; 3] = [
    "/grpc.health.v1.Health/",
    "/grpc.reflection.v1.",
    "/grpc.reflection.v1alpha.",
];

/// The layers of a server: request id, deadline, panic, span, metrics, service identity.
///
/// Make it after [`crate::telemetry::init`]: the metrics go to the meter of that moment.
#[derive(Clone)]
pub struct ServerLayers {
    verifier: Option<ServiceVerifier>,
    request_timeout: Duration,
    metrics: Arc<RpcMetrics>,
}

impl ServerLayers {
    /// For services that only our own processes may call. Verified callers are in the request's
    /// extensions as [`super::PeerService`]; all others get `INTERNAL_IDENTITY_REQUIRED`.
    pub fn internal(key: InternalKey, clock: Clock) -> Self {
        Self {
            verifier: Some(ServiceVerifier::new(key, clock)),
            ..Self::public()
        }
    }

    /// For services that anybody may call.
    pub fn public() -> Self {
        Self {
            verifier: None,
            request_timeout: REQUEST_TIMEOUT_DEFAULT,
            metrics: Arc::new(RpcMetrics::new()),
        }
    }

    /// Time until the head of the response for requests that come without `grpc-timeout`.
    #[must_use]
    pub const fn with_request_timeout(mut self, request_timeout: Duration) -> Self {
        self.request_timeout = request_timeout;
        self
    }

    /// Puts the layers around `routes`, for [`super::RpcChannel::local`] and
    /// [`crate::serve::GrpcServer`] alike.
    pub fn wrap(&self, routes: Routes) -> Routes {
        let router = routes
            .into_axum_router()
            .layer(from_fn_with_state(self.clone(), serve));
        Routes::from(router)
    }

    /// Refuses strangers and leaves the caller's name to the handler.
    fn admit(&self, request: &mut Request) -> Result<(), Status> {
        let Some(verifier) = &self.verifier else {
            return Ok(());
        };
        if let Some(peer) = verifier.verify(request.headers()) {
            request.extensions_mut().insert(peer);
            return Ok(());
        }
        if EXEMPT
            .iter()
            .any(|prefix| request.uri().path().starts_with(prefix))
        {
            return Ok(());
        }
        Err(simple_status(
            ErrorKind::Unauthenticated,
            REASON_REQUIRED,
            "only services of this installation may call this",
        ))
    }
}

async fn serve(State(layers): State<ServerLayers>, mut request: Request, next: Next) -> Response {
    let method = head::Method::of(request.uri().path());
    let mut scope = head::scope(request.headers(), layers.request_timeout);
    let span = head::span(&method, &scope);
    trace::adopt(&span, request.headers());
    let outcome = layers.metrics.started(method);

    let handled = async {
        if let Err(status) = layers.admit(&mut request) {
            return status.into_http();
        }
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
        match within(scope.deadline, answer).await {
            Ok(Ok(response)) => response,
            Ok(Err(panic)) => {
                internal_status("PANIC", body::panic_text(panic.as_ref())).into_http()
            }
            Err(_elapsed) => simple_status(
                ErrorKind::DeadlineExceeded,
                deadline::REASON,
                "the request took longer than the time given",
            )
            .into_http(),
        }
    };
    let response = scope.clone().run(handled).instrument(span.clone()).await;

    // The deadline was for the head. What a stream's body calls later has its own time.
    scope.deadline = None;
    let (parts, inner) = response.into_parts();
    let observed = ObservedBody::new(inner, &parts.headers, scope, span, outcome);
    Response::from_parts(parts, Body::new(observed))
}

async fn within<F: Future>(
    deadline: Option<tokio::time::Instant>,
    future: F,
) -> Result<F::Output, tokio::time::error::Elapsed> {
    match deadline {
        Some(at) => timeout_at(at, future).await,
        None => Ok(future.await),
    }
}
