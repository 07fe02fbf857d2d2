//! The stream of presences: one to presence for all viewers of the node.

use std::{collections::HashSet, sync::Arc};

use im_proto::{
    gateway::PresenceBatch,
    presence::{WatchRequest, WatchResponse, watch_response::View},
};
use im_types::{ConnectionId, UserId};
use tokio::{sync::mpsc, time::sleep};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::{Node, Slot, backoff::Backoff};
use crate::session::Input;

/// Requests under way to presence; more wait here, the newest list per stream.
const REQUESTS_MAX: usize = 64;

/// Keeps the link until shutdown.
pub(super) async fn run(node: Arc<Node>) {
    let soft = node.parts.tasks.shutdown_token();
    let mut backoff = Backoff::new();
    while !soft.is_cancelled() {
        let (requests, receiver) = mpsc::channel(REQUESTS_MAX);
        let mut presence = node.parts.presence.clone();
        let watching = tokio::select! {
            watching = presence.watch(ReceiverStream::new(receiver)) => watching,
            () = soft.cancelled() => return,
        };
        match watching {
            Ok(stream) => {
                backoff.reset();
                carry(&node, requests, stream.into_inner()).await;
            }
            Err(error) => tracing::warn!(code = ?error.code(), "presences cannot be watched"),
        }
        let wait = backoff.step(&node.parts.ids);
        tokio::select! {
            () = sleep(wait) => {}
            () = soft.cancelled() => return,
        }
    }
}

async fn carry(
    node: &Arc<Node>,
    requests: mpsc::Sender<WatchRequest>,
    mut views: Streaming<WatchResponse>,
) {
    let reading = async {
        loop {
            match views.message().await {
                Ok(Some(response)) => show(node, response),
                Ok(None) => return tracing::info!("presence ended the watch stream"),
                Err(error) => {
                    return tracing::warn!(code = ?error.code(), "the watch stream broke");
                }
            }
        }
    };
    tokio::select! {
        () = write(node, &requests) => {}
        () = reading => {}
        () = node.drained() => {}
    }
}

async fn write(node: &Node, requests: &mpsc::Sender<WatchRequest>) {
    drop(node.registry.take_watches());
    for slot in node.registry.all() {
        if let Some(request) = renewed(&slot)
            && requests.send(request).await.is_err()
        {
            return;
        }
    }
    loop {
        let (changed, gone) = node.registry.take_watches();
        let requested = lists(node, changed).chain(gone.iter().map(|slot| forgotten(slot)));
        for request in requested.collect::<Vec<_>>() {
            if requests.send(request).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = node.watch_changed.notified() => {}
            () = requests.closed() => return,
        }
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
