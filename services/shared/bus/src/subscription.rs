//! What a subscriber holds and hears.

use std::sync::Arc;

use bytes::Bytes;
use tokio_util::sync::DropGuard;

use crate::Subject;
use crate::hub::{Hub, InboxId};
use crate::inbox::Inbox;

/// One message of the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is about, without the prefix of the bus.
    pub subject: Subject,
    /// At most [`PAYLOAD_BYTES_MAX`](crate::PAYLOAD_BYTES_MAX) bytes.
    pub payload: Bytes,
}

impl Message {
    /// Reads the payload as a protobuf message.
    ///
    /// # Errors
    /// When the payload is of another kind; the sender may be of another version.
    pub fn decode<M: prost::Message + Default>(&self) -> Result<M, prost::DecodeError> {
        M::decode(self.payload.clone())
    }
}

/// What a subscriber hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A bell rang. Messages of one publisher about one subject come in order.
    Message(Message),
    /// The subscriber was too slow and messages were dropped: read the state again from its
    /// owner. What comes after this event was published later than what was dropped.
    Lagged {
        /// How many messages were dropped, at least.
        missed: u64,
    },
    /// The bus was away and is back: anything may have been missed, read the state again. The
    /// subscription is in force again when this is told, so nothing falls between.
    Reconnected,
}

/// A subscription; dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    inbox: Arc<Inbox>,
    hub: Arc<Hub>,
    id: InboxId,
    /// Ends the task that feeds the inbox, where there is one.
    _feeder: Option<DropGuard>,
}

impl Subscription {
    pub(crate) fn new(
        hub: Arc<Hub>,
        id: InboxId,
        inbox: Arc<Inbox>,
        feeder: Option<DropGuard>,
    ) -> Self {
        Self {
            inbox,
            hub,
            id,
            _feeder: feeder,
        }
    }

    /// The next event, `None` once the bus is closed. Cancel-safe: may be used in `select!`.
    pub async fn recv(&mut self) -> Option<Event> {
        self.inbox.recv().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.remove(self.id);
    }
}
