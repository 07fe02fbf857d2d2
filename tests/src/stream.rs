//! A client for the stream of the gateway: a WebSocket with one JSON object per frame.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// What came from the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// A frame.
    Frame(Value),
    /// The end: the close code and its reason, if the server said them.
    Closed(Option<(u16, String)>),
    /// Nothing in the time given.
    Silence,
}

/// An open stream.
#[derive(Debug)]
pub struct Stream {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Stream {
    /// Opens a stream, such as `ws://127.0.0.1:8080/v1/stream?ticket=…`.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn connect(url: &str) -> Self {
        Self::try_connect(url)
            .await
            .unwrap_or_else(|(_, error)| panic!("{url}: {error}"))
    }

    /// Opens a stream that may be refused: a URL, or a request with headers of its own.
    ///
    /// # Errors
    /// The HTTP status of the refusal, if there was an answer, and what happened.
    pub async fn try_connect(
        url: impl IntoClientRequest + Unpin,
    ) -> Result<Self, (Option<u16>, String)> {
        match connect_async(url).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
                let status = answer.status();
                Err((Some(status.as_u16()), format!("refused with {status}")))
            }
            Err(error) => Err((None, error.to_string())),
        }
    }

    /// Sends a frame, such as `{"ping": {}}`.
    ///
    /// # Panics
    /// When the stream is closed.
    pub async fn send(&mut self, frame: Value) {
        let sent = self.socket.send(Message::text(frame.to_string())).await;
        sent.expect("the stream takes a frame");
    }

    /// Sends a frame; false when the stream is closed.
    pub async fn try_send(&mut self, frame: Value) -> bool {
        let sent = self.socket.send(Message::text(frame.to_string())).await;
        sent.is_ok()
    }

    /// What comes next within the time.
    ///
    /// # Panics
    /// When a frame is not JSON.
    pub async fn receive(&mut self, timeout: Duration) -> Received {
        let end = Instant::now() + timeout;
        loop {
            let Ok(next) = tokio::time::timeout_at(end, self.socket.next()).await else {
                return Received::Silence;
            };
            match next {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(&text);
                    return Received::Frame(frame.unwrap_or_else(|_| panic!("no JSON: {text}")));
                }
                Some(Ok(Message::Close(close))) => {
                    let close = close.map(|frame| (frame.code.into(), frame.reason.to_string()));
                    return Received::Closed(close);
                }
                // Pings are answered by the library.
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Received::Closed(None),
            }
        }
    }

    /// The next frame.
    ///
    /// # Panics
    /// When none comes in time or the stream ends.
    pub async fn next_frame(&mut self, timeout: Duration) -> Value {
        match self.receive(timeout).await {
            Received::Frame(frame) => frame,
            other => panic!("a frame expected within {timeout:?}, not {other:?}"),
        }
    }

    /// The content of the next frame of a kind (`batch`, `presence` …), passing over all others.
    ///
    /// # Panics
    /// When none comes in time or the stream ends.
    pub async fn next_of(&mut self, kind: &str, timeout: Duration) -> Value {
        let end = Instant::now() + timeout;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.receive(left).await {
                Received::Frame(mut frame) => {
                    if let Some(content) = frame.get_mut(kind) {
                        return content.take();
                    }
                }
                other => panic!("a frame {kind} expected within {timeout:?}, not {other:?}"),
            }
        }
    }

    /// Closes it in order.
    pub async fn close(mut self) {
        // Who closed first does not matter.
        let _ = self.socket.close(None).await;
    }
}
