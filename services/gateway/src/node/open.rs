//! Opening a stream, and closing all of them.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use im_runtime::error::status;
use im_types::ConnectionId;
use tokio::time::sleep;

use super::{Node, Slot, backoff::spread, slot::Wants};
use crate::{edge::Caller, error::GatewayError, session::End};

/// How often the node looks whether the last stream has gone.
const DRAIN_POLL: Duration = Duration::from_millis(50);

/// What a client wants of its stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Where to go on from; empty for the present position.
    pub(crate) cursor: String,
    /// Nobody sits in front of it.
    pub(crate) is_idle: bool,
}

/// A stream with a place; gives everything up when it is dropped.
pub(crate) struct OpenStream {
    pub(crate) node: Arc<Node>,
    pub(crate) slot: Arc<Slot>,
}

impl Node {
    /// Gets a place for a stream and begins to read its mailbox.
    pub(crate) async fn open(
        self: &Arc<Self>,
        caller: Caller,
        wanted: Wanted,
    ) -> Result<OpenStream, tonic::Status> {
        if self.is_draining() {
            return Err(status(&GatewayError::Draining));
        }
        let connection_id = self.parts.ids.new_id::<ConnectionId>();
        let number = self.registry.next_number();
        let wants = Wants {
            cursor: wanted.cursor,
            is_idle: wanted.is_idle,
            ..Wants::default()
        };
        let inputs_max = self.parts.settings.inbox_max;
        let slot = Arc::new(Slot::new(connection_id, caller, number, inputs_max, wants));
        self.admissions.admit(&slot).await?;
        self.registry.insert(&slot);
        self.attach_changed.notify_one();
        // Not before: a change after this finds the stream, and one before is in the answer.
        self.note_rules(&slot).await;
        let stream = OpenStream {
            node: Arc::clone(self),
            slot,
        };
        if self.is_draining() {
            // The drain began meanwhile and has not seen this one.
            stream.slot.end(self.goaway());
        }
        Ok(stream)
    }

    fn goaway(&self) -> End {
        let longest = Duration::from_millis(self.parts.settings.reconnect_spread_ms);
        let wait = spread(&self.parts.ids, Duration::ZERO, longest);
        End::Draining {
            reconnect_after_ms: i32::try_from(wait.as_millis()).unwrap_or(i32::MAX),
        }
    }

    /// Somebody left or came back.
    pub(crate) fn report_activity(&self, slot: &Slot, is_idle: bool) {
        slot.wants().is_idle = is_idle;
        self.registry.activity(slot, is_idle);
    }

    /// Resolves when the node stops and the last stream has gone.
    pub(super) async fn drained(&self) {
        self.parts.tasks.shutdown_token().cancelled().await;
        while self.registry.len() > 0 {
            sleep(DRAIN_POLL).await;
        }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.node.registry.remove(&self.slot);
        self.node.attach_changed.notify_one();
        self.node.watch_changed.notify_one();
    }
}

/// Tells all streams to go when the process stops, each at another time to come again.
pub(super) async fn drain(node: Arc<Node>) {
    node.parts.tasks.shutdown_token().cancelled().await;
    node.is_draining.store(true, Ordering::Release);
    for slot in node.registry.all() {
        slot.end(node.goaway());
    }
}
