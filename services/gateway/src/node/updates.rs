//! What clients with a one-way stream have to say. The call may arrive at another node than the
//! stream, so what is not for a stream of this node goes over the bus.

use std::sync::Arc;

use im_bus::Topic;
use im_proto::gateway::ClientFrame;
use im_types::SessionId;
use prost::Message as _;

use super::{Node, Slot, heard};
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

/// Hears frames for streams of this node. A client repeats what matters when its stream begins
/// again.
pub(super) async fn listen(node: Arc<Node>) {
    heard::listen(&node, UPDATE.every_key(), |node, message| {
        let key = message.subject.key();
        let session_id = key.and_then(|key| SessionId::parse(key).ok());
        let slot = session_id.and_then(|session_id| node.newest(session_id));
        if let (Some(slot), Ok(frame)) = (slot, ClientFrame::decode(message.payload)) {
            slot.push(Input::Client(frame));
        }
    })
    .await;
}
