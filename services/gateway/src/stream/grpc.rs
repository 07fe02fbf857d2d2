//! Streams as gRPC: in both directions, or one way for gRPC-Web.

use std::{sync::Arc, time::Duration};

use im_proto::gateway::{
    ClientFrame, ConnectRequest, ConnectResponse, Hello, ListenRequest, ListenResponse,
    ServerFrame, client_frame, server_frame::Frame,
};
use im_runtime::error::status;
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{
    engine::{self, Plan},
    transport::{Closing, Gone, Said, Transport},
};
use crate::{edge::Caller, error::GatewayError, node::Wanted, service::Gateway};

/// Frames under way to one client; more wait in its inbox.
const FRAMES_MAX: usize = 4;

/// The answers of a stream.
pub(crate) type Answers<T> = ReceiverStream<Result<T, Status>>;

/// The stream in both directions.
pub(crate) async fn connect(
    gateway: Arc<Gateway>,
    caller: Caller,
    mut requests: Streaming<ConnectRequest>,
) -> Result<Answers<ConnectResponse>, Status> {
    let limit = Duration::from_millis(gateway.settings.open_timeout_ms);
    let first = timeout(limit, requests.message()).await;
    let hello = match first {
        Ok(Ok(Some(ConnectRequest {
            frame:
                Some(ClientFrame {
                    frame: Some(client_frame::Frame::Hello(hello)),
                }),
        }))) => hello,
        Ok(Err(error)) => return Err(error),
        Ok(Ok(_)) | Err(_) => return Err(status(&GatewayError::HelloRequired)),
    };
    let Hello { cursor, idle } = hello;
    let plan = Plan {
        caller,
        wanted: Wanted {
            cursor,
            is_idle: idle,
        },
        watch: Vec::new(),
        place: None,
    };
    let (answers, receiver) = mpsc::channel(FRAMES_MAX);
    let frame_bytes_max = gateway.settings.frame_bytes_max;
    let transport = ConnectTransport {
        requests,
        answers,
        frame_bytes_max,
    };
    engine::spawn(gateway, plan, transport);
    Ok(ReceiverStream::new(receiver))
}

/// The stream from server to client.
pub(crate) fn listen(
    gateway: Arc<Gateway>,
    caller: Caller,
    request: ListenRequest,
) -> Answers<ListenResponse> {
    let ListenRequest {
        cursor,
        watch_user_ids,
        idle,
    } = request;
    let plan = Plan {
        caller,
        wanted: Wanted {
            cursor,
            is_idle: idle,
        },
        watch: watch_user_ids,
        place: None,
    };
    let (answers, receiver) = mpsc::channel(FRAMES_MAX);
    engine::spawn(gateway, plan, ListenTransport { answers });
    ReceiverStream::new(receiver)
}

struct ConnectTransport {
    requests: Streaming<ConnectRequest>,
    answers: mpsc::Sender<Result<ConnectResponse, Status>>,
    frame_bytes_max: usize,
}

impl Transport for ConnectTransport {
    const NAME: &'static str = "grpc";
    // HTTP/2 asks for signs of life itself, and closes the stream of a peer that gives none.
    const EXPECTS_ANSWERS: bool = false;

    async fn send(&mut self, frame: Frame) -> Result<(), Gone> {
        let frame = Some(ServerFrame { frame: Some(frame) });
        self.answers
            .send(Ok(ConnectResponse { frame }))
            .await
            .map_err(|_closed| Gone)
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        Ok(())
    }

    async fn probe(&mut self) -> Result<(), Gone> {
        Ok(())
    }

    async fn receive(&mut self) -> Said {
        tokio::select! {
            said = self.requests.message() => match said {
                Ok(Some(request)) => {
                    if prost::Message::encoded_len(&request) > self.frame_bytes_max {
                        return Said::Malformed("the frame is too long".to_owned());
                    }
                    Said::Frame(request.frame.unwrap_or_default())
                }
                Ok(None) | Err(_) => Said::Closed,
            },
            () = self.answers.closed() => Said::Closed,
        }
    }

    async fn close(&mut self, _closing: Closing) {}
}

struct ListenTransport {
    answers: mpsc::Sender<Result<ListenResponse, Status>>,
}

impl Transport for ListenTransport {
    const NAME: &'static str = "listen";
    const EXPECTS_ANSWERS: bool = false;

    async fn send(&mut self, frame: Frame) -> Result<(), Gone> {
        let frame = Some(ServerFrame { frame: Some(frame) });
        self.answers
            .send(Ok(ListenResponse { frame }))
            .await
            .map_err(|_closed| Gone)
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        Ok(())
    }

    async fn probe(&mut self) -> Result<(), Gone> {
        Ok(())
    }

    async fn receive(&mut self) -> Said {
        self.answers.closed().await;
        Said::Closed
    }

    async fn close(&mut self, _closing: Closing) {}
}
