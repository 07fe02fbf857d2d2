//! What the code that serves a request knows about it without being told: the request id, the
//! deadline and the trace, kept in a task-local for the error model, the log and outgoing calls.
//!
//! A task that a handler spawns has no scope; give it what it needs by value.

use std::{future::Future, sync::Arc};

use http::HeaderValue;
use tokio::time::Instant;

tokio::task_local! {
    static SCOPE: RequestScope;
}

/// What surrounds the handling of one request.
#[derive(Debug, Clone)]
pub struct RequestScope {
    /// The id a client quotes when it reports a fault.
    pub request_id: Arc<str>,
    /// When the caller stops waiting for the head of the response.
    pub deadline: Option<Instant>,
    /// The caller's `traceparent`, passed on as it is when no span of our own replaces it.
    pub(super) traceparent: Option<HeaderValue>,
}

impl RequestScope {
    /// The scope of work that no request started (a worker, a test).
    pub fn new(request_id: &str, deadline: Option<Instant>) -> Self {
        Self {
            request_id: request_id.into(),
            deadline,
            traceparent: None,
        }
    }

    /// Runs `future` in this scope.
    pub async fn run<F: Future>(self, future: F) -> F::Output {
        SCOPE.scope(self, future).await
    }

    /// Runs `work` in this scope.
    pub(super) fn run_sync<T>(&self, work: impl FnOnce() -> T) -> T {
        SCOPE.sync_scope(self.clone(), work)
    }
}

/// The id of the request being served.
pub fn request_id() -> Option<Arc<str>> {
    SCOPE.try_with(|scope| Arc::clone(&scope.request_id)).ok()
}

/// The deadline of the request being served.
pub fn deadline() -> Option<Instant> {
    SCOPE.try_with(|scope| scope.deadline).ok().flatten()
}

/// The trace of the request being served, as it came.
pub(super) fn traceparent() -> Option<HeaderValue> {
    SCOPE
        .try_with(|scope| scope.traceparent.clone())
        .ok()
        .flatten()
}
