//! The stream of `chat` and `tail`: opens it, opens it again from the last cursor whenever it ends,
//! and repeats with the same key whatever had not been acknowledged.

use std::{collections::VecDeque, time::Duration};

use anyhow::Context as _;
use im_proto::{
    gateway::{
        ClientFrame, ConnectRequest, Hello, ServerFrame, client_frame::Frame as Said,
        server_frame::Frame, stream_service_client::StreamServiceClient,
    },
    messaging::SendMessageRequest,
};
use tokio::{sync::mpsc, time::sleep};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::{Context, client};

/// Frames under way to the server.
const OUTGOING_MAX: usize = 64;
/// Longest pause before the stream is opened again.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// One stream with its place in the mailbox.
pub(crate) struct Live<'a> {
    ctx: &'a Context,
    cursor: String,
    outgoing: mpsc::Sender<ConnectRequest>,
    incoming: Streaming<im_proto::gateway::ConnectResponse>,
    unacknowledged: VecDeque<SendMessageRequest>,
}

impl<'a> Live<'a> {
    /// Opens the stream; entries come from `cursor` on, or from now on if it is empty.
    pub(crate) async fn open(ctx: &'a Context, cursor: String) -> anyhow::Result<Live<'a>> {
        let (outgoing, incoming) = connect(ctx, &cursor).await?;
        Ok(Self {
            ctx,
            cursor,
            outgoing,
            incoming,
            unacknowledged: VecDeque::new(),
        })
    }

    /// Sends a message and remembers it until it is acknowledged.
    pub(crate) async fn send(&mut self, message: SendMessageRequest) -> anyhow::Result<()> {
        self.unacknowledged.push_back(message.clone());
        if self.say(Said::Send(message)).await.is_err() {
            self.reopen().await?;
        }
        Ok(())
    }

    /// Whether everything that was sent has been answered.
    pub(crate) fn is_settled(&self) -> bool {
        self.unacknowledged.is_empty()
    }

    /// The next frame. Losses of the stream are healed here and not seen outside.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Frame> {
        loop {
            let frame = match self.incoming.message().await {
                Ok(Some(answer)) => answer.frame.and_then(|ServerFrame { frame }| frame),
                Err(status) if is_lasting(&status) => return Err(status.into()),
                Ok(None) | Err(_) => {
                    self.reopen().await?;
                    continue;
                }
            };
            match frame {
                Some(Frame::Goaway(goaway)) => {
                    let wait_ms = u64::try_from(goaway.reconnect_after_ms).unwrap_or_default();
                    sleep(Duration::from_millis(wait_ms).min(PAUSE_MAX)).await;
                    self.reopen().await?;
                }
                Some(frame) => {
                    self.note(&frame);
                    return Ok(frame);
                }
                // A frame of a newer server.
                None => {}
            }
        }
    }

    fn note(&mut self, frame: &Frame) {
        let answered = match frame {
            Frame::Welcome(welcome) => return self.cursor.clone_from(&welcome.cursor),
            Frame::Batch(batch) => return self.cursor.clone_from(&batch.cursor),
            Frame::Sent(sent) => &sent.client_key,
            Frame::Error(error) => &error.client_key,
            _ => return,
        };
        self.unacknowledged
            .retain(|message| message.client_key != *answered);
    }

    async fn say(&self, frame: Said) -> anyhow::Result<()> {
        let frame = ConnectRequest {
            frame: Some(ClientFrame { frame: Some(frame) }),
        };
        self.outgoing
            .send(frame)
            .await
            .context("the stream has ended")
    }

    async fn reopen(&mut self) -> anyhow::Result<()> {
        let mut pause = Duration::from_millis(200);
        loop {
            match connect(self.ctx, &self.cursor).await {
                Ok((outgoing, incoming)) => {
                    self.outgoing = outgoing;
                    self.incoming = incoming;
                    for message in self.unacknowledged.clone() {
                        // Answered with the first result if it had arrived after all.
                        self.say(Said::Send(message)).await?;
                    }
                    return Ok(());
                }
                Err(error) if error.downcast_ref().is_some_and(is_lasting) => return Err(error),
                Err(_) => {
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }
}

/// Whether trying again does not help.
fn is_lasting(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unauthenticated
            | Code::PermissionDenied
            | Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::ResourceExhausted
            | Code::Unimplemented
    )
}

type Ends = (
    mpsc::Sender<ConnectRequest>,
    Streaming<im_proto::gateway::ConnectResponse>,
);

async fn connect(ctx: &Context, cursor: &str) -> anyhow::Result<Ends> {
    let (outgoing, receiver) = mpsc::channel(OUTGOING_MAX);
    let hello = Said::Hello(Hello {
        cursor: cursor.to_owned(),
        idle: false,
    });
    let first = ConnectRequest {
        frame: Some(ClientFrame { frame: Some(hello) }),
    };
    outgoing.send(first).await.context("the stream has ended")?;
    // A stream has no deadline: `request` sets one for unary calls only.
    let mut request = ctx
        .connection
        .request(ReceiverStream::new(receiver))
        .await?;
    request.metadata_mut().remove("grpc-timeout");
    let mut client = client!(ctx, StreamServiceClient);
    let incoming = client.connect(request).await?.into_inner();
    Ok((outgoing, incoming))
}
