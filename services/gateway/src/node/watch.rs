//! The stream of presences: one to presence for all viewers of the node.

use std::collections::HashSet;

use im_proto::{
    gateway::PresenceBatch,
    presence::{WatchRequest, WatchResponse, watch_response::View},
};
use im_types::{ConnectionId, UserId};
use tokio::sync::Notify;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{Node, Slot, link::Link};
use crate::session::Input;

/// The link to presence.
pub(super) struct Presences;

impl Link for Presences {
    type Request = WatchRequest;
    type Response = WatchResponse;
    const NAME: &'static str = "presences";
    const REQUESTS_MAX: usize = 64;

    async fn open(
        node: &Node,
        requests: ReceiverStream<WatchRequest>,
    ) -> Result<Streaming<WatchResponse>, Status> {
        let watching = node.parts.presence.clone().watch(requests).await;
        watching.map(tonic::Response::into_inner)
    }

    fn everything(node: &Node) -> impl Iterator<Item = WatchRequest> + Send {
        let slots = node.registry.all().into_iter();
        slots.filter_map(|slot| renewed(&slot))
    }

    fn changes(node: &Node) -> impl Iterator<Item = WatchRequest> + Send {
        let (changed, gone) = node.registry.take_watches();
        let forgotten = gone.into_iter().map(|slot| forgotten(&slot));
        lists(node, changed).chain(forgotten)
    }

    fn changed(node: &Node) -> &Notify {
        &node.watch_changed
    }

    fn hear(node: &Node, response: WatchResponse) {
        show(node, response);
    }
}

fn lists(node: &Node, changed: HashSet<ConnectionId>) -> impl Iterator<Item = WatchRequest> {
    let slots = changed.into_iter().filter_map(|id| node.registry.get(id));
    slots.map(|slot| {
        let wants = slot.wants();
        request(&slot, &wants.watched, wants.watch_version)
    })
}

/// The list of a stream for a new link; `None` if it watches nobody.
fn renewed(slot: &Slot) -> Option<WatchRequest> {
    let mut wants = slot.wants();
    if wants.watched.is_empty() {
        return None;
    }
    wants.watch_version += 1;
    Some(request(slot, &wants.watched, wants.watch_version))
}

fn forgotten(slot: &Slot) -> WatchRequest {
    let version = slot.wants().watch_version + 1;
    request(slot, &[], version)
}

fn request(slot: &Slot, watched: &[UserId], version: i64) -> WatchRequest {
    WatchRequest {
        connection_id: slot.connection_id.to_string(),
        viewer_id: slot.caller.user_id.to_string(),
        site_id: slot.caller.site_id.to_string(),
        user_ids: watched.iter().map(ToString::to_string).collect(),
        version,
    }
}

fn show(node: &Node, response: WatchResponse) {
    for View {
        connection_id,
        version,
        is_snapshot,
        presences,
    } in response.views
    {
        let slot = ConnectionId::parse(&connection_id)
            .ok()
            .and_then(|id| node.registry.get(id));
        let Some(slot) = slot else { continue };
        // Of a list that has been replaced since.
        if slot.wants().watch_version != version {
            continue;
        }
        slot.push(Input::Presence(PresenceBatch {
            presences,
            is_snapshot,
        }));
    }
}

impl Node {
    /// A stream watches other people from now on.
    pub(crate) fn watch(&self, slot: &Slot, user_ids: Vec<UserId>) {
        let mut wants = slot.wants();
        wants.watched = user_ids.into();
        wants.watch_version += 1;
        drop(wants);
        self.registry.rewatch(slot.connection_id);
        self.watch_changed.notify_one();
    }
}
