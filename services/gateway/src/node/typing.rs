//! "Somebody types", in both directions. Best effort: what cannot be told at once is not told.

use std::sync::Arc;

use im_bus::Topic;
use im_proto::{event::TypingStarted, messaging::PublishTypingRequest};
use im_types::UserId;
use tokio::sync::mpsc;

use super::{Node, Slot, heard};
use crate::session::Input;

/// Tellings that may wait.
const WAITING_MAX: usize = 1_024;
/// `im.event.v1.TypingStarted`.
const TYPING: Topic = Topic::new("messaging", "typing");

/// The way to the task that tells messaging.
#[derive(Debug)]
pub(super) struct TypingQueue {
    requests: mpsc::Sender<PublishTypingRequest>,
}

impl TypingQueue {
    pub(super) fn new() -> (Self, mpsc::Receiver<PublishTypingRequest>) {
        let (requests, receiver) = mpsc::channel(WAITING_MAX);
        (Self { requests }, receiver)
    }
}

impl Node {
    /// The person behind a stream types.
    pub(crate) fn publish_typing(&self, slot: &Slot, conversation_id: String) {
        let request = PublishTypingRequest {
            conversation_id,
            user_id: slot.caller.user_id.to_string(),
            site_id: slot.caller.site_id.to_string(),
        };
        if self.typing.requests.try_send(request).is_err() {
            tracing::debug!("typing was not told: too much waits");
        }
    }
}

/// Tells messaging.
pub(super) async fn run(node: Arc<Node>, mut requests: mpsc::Receiver<PublishTypingRequest>) {
    let soft = node.parts.tasks.shutdown_token();
    loop {
        let request = tokio::select! {
            request = requests.recv() => request,
            () = soft.cancelled() => return,
        };
        let Some(request) = request else { return };
        if let Err(error) = node.parts.messaging.clone().publish_typing(request).await {
            tracing::debug!(code = ?error.code(), "typing was not told");
        }
    }
}

/// Tells the streams of those whom messaging names. Typing that was missed is over by now.
pub(super) async fn listen(node: Arc<Node>) {
    heard::listen(&node, TYPING, |node, message| {
        if let Ok(typing) = message.decode::<TypingStarted>() {
            tell(node, &typing);
        }
    })
    .await;
}

fn tell(node: &Node, typing: &TypingStarted) {
    let recipients = typing
        .recipient_ids
        .iter()
        .filter_map(|id| UserId::parse(id).ok());
    for slot in recipients.flat_map(|user_id| node.registry.of_user(user_id)) {
        slot.push(Input::Typing {
            conversation_id: typing.conversation_id.clone(),
            user_id: typing.user_id.clone(),
        });
    }
}
