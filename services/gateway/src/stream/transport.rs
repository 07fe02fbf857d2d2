//! What the engine needs of a transport.

use im_proto::gateway::{ClientFrame, server_frame::Frame};

/// The transport cannot be written to any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// What came from the client.
#[derive(Debug)]
pub(crate) enum Said {
    /// A frame.
    Frame(ClientFrame),
    /// Something that is no frame.
    Malformed(String),
    /// A sign of life.
    Alive,
    /// The client is gone.
    Closed,
}

/// How a stream ends, for transports that can say it beside the last frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// Come again.
    Goaway,
    /// Not like this.
    Refused,
}

/// A way to a client.
pub(crate) trait Transport: Send {
    /// For the metrics.
    const NAME: &'static str;
    /// Whether the client answers, so that its silence means something.
    const EXPECTS_ANSWERS: bool;

    /// Writes a frame; it may wait in a buffer until [`Transport::flush`].
    fn send(&mut self, frame: Frame) -> impl Future<Output = Result<(), Gone>> + Send;

    /// Brings what was written on its way.
    fn flush(&mut self) -> impl Future<Output = Result<(), Gone>> + Send;

    /// Asks for a sign of life, where the transport has a way of its own.
    fn probe(&mut self) -> impl Future<Output = Result<(), Gone>> + Send;

    /// What comes next from the client. Cancel-safe.
    fn receive(&mut self) -> impl Future<Output = Said> + Send;

    /// Ends the transport.
    fn close(&mut self, closing: Closing) -> impl Future<Output = ()> + Send;
}
