//! The stream of mailboxes: one to messaging for all clients of the node.
//!
//! When it is made again, every mailbox is opened from the last cursor that was handed to its
//! stream: nothing is missed, nothing comes twice.

use std::collections::HashMap;

use im_proto::messaging::{
    AttachRequest, AttachResponse, Batch,
    attach_request::{Action, Credit, Open},
    attach_response::{Delivery, delivery::Content},
};
use im_types::ConnectionId;
use tokio::sync::Notify;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{Node, Slot, link::Link, registry::MailboxChanges};
use crate::session::{End, Fault, Input};

/// The link to messaging.
pub(super) struct Mailboxes;

impl Link for Mailboxes {
    type Request = AttachRequest;
    type Response = AttachResponse;
    const NAME: &'static str = "mailboxes";
    const REQUESTS_MAX: usize = 256;

    async fn open(
        node: &Node,
        requests: ReceiverStream<AttachRequest>,
    ) -> Result<Streaming<AttachResponse>, Status> {
        let attached = node.parts.messaging.clone().attach(requests).await;
        attached.map(tonic::Response::into_inner)
    }

    fn everything(node: &Node) -> impl Iterator<Item = AttachRequest> + Send {
        let slots = node.registry.all().into_iter();
        slots.map(|slot| open(node, &slot))
    }

    fn changes(node: &Node) -> impl Iterator<Item = AttachRequest> + Send {
        changed(node, node.registry.take_mailboxes()).into_iter()
    }

    fn changed(node: &Node) -> &Notify {
        &node.attach_changed
    }

    fn hear(node: &Node, response: AttachResponse) {
        deliver(node, response);
    }
}

fn changed(node: &Node, mut changes: MailboxChanges) -> Vec<AttachRequest> {
    let mut requests = Vec::new();
    for id in changes.opened {
        if let Some(slot) = node.registry.get(id) {
            // What came free before counts from the opening on.
            changes.credit.remove(&id);
            requests.push(open(node, &slot));
        }
    }
    requests.extend(credits(changes.credit));
    requests.extend(changes.closed.into_iter().map(|id| AttachRequest {
        action: Some(Action::CloseConnectionId(id.to_string())),
    }));
    requests
}

fn credits(credit: HashMap<ConnectionId, u32>) -> impl Iterator<Item = AttachRequest> {
    credit.into_iter().map(|(id, entries)| AttachRequest {
        action: Some(Action::Credit(Credit {
            connection_id: id.to_string(),
            entries: i32::try_from(entries).unwrap_or(i32::MAX),
        })),
    })
}

fn open(node: &Node, slot: &Slot) -> AttachRequest {
    let wants = slot.wants();
    // Entries that wait in the inbox still take their room.
    let credit = node
        .parts
        .settings
        .credit_entries
        .saturating_sub(wants.pending_entries)
        .max(1);
    AttachRequest {
        action: Some(Action::Open(Open {
            connection_id: slot.connection_id.to_string(),
            user_id: slot.caller.user_id.to_string(),
            cursor: wants.cursor.clone(),
            credit: i32::try_from(credit).unwrap_or(i32::MAX),
        })),
    }
}

fn deliver(node: &Node, response: AttachResponse) {
    for Delivery {
        connection_id,
        content,
    } in response.deliveries
    {
        let slot = ConnectionId::parse(&connection_id)
            .ok()
            .and_then(|id| node.registry.get(id));
        let (Some(slot), Some(content)) = (slot, content) else {
            continue;
        };
        match content {
            Content::OpenedCursor(cursor) => opened(&slot, cursor),
            Content::Batch(batch) => entries(&slot, batch),
            Content::Error(status) => {
                slot.end(End::Failed(Fault::from_rpc(&status)));
            }
        }
    }
}

fn opened(slot: &Slot, cursor: String) {
    let mut wants = slot.wants();
    if wants.cursor.is_empty() {
        wants.cursor.clone_from(&cursor);
    }
    drop(wants);
    slot.push(Input::Opened { cursor });
}

fn entries(slot: &Slot, batch: Batch) {
    let mut wants = slot.wants();
    wants.cursor.clone_from(&batch.cursor);
    let count = u32::try_from(batch.entries.len()).unwrap_or(u32::MAX);
    wants.pending_entries = wants.pending_entries.saturating_add(count);
    drop(wants);
    slot.push(Input::Batch(batch));
}

impl Node {
    /// A stream has taken entries.
    pub(crate) fn credit(&self, slot: &Slot, entries: u32) {
        let mut wants = slot.wants();
        wants.pending_entries = wants.pending_entries.saturating_sub(entries);
        drop(wants);
        self.registry.credit(slot.connection_id, entries);
        self.attach_changed.notify_one();
    }
}
