//! The stream of mailboxes: one to messaging for all clients of the node.
//!
//! When it breaks, it is made again, perhaps to another replica, and every mailbox is opened from
//! the last cursor that was handed to its stream: nothing is missed, nothing comes twice.

use std::{collections::HashMap, sync::Arc};

use im_proto::messaging::{
    AttachRequest, AttachResponse, Batch,
    attach_request::{Action, Credit, Open},
    attach_response::{Delivery, delivery::Content},
};
use im_types::ConnectionId;
use tokio::{sync::mpsc, time::sleep};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::{Node, Slot, backoff::Backoff, registry::MailboxChanges};
use crate::session::{End, Fault, Input};

/// Requests under way to messaging; more wait here, joined per stream.
const REQUESTS_MAX: usize = 256;

/// Keeps the link until shutdown.
pub(super) async fn run(node: Arc<Node>) {
    let soft = node.parts.tasks.shutdown_token();
    let mut backoff = Backoff::new();
    while !soft.is_cancelled() {
        let (requests, receiver) = mpsc::channel(REQUESTS_MAX);
        let mut messaging = node.parts.messaging.clone();
        let attached = tokio::select! {
            attached = messaging.attach(ReceiverStream::new(receiver)) => attached,
            () = soft.cancelled() => return,
        };
        match attached {
            Ok(stream) => {
                backoff.reset();
                carry(&node, requests, stream.into_inner()).await;
            }
            Err(error) => tracing::warn!(code = ?error.code(), "mailboxes cannot be attached"),
        }
        let wait = backoff.step(&node.parts.ids);
        tokio::select! {
            () = sleep(wait) => {}
            () = soft.cancelled() => return,
        }
    }
}

/// Carries one link until it breaks, or until the last stream has gone after shutdown.
async fn carry(
    node: &Arc<Node>,
    requests: mpsc::Sender<AttachRequest>,
    mut deliveries: Streaming<AttachResponse>,
) {
    // Reading must not wait for writing, or both sides might wait for each other.
    let writing = write(node, &requests);
    let reading = async {
        loop {
            match deliveries.message().await {
                Ok(Some(response)) => deliver(node, response),
                Ok(None) => return tracing::info!("messaging ended the mailbox stream"),
                Err(error) => {
                    return tracing::warn!(code = ?error.code(), "the mailbox stream broke");
                }
            }
        }
    };
    tokio::select! {
        () = writing => {}
        () = reading => {}
        () = node.drained() => {}
    }
}

async fn write(node: &Node, requests: &mpsc::Sender<AttachRequest>) {
    // All that was noted so far is contained in what is opened now.
    drop(node.registry.take_mailboxes());
    for slot in node.registry.all() {
        if requests.send(open(node, &slot)).await.is_err() {
            return;
        }
    }
    loop {
        let changes = node.registry.take_mailboxes();
        for request in changed(node, changes) {
            if requests.send(request).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = node.attach_changed.notified() => {}
            () = requests.closed() => return,
        }
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
