//! The database of the service: portable SQL behind the port.

#[cfg(test)]
mod contract;
mod nodes;
mod people;
mod places;
mod rosters;
mod rows;
mod sql;

use im_runtime::error::ServiceError;
use im_store::{Database, Migrations};
use im_types::{ConnectionId, NodeId, Timestamp, UserId};
use tokio::time::Instant;

use crate::domain::claim::Claim;
use crate::domain::contact::{Entry, Pair, RosterChange};
use crate::error::Error;
use crate::metrics::PresenceMetrics;
use crate::ports::{
    AdmissionBatch, AdmissionOutcome, Answer, Beat, NodeLease, PairPlan, Place, Sighting,
    SiteCount, Store,
};

/// The schema.
pub static MIGRATIONS: Migrations = im_store::migrations![1 "0001_presence"];

/// The store over a database that has the schema.
#[derive(Debug, Clone)]
pub struct SqlStore {
    database: Database,
    metrics: PresenceMetrics,
}

impl SqlStore {
    /// Over a database that [`MIGRATIONS`] were applied to.
    pub const fn new(database: Database, metrics: PresenceMetrics) -> Self {
        Self { database, metrics }
    }

    /// Does the work and notes how long it took.
    fn timed<'a, T>(
        &'a self,
        operation: &'static str,
        work: impl Future<Output = Result<T, Error>> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            let begun_at = Instant::now();
            let done = work.await;
            let outcome = done.as_ref().err().map(ServiceError::reason);
            self.metrics.worked(operation, outcome, begun_at.elapsed());
            done
        })
    }
}

impl Store for SqlStore {
    fn change_pair<'a>(
        &'a self,
        owner_id: UserId,
        peer_id: UserId,
        now: Timestamp,
        plan: &'a PairPlan<'a>,
    ) -> Answer<'a, (Pair, i64)> {
        self.timed(
            "change_pair",
            rosters::change_pair(&self.database, (owner_id, peer_id), now, plan),
        )
    }

    fn list_contacts(
        &self,
        owner_id: UserId,
        after: Option<UserId>,
        limit: i64,
    ) -> Answer<'_, Vec<Entry>> {
        self.timed(
            "list_contacts",
            rosters::list_contacts(&self.database, owner_id, after, limit),
        )
    }

    fn list_between<'a>(&'a self, user_id: UserId, others: &'a [UserId]) -> Answer<'a, Vec<Entry>> {
        self.timed(
            "list_between",
            rosters::list_between(&self.database, user_id, others),
        )
    }

    fn list_roster_changes(&self, after: i64, limit: i64) -> Answer<'_, (Vec<RosterChange>, i64)> {
        self.timed(
            "list_roster_changes",
            rosters::list_roster_changes(&self.database, after, limit),
        )
    }

    fn prune_roster_changes(&self, before: Timestamp) -> Answer<'_, u64> {
        self.timed(
            "prune_roster_changes",
            rosters::prune_roster_changes(&self.database, before),
        )
    }

    fn save_claims<'a>(&'a self, claims: &'a [Claim]) -> Answer<'a, ()> {
        self.timed("save_claims", people::save_claims(&self.database, claims))
    }

    fn list_claims(&self, after: Option<UserId>, limit: i64) -> Answer<'_, Vec<Claim>> {
        self.timed(
            "list_claims",
            people::list_claims(&self.database, after, limit),
        )
    }

    fn save_sightings<'a>(&'a self, sightings: &'a [(UserId, Timestamp)]) -> Answer<'a, ()> {
        self.timed(
            "save_sightings",
            people::save_sightings(&self.database, sightings),
        )
    }

    fn list_sightings<'a>(&'a self, user_ids: &'a [UserId]) -> Answer<'a, Vec<Sighting>> {
        self.timed(
            "list_sightings",
            people::list_sightings(&self.database, user_ids),
        )
    }

    fn open_node(&self, node_id: NodeId, now: Timestamp, expires_at: Timestamp) -> Answer<'_, i64> {
        self.timed(
            "open_node",
            nodes::open_node(&self.database, node_id, now, expires_at),
        )
    }

    fn beat_node(&self, beat: Beat) -> Answer<'_, bool> {
        self.timed("beat_node", nodes::beat_node(&self.database, beat))
    }

    fn list_nodes(&self) -> Answer<'_, Vec<NodeLease>> {
        self.timed("list_nodes", nodes::list_nodes(&self.database))
    }

    fn end_leases(&self, now: Timestamp) -> Answer<'_, usize> {
        self.timed("end_leases", nodes::end_leases(&self.database, now))
    }

    fn admit<'a>(
        &'a self,
        batch: &'a AdmissionBatch,
        now: Timestamp,
        kept_until: Timestamp,
    ) -> Answer<'a, AdmissionOutcome> {
        self.timed(
            "admit",
            places::admit(&self.database, batch, now, kept_until),
        )
    }

    fn list_places(
        &self,
        after: Option<ConnectionId>,
        now: Timestamp,
        limit: i64,
    ) -> Answer<'_, Vec<Place>> {
        self.timed(
            "list_places",
            places::list_places(&self.database, after, now, limit),
        )
    }

    fn count_places(&self, now: Timestamp) -> Answer<'_, Vec<SiteCount>> {
        self.timed("count_places", places::count_places(&self.database, now))
    }
}
