//! Sending for all clients: whatever comes while a call is under way goes with the next one.

use std::sync::Arc;

use im_proto::{
    gateway::Sent,
    messaging::{
        BatchSendMessagesRequest, ClientMessage, SendMessageRequest, SendMessageResponse,
        batch_send_messages_response::result::Outcome,
    },
};
use im_runtime::error::status;
use tokio::sync::mpsc;

use super::{Node, Slot};
use crate::{
    error::GatewayError,
    grpc::translate,
    session::{Fault, Input},
};

/// Messages with one call.
const MESSAGES_PER_CALL: usize = 512;

/// A message with the stream it came from.
#[derive(Debug)]
pub(super) struct Waiting {
    slot: Arc<Slot>,
    request: SendMessageRequest,
}

/// The way to the lanes. A client always takes the same lane, so that its messages stay in order.
#[derive(Debug)]
pub(super) struct Sends {
    lanes: Vec<mpsc::Sender<Waiting>>,
}

impl Sends {
    pub(super) fn new(lanes: usize, queue_max: usize) -> (Self, Vec<mpsc::Receiver<Waiting>>) {
        let per_lane = (queue_max / lanes.max(1)).max(1);
        let (senders, receivers) = (0..lanes.max(1)).map(|_| mpsc::channel(per_lane)).unzip();
        (Self { lanes: senders }, receivers)
    }

    fn lane(&self, slot: &Slot) -> Option<&mpsc::Sender<Waiting>> {
        let lanes = u64::try_from(self.lanes.len()).unwrap_or(1).max(1);
        let index = usize::try_from(slot.number % lanes).unwrap_or_default();
        self.lanes.get(index)
    }
}

impl Node {
    /// Sends a message; the stream is told what became of it.
    pub(crate) fn submit(&self, slot: &Arc<Slot>, request: SendMessageRequest) {
        let client_key = request.client_key.clone();
        let waiting = Waiting {
            slot: Arc::clone(slot),
            request,
        };
        let is_taken = self
            .sends
            .lane(slot)
            .is_some_and(|lane| lane.try_send(waiting).is_ok());
        if !is_taken {
            let fault = Fault::of(&status(&GatewayError::SendsOverloaded));
            slot.push(Input::SendFailed(fault.with_client_key(client_key)));
        }
    }
}

/// One lane: one call after the other.
pub(super) async fn run(node: Arc<Node>, mut lane: mpsc::Receiver<Waiting>) {
    let hard = node.parts.tasks.hard_token();
    let mut waiting = Vec::new();
    loop {
        let taken = tokio::select! {
            taken = lane.recv_many(&mut waiting, MESSAGES_PER_CALL) => taken,
            () = hard.cancelled() => return,
            // What clients sent before they were told to go is still answered.
            () = node.drained() => return,
        };
        if taken == 0 {
            return;
        }
        send(&node, std::mem::take(&mut waiting)).await;
    }
}

async fn send(node: &Node, waiting: Vec<Waiting>) {
    let mut messages = Vec::with_capacity(waiting.len());
    let mut clients = Vec::with_capacity(waiting.len());
    for Waiting { slot, request } in waiting {
        clients.push((Arc::clone(&slot), request.client_key.clone()));
        messages.push(ClientMessage {
            user_id: slot.caller.user_id.to_string(),
            session_id: slot.caller.session_id.to_string(),
            site_id: slot.caller.site_id.to_string(),
            request: Some(request),
        });
    }
    let request = BatchSendMessagesRequest { messages };
    let results = match node
        .parts
        .messaging
        .clone()
        .batch_send_messages(request)
        .await
    {
        Ok(answer) => answer.into_inner().results,
        Err(error) => {
            let fault = Fault::of(&translate("messaging", error));
            for (slot, key) in clients {
                slot.push(Input::SendFailed(fault.clone().with_client_key(key)));
            }
            return;
        }
    };
    let mut outcomes = results.into_iter().map(|result| result.outcome);
    for (slot, key) in clients {
        slot.push(answer(outcomes.next().flatten(), key));
    }
}

fn answer(outcome: Option<Outcome>, client_key: String) -> Input {
    match outcome {
        Some(Outcome::Response(SendMessageResponse { message, duplicate })) => Input::Sent(Sent {
            client_key,
            message,
            duplicate,
        }),
        Some(Outcome::Error(error)) => {
            Input::SendFailed(Fault::from_rpc(&error).with_client_key(client_key))
        }
        None => {
            let error = GatewayError::BackendInvalid {
                service: "messaging",
                cause: "a message has no outcome".to_owned(),
            };
            Input::SendFailed(Fault::of(&status(&error)).with_client_key(client_key))
        }
    }
}
