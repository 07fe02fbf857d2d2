//! Ends the streams of health and reflection when the process stops. Nobody else would: a watcher
//! keeps its stream open for good, and the server waits for open streams.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, middleware::map_response, response::Response};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// Time for a watcher to read that the process drains.
const LAST_WORD: Duration = Duration::from_millis(500);

/// Gives every response of `router` an end soon after `soft` is cancelled.
pub(super) fn until_shutdown(router: Router, soft: CancellationToken) -> Router {
    router.layer(map_response(move |response: Response| {
        let end = end(soft.clone());
        async move {
            response.map(|inner| {
                Body::new(EndingBody {
                    inner: Some(inner),
                    end: Box::pin(end),
                })
            })
        }
    }))
}

async fn end(soft: CancellationToken) {
    soft.cancelled().await;
    tokio::time::sleep(LAST_WORD).await;
}

struct EndingBody {
    inner: Option<Body>,
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl http_body::Body for EndingBody {
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
        if let Poll::Ready(frame) = Pin::new(inner).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        if this.end.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        this.inner = None;
        let mut trailers = HeaderMap::new();
        // Fails only for metadata that no header can hold; there is none.
        let _infallible = Status::unavailable("the server stops").add_header(&mut trailers);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
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
