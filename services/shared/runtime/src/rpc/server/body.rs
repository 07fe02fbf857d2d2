//! The body of a response: keeps scope and span while a stream is polled, turns a panic into
//! trailers, and sees how the call ended.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tonic::{Code, Status};
use tracing::Span;

use super::metrics::Outcome;
use crate::{error::internal_status, rpc::scope::RequestScope};

const GRPC_STATUS: &str = "grpc-status";

pub(super) struct ObservedBody {
    inner: Option<Body>,
    scope: RequestScope,
    span: Span,
    outcome: Outcome,
}

impl ObservedBody {
    pub(super) fn new(
        inner: Body,
        headers: &HeaderMap,
        scope: RequestScope,
        span: Span,
        mut outcome: Outcome,
    ) -> Self {
        // An error without a message has its status in the head and no trailers.
        if let Some(code) = code(headers) {
            outcome.finish(code);
        }
        Self {
            inner: Some(inner),
            scope,
            span,
            outcome,
        }
    }
}

impl http_body::Body for ObservedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let Some(inner) = this.inner.as_mut() else {
            return Poll::Ready(None);
        };
        let entered = this.span.enter();
        let polled = this.scope.run_sync(|| {
            catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll_frame(cx)))
                .map_err(|panic| internal_status("PANIC", panic_text(panic.as_ref())))
        });
        drop(entered);
        match polled {
            Ok(polled) => {
                this.observe(&polled);
                polled
            }
            Err(status) => {
                this.inner = None;
                this.outcome.finish(status.code());
                Poll::Ready(Some(Ok(Frame::trailers(trailers(&status)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl ObservedBody {
    fn observe(&mut self, polled: &Poll<Option<Result<Frame<Bytes>, axum::Error>>>) {
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(code) = frame.trailers_ref().and_then(code) {
                    self.outcome.finish(code);
                }
            }
            Poll::Ready(Some(Err(_))) => self.outcome.finish(Code::Unknown),
            // Not gRPC (no trailers): whatever came was all.
            Poll::Ready(None) => self.outcome.finish(Code::Ok),
            Poll::Pending => {}
        }
    }
}

fn code(headers: &HeaderMap) -> Option<Code> {
    headers
        .get(GRPC_STATUS)
        .map(|value| Code::from_bytes(value.as_bytes()))
}

fn trailers(status: &Status) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // Fails only for metadata that no header can hold; ours is ASCII.
    let _infallible = status.add_header(&mut headers);
    headers
}

/// The message of a panic.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic without a message")
}
