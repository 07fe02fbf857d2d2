//! The stream of one person, over gRPC or WebSocket.

use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use im_proto::{
    gateway::{
        ClientFrame, ConnectRequest, ConnectResponse, Hello, ServerFrame, Watch, Welcome,
        client_frame::Frame as Said, server_frame::Frame,
        stream_service_client::StreamServiceClient,
    },
    messaging::SendMessageRequest,
};
use prost::Message as _;
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};
use tonic::{Request, Streaming};

use crate::{
    args::Transport,
    client::{Api, channel},
    people::Person,
};

/// Frames that wait for the network.
const OUTGOING_MAX: usize = 256;
/// How long a stream may take to stand.
const OPEN_TIMEOUT: Duration = Duration::from_secs(20);

/// An open stream.
pub(crate) struct Stream {
    outgoing: Outgoing,
    incoming: Incoming,
    /// Position from which entries come.
    pub(crate) cursor: String,
}

/// How to open streams.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) address: String,
    pub(crate) transport: Transport,
}

/// The stream was ended by the server, with its reason.
#[derive(Debug, thiserror::Error)]
#[error("the server says {reason}: {message}")]
pub(crate) struct Refused {
    pub(crate) reason: String,
    message: String,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

enum Outgoing {
    Grpc(mpsc::Sender<ConnectRequest>),
    Websocket(SplitSink<Socket, Message>),
}

enum Incoming {
    Grpc(Box<Streaming<ConnectResponse>>),
    Websocket(SplitStream<Socket>),
}

impl Door {
    /// Opens a stream on a connection of its own and waits for the first frame.
    pub(crate) async fn open(&self, person: &Person, cursor: &str) -> anyhow::Result<Stream> {
        let opening = async {
            let mut stream = match self.transport {
                Transport::Grpc => self.open_grpc(person, cursor).await?,
                Transport::Websocket => self.open_websocket(person, cursor).await?,
            };
            let welcome = stream.welcome().await?;
            stream.cursor = welcome.cursor;
            anyhow::Ok(stream)
        };
        timeout(OPEN_TIMEOUT, opening)
            .await
            .context("no stream in time")?
            .with_context(|| format!("opening the stream of {}", person.username))
    }

    async fn open_grpc(&self, person: &Person, cursor: &str) -> anyhow::Result<Stream> {
        let (outgoing, frames) = mpsc::channel(OUTGOING_MAX);
        let hello = Said::Hello(Hello {
            cursor: cursor.to_owned(),
            idle: false,
        });
        outgoing
            .try_send(said(hello))
            .context("a new queue is empty")?;
        let mut request = Request::new(ReceiverStream::new(frames));
        request
            .metadata_mut()
            .insert("authorization", person.token.clone());
        let mut client = StreamServiceClient::new(channel(&self.address)?);
        let incoming = client.connect(request).await?.into_inner();
        Ok(Stream {
            outgoing: Outgoing::Grpc(outgoing),
            incoming: Incoming::Grpc(Box::new(incoming)),
            cursor: String::new(),
        })
    }

    async fn open_websocket(&self, person: &Person, cursor: &str) -> anyhow::Result<Stream> {
        let ticket = Api::new(&self.address)?.ticket(&person.token).await?;
        let address = self.address.replacen("http", "ws", 1);
        let url = format!("{address}/v1/stream?ticket={ticket}&cursor={cursor}");
        let mut request = url.into_client_request()?;
        request.headers_mut().insert(
            "sec-websocket-protocol",
            HeaderValue::from_static("im.v1.proto"),
        );
        let (socket, _answer) = connect_async(request).await?;
        let (outgoing, incoming) = socket.split();
        Ok(Stream {
            outgoing: Outgoing::Websocket(outgoing),
            incoming: Incoming::Websocket(incoming),
            cursor: String::new(),
        })
    }
}

impl Stream {
    /// Sends a message; the answer comes as a frame.
    pub(crate) async fn send(&mut self, message: SendMessageRequest) -> anyhow::Result<()> {
        self.say(Said::Send(message)).await
    }

    /// Replaces the list of people whose presence is told.
    pub(crate) async fn watch(&mut self, user_ids: Vec<String>) -> anyhow::Result<()> {
        self.say(Said::Watch(Watch { user_ids })).await
    }

    async fn say(&mut self, frame: Said) -> anyhow::Result<()> {
        match &mut self.outgoing {
            Outgoing::Grpc(outgoing) => {
                outgoing
                    .send(said(frame))
                    .await
                    .context("the stream has ended")?;
            }
            Outgoing::Websocket(outgoing) => {
                let bytes = ClientFrame { frame: Some(frame) }.encode_to_vec();
                outgoing.send(Message::binary(bytes)).await?;
            }
        }
        Ok(())
    }

    /// The next frame; the end of the stream is an error. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Frame> {
        loop {
            let frame = match &mut self.incoming {
                Incoming::Grpc(incoming) => {
                    let answer = incoming.message().await?.context("the stream has ended")?;
                    answer.frame
                }
                Incoming::Websocket(incoming) => {
                    match incoming.next().await.context("the stream has ended")?? {
                        Message::Binary(bytes) => Some(ServerFrame::decode(bytes)?),
                        Message::Text(text) => bail!("a text frame: {text}"),
                        Message::Close(_) => bail!("the stream has ended"),
                        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => None,
                    }
                }
            };
            // Frames of a newer server have nothing in them.
            if let Some(frame) = frame.and_then(|frame| frame.frame) {
                return check(frame);
            }
        }
    }

    async fn welcome(&mut self) -> anyhow::Result<Welcome> {
        match self.next().await? {
            Frame::Welcome(welcome) => Ok(welcome),
            other => bail!("a welcome expected, not {other:?}"),
        }
    }
}

/// Frames that end a stream end a scenario.
fn check(frame: Frame) -> anyhow::Result<Frame> {
    match frame {
        Frame::Error(error) => Err(Refused {
            reason: error.reason,
            message: error.message,
        }
        .into()),
        Frame::Goaway(goaway) => bail!("the server says goaway: {}", goaway.reason),
        frame => Ok(frame),
    }
}

fn said(frame: Said) -> ConnectRequest {
    ConnectRequest {
        frame: Some(ClientFrame { frame: Some(frame) }),
    }
}
