//! Delivered pointers: the newest acknowledgement of each mailbox, told together now and then.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use im_proto::messaging::{BatchAcknowledgeRequest, batch_acknowledge_request::Acknowledgement};
use im_types::UserId;
use tokio::time::sleep;

use super::{Node, Slot};

/// Time in which acknowledgements are collected.
const INTERVAL: Duration = Duration::from_millis(250);
/// Acknowledgements with one call.
const PER_CALL: usize = 1_000;

/// What is to be told. One per mailbox at most, so as many as there are people here.
#[derive(Debug, Default)]
pub(super) struct Acks {
    newest: Mutex<HashMap<UserId, String>>,
}

impl Node {
    /// A device has everything up to `cursor`.
    pub(crate) fn acknowledge(&self, slot: &Slot, cursor: String) {
        let mut newest = self
            .acks
            .newest
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Of several devices the last to speak counts now; pointers only move forward there.
        newest.insert(slot.caller.user_id, cursor);
    }
}

/// Tells what was acknowledged, best effort.
pub(super) async fn run(node: Arc<Node>) {
    let soft = node.parts.tasks.shutdown_token();
    loop {
        let is_last = soft.is_cancelled() && node.registry.len() == 0;
        let newest = std::mem::take(
            &mut *node
                .acks
                .newest
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        let acknowledgements: Vec<Acknowledgement> = newest
            .into_iter()
            .map(|(user_id, cursor)| Acknowledgement {
                user_id: user_id.to_string(),
                cursor,
            })
            .collect();
        for chunk in acknowledgements.chunks(PER_CALL) {
            let request = BatchAcknowledgeRequest {
                acknowledgements: chunk.to_vec(),
            };
            if let Err(error) = node
                .parts
                .messaging
                .clone()
                .batch_acknowledge(request)
                .await
            {
                tracing::debug!(code = ?error.code(), "acknowledgements were lost");
            }
        }
        if is_last {
            return;
        }
        sleep(INTERVAL).await;
    }
}
