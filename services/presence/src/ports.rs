//! What the service needs from outside, in its own words.

use futures_util::future::BoxFuture;
use im_types::{ConnectionId, NodeId, SiteId, Timestamp, UserId};

use crate::domain::admission::{Applicant, Refused};
use crate::domain::claim::Claim;
use crate::domain::contact::{Entry, Pair, RosterChange};
use crate::error::Error;

/// What a port answers with, in time.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Error>>;

/// A change of a pair, decided under the lock. May be called again if the transaction collided.
pub type PairPlan<'a> = dyn Fn(Pair) -> Result<Pair, Error> + Send + Sync + 'a;

/// The lease of a node as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeLease {
    /// Whose.
    pub node_id: NodeId,
    /// Larger than all before.
    pub epoch: i64,
    /// Without renewal it ends then.
    pub expires_at: Timestamp,
    /// Whether it has not been ended.
    pub is_open: bool,
    /// Since when the node sends its clients elsewhere.
    pub draining_at: Option<Timestamp>,
}

/// A connection that was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which connection.
    pub connection_id: ConnectionId,
    /// On which node.
    pub node_id: NodeId,
    /// Under which lease.
    pub epoch: i64,
    /// Whose.
    pub user_id: UserId,
    /// When it was let in.
    pub opened_at: Timestamp,
    /// Until when it is kept for a client that moves; `None` while in use.
    pub kept_until: Option<Timestamp>,
}

/// How many places of a site are in use or kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteCount {
    /// Which site.
    pub site_id: SiteId,
    /// Connections.
    pub connection_count: u64,
    /// Distinct people.
    pub user_count: u64,
}

/// Where and when somebody was connected last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Who.
    pub user_id: UserId,
    /// On which site.
    pub site_id: String,
    /// When others saw the person last; `None` if never.
    pub last_seen_at: Option<Timestamp>,
}

/// What a batch of the admission task wants to be done, in order.
#[derive(Debug, Default)]
pub struct AdmissionBatch {
    /// Who wants in.
    pub applicants: Vec<Applicant>,
    /// Who leaves.
    pub leavers: Vec<Leavers>,
}

/// Connections of a node that ended.
#[derive(Debug, Clone)]
pub struct Leavers {
    /// On which node.
    pub node_id: NodeId,
    /// Under which lease.
    pub epoch: i64,
    /// Which.
    pub connection_ids: Vec<ConnectionId>,
}

/// What became of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AdmissionOutcome {
    /// For each applicant, in order.
    pub results: Vec<Result<(), Refused>>,
    /// For each group of leavers, in order.
    pub departures: Vec<Departure>,
}

/// What became of connections that ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Departure {
    /// Whether their node drains, so that their places are kept for a while.
    pub is_moving: bool,
    /// Those that had a place, and whose they are.
    pub left: Vec<(ConnectionId, UserId)>,
}

/// The database of the service. Every method is one atomic unit.
pub trait Store: Send + Sync + 'static {
    /// Reads both sides of a pair under the lock, lets `plan` decide, and writes the sides and the
    /// entries of the feed. The new pair and the newest position of the feed.
    fn change_pair<'a>(
        &'a self,
        owner_id: UserId,
        peer_id: UserId,
        now: Timestamp,
        plan: &'a PairPlan<'a>,
    ) -> Answer<'a, (Pair, i64)>;
    /// A roster by peer, after one.
    fn list_contacts(
        &self,
        owner_id: UserId,
        after: Option<UserId>,
        limit: i64,
    ) -> Answer<'_, Vec<Entry>>;
    /// The rows between one person and some others, of either side.
    fn list_between<'a>(&'a self, user_id: UserId, others: &'a [UserId]) -> Answer<'a, Vec<Entry>>;
    /// The feed after a position, and the newest position.
    fn list_roster_changes(&self, after: i64, limit: i64) -> Answer<'_, (Vec<RosterChange>, i64)>;
    /// Forgets what is older.
    fn prune_roster_changes(&self, before: Timestamp) -> Answer<'_, u64>;

    /// Writes claims down, unless newer ones are there.
    fn save_claims<'a>(&'a self, claims: &'a [Claim]) -> Answer<'a, ()>;
    /// All claims that say something, by user.
    fn list_claims(&self, after: Option<UserId>, limit: i64) -> Answer<'_, Vec<Claim>>;
    /// Writes down when people were seen last, unless later times are there.
    fn save_sightings<'a>(&'a self, sightings: &'a [(UserId, Timestamp)]) -> Answer<'a, ()>;
    /// Where and when these people were connected last.
    fn list_sightings<'a>(&'a self, user_ids: &'a [UserId]) -> Answer<'a, Vec<Sighting>>;

    /// A new lease of a node; what an earlier one held is void, but for places that are kept for
    /// clients on their way. Its epoch.
    fn open_node(&self, node_id: NodeId, now: Timestamp, expires_at: Timestamp) -> Answer<'_, i64>;
    /// Renews a lease; `false` if it has ended. While draining it lasts at least until
    /// `draining_until`.
    fn beat_node(&self, beat: Beat) -> Answer<'_, bool>;
    /// All leases, ended ones included.
    fn list_nodes(&self) -> Answer<'_, Vec<NodeLease>>;
    /// Ends leases that were not renewed, with their places; and forgets kept places that are due
    /// and leases that ended long ago. How many leases were ended.
    fn end_leases(&self, now: Timestamp) -> Answer<'_, usize>;
    /// Lets connections in and out, in one transaction.
    fn admit<'a>(
        &'a self,
        batch: &'a AdmissionBatch,
        now: Timestamp,
        kept_until: Timestamp,
    ) -> Answer<'a, AdmissionOutcome>;
    /// Connections under leases in force, by id.
    fn list_places(
        &self,
        after: Option<ConnectionId>,
        now: Timestamp,
        limit: i64,
    ) -> Answer<'_, Vec<Place>>;
    /// The places under leases in force, by site; of the first hundred sites.
    fn count_places(&self, now: Timestamp) -> Answer<'_, Vec<SiteCount>>;
}

/// A node's sign of life.
#[derive(Debug, Clone, Copy)]
pub struct Beat {
    /// Whose.
    pub node_id: NodeId,
    /// Of which lease.
    pub epoch: i64,
    /// Now.
    pub now: Timestamp,
    /// When the lease ends without another one.
    pub expires_at: Timestamp,
    /// Whether the node sends its clients elsewhere.
    pub is_draining: bool,
    /// How long the presence of its clients is kept.
    pub moving_kept: std::time::Duration,
}
