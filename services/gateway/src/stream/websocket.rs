//! Streams over WebSocket: JSON in text frames, or protobuf in binary ones.

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use im_proto::gateway::{ClientFrame, ServerFrame, server_frame::Frame};
use prost::Message as _;

use super::{
    engine::{self, Plan},
    frame,
    transport::{Closing, Gone, Said, Transport},
};
use crate::{http::HttpResponse, service::Gateway};

/// Sub-protocol of protobuf frames.
const PROTO: &str = "im.v1.proto";
/// Sub-protocol of JSON frames, for clients that have to name one.
const JSON: &str = "im.v1.json";
/// Buffers of one connection, in bytes: small, for most connections rest most of the time.
const READ_BUFFER_BYTES: usize = 2_048;
const WRITE_BUFFER_BYTES: usize = 4_096;

/// Answers the upgrade and carries the stream in a task of its own.
pub(super) fn serve(gateway: Arc<Gateway>, upgrade: WebSocketUpgrade, plan: Plan) -> HttpResponse {
    let frame_bytes_max = gateway.settings.frame_bytes_max;
    upgrade
        .protocols([PROTO, JSON])
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(frame_bytes_max)
        .max_frame_size(frame_bytes_max)
        .on_failed_upgrade(|error| tracing::debug!(%error, "upgrade failed"))
        .on_upgrade(move |socket| async move {
            let is_binary = socket
                .protocol()
                .is_some_and(|name| name.as_bytes() == PROTO.as_bytes());
            let transport = WebSocketTransport { socket, is_binary };
            engine::spawn(gateway, plan, transport);
        })
}

struct WebSocketTransport {
    socket: WebSocket,
    is_binary: bool,
}

impl WebSocketTransport {
    fn read(&self, message: Message) -> Said {
        match message {
            Message::Text(text) if !self.is_binary => match frame::read(text.as_str()) {
                Ok(frame) => Said::Frame(frame),
                Err(error) => Said::Malformed(error.to_string()),
            },
            Message::Binary(bytes) if self.is_binary => match ClientFrame::decode(bytes) {
                Ok(frame) => Said::Frame(frame),
                Err(error) => Said::Malformed(error.to_string()),
            },
            Message::Text(_) => Said::Malformed("binary frames were agreed on".to_owned()),
            Message::Binary(_) => Said::Malformed("text frames were agreed on".to_owned()),
            Message::Ping(_) | Message::Pong(_) => Said::Alive,
            Message::Close(_) => Said::Closed,
        }
    }
}

impl Transport for WebSocketTransport {
    const NAME: &'static str = "websocket";
    const EXPECTS_ANSWERS: bool = true;

    async fn send(&mut self, frame: Frame) -> Result<(), Gone> {
        let message = if self.is_binary {
            Message::Binary(ServerFrame { frame: Some(frame) }.encode_to_vec().into())
        } else {
            Message::Text(frame::write(&frame).into())
        };
        self.socket.feed(message).await.map_err(|_closed| Gone)
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        self.socket.flush().await.map_err(|_closed| Gone)
    }

    async fn probe(&mut self) -> Result<(), Gone> {
        self.socket
            .feed(Message::Ping(Bytes::new()))
            .await
            .map_err(|_closed| Gone)
    }

    async fn receive(&mut self) -> Said {
        match self.socket.next().await {
            Some(Ok(message)) => self.read(message),
            Some(Err(_)) | None => Said::Closed,
        }
    }

    async fn close(&mut self, closing: Closing) {
        let code = match closing {
            Closing::Goaway => close_code::AWAY,
            Closing::Refused => close_code::POLICY,
        };
        let frame = CloseFrame {
            code,
            reason: "".into(),
        };
        // The client may be gone already; then there is nobody to tell.
        let _gone = self.socket.send(Message::Close(Some(frame))).await;
    }
}
