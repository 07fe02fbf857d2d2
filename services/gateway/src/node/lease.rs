//! The node's lease at presence: opened, renewed, opened again when it was lost.

use std::{sync::Arc, time::Duration};

use im_proto::presence::{BeatNodeRequest, OpenConnectionsRequest, OpenNodeRequest};
use im_runtime::lifecycle::{Condition, Tasks};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};

use super::{Node, backoff::Backoff};
use crate::{
    error::GatewayError,
    session::{End, Fault},
};

/// Connections stated with one call.
pub(super) const CONNECTIONS_PER_CALL: usize = 1_000;
/// Shortest time between two beats, whatever presence says.
const BEAT_MIN: Duration = Duration::from_millis(100);
/// Time for one beat; the lease outlives several.
const BEAT_TIMEOUT: Duration = Duration::from_secs(3);

/// The lease as others see it.
#[derive(Debug)]
pub(super) struct Lease {
    epoch: watch::Sender<Option<i64>>,
    lost: Notify,
    ready: Condition,
}

impl Lease {
    pub(super) fn new(tasks: &Tasks) -> Self {
        Self {
            epoch: watch::Sender::new(None),
            lost: Notify::new(),
            ready: tasks.readiness().condition("presence_lease"),
        }
    }

    /// The epoch, waited for at most `limit`.
    pub(super) async fn epoch(&self, limit: Duration) -> Result<i64, GatewayError> {
        let mut receiver = self.epoch.subscribe();
        let waited = timeout(limit, receiver.wait_for(Option::is_some)).await;
        let epoch = waited.ok().and_then(Result::ok).and_then(|epoch| *epoch);
        epoch.ok_or_else(|| GatewayError::BackendUnavailable {
            service: "presence",
            cause: "the node has no lease".to_owned(),
        })
    }

    /// The epoch, if there is one.
    pub(super) fn present(&self) -> Option<i64> {
        *self.epoch.borrow()
    }

    /// Presence says that this epoch has ended.
    pub(super) fn lose(&self, epoch: i64) {
        let is_lost = self.epoch.send_if_modified(|present| {
            let is_same = *present == Some(epoch);
            if is_same {
                *present = None;
            }
            is_same
        });
        if is_lost {
            self.lost.notify_one();
        }
    }
}

/// Keeps the lease until the last stream has gone.
pub(super) async fn run(node: Arc<Node>) {
    let soft = node.parts.tasks.shutdown_token();
    let mut backoff = Backoff::new();
    let mut is_first = true;
    loop {
        if soft.is_cancelled() && node.registry.len() == 0 {
            return;
        }
        match open(&node, is_first).await {
            Ok((epoch, interval)) => {
                backoff.reset();
                is_first = false;
                node.lease.ready.set(true);
                if beat(&node, epoch, interval).await {
                    return;
                }
                node.lease.epoch.send_replace(None);
                let wait = backoff.step(&node.parts.ids);
                sleep(wait).await;
            }
            Err(error) => {
                tracing::warn!(code = ?error.code(), "presence gave no lease");
                node.lease.ready.set(false);
                let wait = backoff.step(&node.parts.ids);
                tokio::select! {
                    () = sleep(wait) => {}
                    () = soft.cancelled() => return,
                }
            }
        }
    }
}

/// Opens the lease and states the connections that were admitted before.
async fn open(node: &Node, is_first: bool) -> Result<(i64, Duration), tonic::Status> {
    let request = OpenNodeRequest {
        node_id: node.parts.node_id.to_string(),
    };
    let lease = node
        .parts
        .presence
        .clone()
        .open_node(request)
        .await?
        .into_inner();
    if !is_first {
        restate(node, lease.epoch).await?;
    }
    node.lease.epoch.send_replace(Some(lease.epoch));
    let interval = Duration::from_millis(u64::try_from(lease.beat_interval_ms).unwrap_or_default());
    Ok((lease.epoch, interval.max(BEAT_MIN)))
}

async fn restate(node: &Node, epoch: i64) -> Result<(), tonic::Status> {
    for chunk in node.registry.all().chunks(CONNECTIONS_PER_CALL) {
        let request = OpenConnectionsRequest {
            node_id: node.parts.node_id.to_string(),
            epoch,
            connections: chunk.iter().map(|slot| slot.connection(true)).collect(),
        };
        let answer = node
            .parts
            .presence
            .clone()
            .open_connections(request)
            .await?
            .into_inner();
        for (slot, result) in chunk.iter().zip(answer.results) {
            if !result.refused_reason.is_empty() {
                let reason = result.refused_reason;
                slot.end(End::Failed(Fault::refused(
                    &reason,
                    "the place of this stream was lost",
                )));
            }
        }
    }
    Ok(())
}

/// Renews the lease; `true` if the node is done, `false` if the lease was lost.
async fn beat(node: &Node, epoch: i64, interval: Duration) -> bool {
    let soft = node.parts.tasks.shutdown_token();
    let mut has_told_draining = false;
    let mut next = Instant::now() + interval;
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            () = node.lease.lost.notified() => {
                // A notice about the lease before this one may still have been under way.
                if node.lease.present() != Some(epoch) {
                    return false;
                }
                continue;
            }
            () = soft.cancelled(), if !has_told_draining => {}
            () = node.drained(), if has_told_draining => return true,
        }
        let is_draining = soft.is_cancelled();
        has_told_draining |= is_draining;
        next = Instant::now() + interval;
        let request = BeatNodeRequest {
            node_id: node.parts.node_id.to_string(),
            epoch,
            is_draining,
        };
        let beat = timeout(BEAT_TIMEOUT, async {
            node.parts.presence.clone().beat_node(request).await
        });
        match beat.await {
            Ok(Ok(answer)) if !answer.get_ref().is_renewed => return false,
            Ok(Ok(_)) => {}
            // The lease may outlive this; whether it does, the next beat tells.
            Ok(Err(error)) => tracing::warn!(code = ?error.code(), "a beat failed"),
            Err(_elapsed) => tracing::warn!("a beat had no answer"),
        }
    }
}
