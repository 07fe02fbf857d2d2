//! Leases of gateway nodes: one for each node, not one for each connection, so that a node that
//! dies takes all its connections down at once.

use im_types::NodeId;

use super::{News, Presence};
use crate::domain::holding::Lease;
use crate::error::Error;
use crate::ports::{Beat, NodeLease};

/// What a node is told about its lease.
#[derive(Debug, Clone, Copy)]
pub struct NodeTerms {
    /// Larger than every earlier one.
    pub epoch: i64,
    /// How often to renew, in milliseconds.
    pub beat_interval_ms: u32,
    /// Its life without renewal, in milliseconds.
    pub lease_ms: u32,
}

impl Presence {
    /// Opens a lease; what an earlier one of the node held is void.
    pub async fn open_node(&self, node_id: NodeId) -> Result<NodeTerms, Error> {
        let now = self.clock.now();
        let expires_at = now + self.settings.lease();
        let epoch = self.store.open_node(node_id, now, expires_at).await?;
        let ended = Lease {
            ended_epoch: epoch - 1,
            ended_at: now,
        };
        let moving = self.hub.with(|board, now| {
            let mut moving = board.moving_from(node_id);
            for holding in &mut moving {
                holding.epoch = epoch;
                board.hold(*holding, now);
            }
            board.end_lease(node_id, ended, now);
            moving
        });
        for holding in moving {
            self.tell(News::Holding(holding)).await;
        }
        Ok(NodeTerms {
            epoch,
            beat_interval_ms: self.settings.beat_interval_ms,
            lease_ms: self.settings.lease_ms,
        })
    }

    /// Renews a lease; `false`: it has ended.
    pub async fn beat_node(
        &self,
        node_id: NodeId,
        epoch: i64,
        is_draining: bool,
    ) -> Result<bool, Error> {
        let now = self.clock.now();
        let expires_at = now + self.settings.lease();
        let moving_kept = self.settings.moving_kept();
        let beat = Beat {
            node_id,
            epoch,
            now,
            expires_at,
            is_draining,
            moving_kept,
        };
        self.store.beat_node(beat).await
    }

    /// Ends leases that were not renewed, and learns of all that ended, here or elsewhere.
    pub async fn check_leases(&self) -> Result<(), Error> {
        let ended = self.store.end_leases(self.clock.now()).await?;
        if ended > 0 {
            tracing::warn!(count = ended, "gateway nodes did not renew their leases");
        }
        let nodes = self.store.list_nodes().await?;
        self.metrics.leases(&nodes);
        for node in &nodes {
            self.learn_lease(node);
        }
        Ok(())
    }

    fn learn_lease(&self, node: &NodeLease) {
        let (ended_epoch, ended_at) = if node.is_open {
            (node.epoch - 1, self.clock.now())
        } else {
            (node.epoch, node.expires_at)
        };
        let node_id = node.node_id;
        self.hub.with(|board, now| {
            if !board.has_ended(node_id, ended_epoch) {
                board.end_lease(
                    node_id,
                    Lease {
                        ended_epoch,
                        ended_at,
                    },
                    now,
                );
            }
        });
    }
}
