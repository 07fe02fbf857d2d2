//! What clients with a one-way stream have to say. The call may arrive at another node than the
//! stream, so what is not for a stream of this node goes over the bus.

use std::sync::Arc;

use im_bus::{Event, Topic};
use im_proto::gateway::ClientFrame;
use im_types::SessionId;
use prost::Message as _;

use super::{Node, Slot};
use crate::session::Input;

/// A frame for the newest stream of the session that is the key.
const UPDATE: Topic = Topic::new("gateway", "update");

impl Node {
    /// Hands a frame to the newest stream of a session, here or elsewhere.
    pub(crate) fn update(&self, session_id: SessionId, frame: ClientFrame) {
        if let Some(slot) = self.newest(session_id) {
            slot.push(Input::Client(frame));
            return;
        }
        if let Ok(subject) = UPDATE.keyed(session_id) {
            self.parts.bus.publish(&subject, frame.encode_to_vec());
        }
    }

    fn newest(&self, session_id: SessionId) -> Option<Arc<Slot>> {
        self.registry
            .of_session(session_id)
            .into_iter()
            .max_by_key(|slot| slot.number)
    }
}

/// Hears frames for streams of this node.
pub(super) async fn listen(node: Arc<Node>) {
    let soft = node.parts.tasks.shutdown_token();
    let Ok(mut heard) = node.parts.bus.subscribe(UPDATE.every_key()).await else {
        return;
    };
    loop {
        let event = tokio::select! {
            event = heard.recv() => event,
            () = soft.cancelled() => return,
        };
        match event {
            Some(Event::Message(message)) => {
                let session_id = message
                    .subject
                    .key()
                    .and_then(|key| SessionId::parse(key).ok());
                let slot = session_id.and_then(|session_id| node.newest(session_id));
                if let (Some(slot), Ok(frame)) = (slot, ClientFrame::decode(message.payload)) {
                    slot.push(Input::Client(frame));
                }
            }
            // The client repeats what matters when its stream begins again.
            Some(Event::Lagged { .. } | Event::Reconnected) => {}
            None => return,
        }
    }
}
