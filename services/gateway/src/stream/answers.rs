//! Streams that go out as the body of one response: gRPC, gRPC-Web and server-sent events.

use std::{
    convert::Infallible,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::Frame as BodyFrame;
use im_proto::gateway::server_frame::Frame;
use tokio::sync::mpsc;

use super::{
    engine::{self, Plan},
    transport::{Closing, Gone, Said, Transport},
};
use crate::service::Gateway;

/// Frames under way to one client; more wait in its inbox.
const FRAMES_MAX: usize = 4;

/// How frames are written.
pub(super) trait Encoding: Send + 'static {
    /// For the metrics.
    const NAME: &'static str;
    /// Whether the outcome follows the last frame, as gRPC wants it.
    const HAS_TRAILERS: bool;

    /// A frame as it goes out.
    fn encode(frame: Frame) -> Bytes;
}

/// Where frames of the client come from.
pub(super) trait Saying: Send + 'static {
    /// What comes next. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = Said> + Send;
}

/// A client that cannot speak on its stream.
pub(super) struct Silent;

impl Saying for Silent {
    async fn next(&mut self) -> Said {
        std::future::pending().await
    }
}

/// Begins a stream in a task of its own; the body of the response that carries it.
pub(super) fn open<E: Encoding, S: Saying>(
    gateway: Arc<Gateway>,
    plan: Plan,
    saying: S,
) -> AnswerBody {
    let (answers, frames) = mpsc::channel(FRAMES_MAX);
    let transport = AnswerTransport {
        answers,
        saying,
        encoding: PhantomData::<E>,
    };
    engine::spawn(gateway, plan, transport);
    AnswerBody {
        frames,
        needs_trailers: E::HAS_TRAILERS,
    }
}

struct AnswerTransport<E, S> {
    /// Encoded, for the channel keeps room for 32 of what it carries.
    answers: mpsc::Sender<Bytes>,
    saying: S,
    encoding: PhantomData<E>,
}

impl<E: Encoding, S: Saying> Transport for AnswerTransport<E, S> {
    const NAME: &'static str = E::NAME;
    // HTTP/2 asks for signs of life itself, TCP does besides, and both close the stream of a peer
    // that gives none.
    const EXPECTS_ANSWERS: bool = false;

    async fn send(&mut self, frame: Frame) -> Result<(), Gone> {
        let sent = self.answers.send(E::encode(frame)).await;
        sent.map_err(|_closed| Gone)
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        Ok(())
    }

    async fn probe(&mut self) -> Result<(), Gone> {
        Ok(())
    }

    async fn receive(&mut self) -> Said {
        tokio::select! {
            said = self.saying.next() => said,
            () = self.answers.closed() => Said::Closed,
        }
    }

    async fn close(&mut self, _closing: Closing) {}
}

/// The body of a response: frames as they come, then perhaps the outcome.
pub(super) struct AnswerBody {
    frames: mpsc::Receiver<Bytes>,
    needs_trailers: bool,
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, Infallible>>> {
        if let Some(bytes) = ready!(self.frames.poll_recv(cx)) {
            return Poll::Ready(Some(Ok(BodyFrame::data(bytes))));
        }
        if !std::mem::take(&mut self.needs_trailers) {
            return Poll::Ready(None);
        }
        // Why the stream ended its last frame has told; the call itself went well.
        let mut trailers = HeaderMap::with_capacity(1);
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        Poll::Ready(Some(Ok(BodyFrame::trailers(trailers))))
    }
}
