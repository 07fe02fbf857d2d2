//! What gateway nodes hold: connections, told by whichever replica served the node and merged by
//! all. Merging is commutative, associative and idempotent, so that order, loss and repetition of
//! what the bus carries cannot make replicas disagree for good.

use std::cmp::Ordering;

use im_types::{ConnectionId, NodeId, Timestamp, UserId};

/// What a connection is doing. The order decides between equal revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// Somebody sits in front of it.
    Active,
    /// Nobody does.
    Idle,
    /// It ended while its node drained: the client is moving to another node.
    Moving,
    /// It ended.
    Closed,
}

/// One connection as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Of the node's lease; a larger one voids what came before.
    pub epoch: i64,
    /// Larger is newer, within a connection and epoch.
    pub revision: i64,
    /// What it is doing.
    pub activity: Activity,
    /// On which node.
    pub node_id: NodeId,
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub connection_id: ConnectionId,
}

impl Holding {
    /// The newer of two reports of one connection.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        debug_assert_eq!(
            self.connection_id, other.connection_id,
            "reports of one connection"
        );
        self.max(other)
    }

    /// What decides which report counts. A connection that ended never comes back under the same
    /// lease, however late a report of it arrives.
    const fn rank(&self) -> (i64, bool, i64, Activity, NodeId, UserId, ConnectionId) {
        let is_closed = matches!(self.activity, Activity::Closed);
        let ids = (self.node_id, self.user_id, self.connection_id);
        (
            self.epoch,
            is_closed,
            self.revision,
            self.activity,
            ids.0,
            ids.1,
            ids.2,
        )
    }

    /// Whether it shows its person as connected.
    pub const fn is_connected(&self) -> bool {
        !matches!(self.activity, Activity::Closed)
    }
}

impl Ord for Holding {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Holding {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What is known of a node's leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Everything up to this epoch has ended.
    pub ended_epoch: i64,
    /// When the newest ended one did.
    pub ended_at: Timestamp,
}

impl Default for Lease {
    fn default() -> Self {
        Self {
            ended_epoch: i64::MIN,
            ended_at: Timestamp::EPOCH,
        }
    }
}

impl Lease {
    /// What both know.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        if (other.ended_epoch, other.ended_at) > (self.ended_epoch, self.ended_at) {
            other
        } else {
            self
        }
    }

    /// Whether a holding of this epoch is void.
    pub const fn voids(&self, epoch: i64) -> bool {
        epoch <= self.ended_epoch
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn holdings() -> impl Strategy<Value = Holding> {
        (0..3_i64, 0..3_i64, 0..4_usize, 0..2_u128).prop_map(|(epoch, revision, activity, node)| {
            Holding {
                epoch,
                revision,
                activity: [
                    Activity::Active,
                    Activity::Idle,
                    Activity::Moving,
                    Activity::Closed,
                ][activity],
                node_id: NodeId::from_uuid(Uuid::from_u128(node)),
                user_id: UserId::from_uuid(Uuid::nil()),
                connection_id: ConnectionId::from_uuid(Uuid::nil()),
            }
        })
    }

    fn leases() -> impl Strategy<Value = Lease> {
        (0..4_i64, 0..4_i64).prop_map(|(ended_epoch, at)| Lease {
            ended_epoch,
            ended_at: Timestamp::from_micros(at),
        })
    }

    proptest! {
        #[test]
        fn holdings_merge_in_any_order_and_number(a in holdings(), b in holdings(), c in holdings()) {
            prop_assert_eq!(a.merge(b), b.merge(a));
            prop_assert_eq!(a.merge(b).merge(c), a.merge(b.merge(c)));
            prop_assert_eq!(a.merge(a), a);
        }

        #[test]
        fn leases_merge_in_any_order_and_number(a in leases(), b in leases(), c in leases()) {
            prop_assert_eq!(a.merge(b), b.merge(a));
            prop_assert_eq!(a.merge(b).merge(c), a.merge(b.merge(c)));
            prop_assert_eq!(a.merge(a), a);
        }
    }
}
