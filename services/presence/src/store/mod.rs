//! The database of the service: portable SQL behind the port.

#[cfg(test)]
mod contract;
mod nodes;
mod people;
mod places;
mod rosters;
mod rows;
mod sql;

use im_store::{Database, Migrations};
use im_types::{ConnectionId, NodeId, Timestamp, UserId};

use crate::domain::claim::Claim;
use crate::domain::contact::{Entry, Pair, RosterChange};
use crate::ports::{
    AdmissionBatch, AdmissionOutcome, Answer, Beat, NodeLease, PairPlan, Place, Sighting, Store,
};

/// The schema.
pub static MIGRATIONS: Migrations = im_store::migrations![1 "0001_presence"];

/// The store over a database that has the schema.
#[derive(Debug, Clone)]
pub struct SqlStore {
    database: Database,
}

impl SqlStore {
    /// Over a database that [`MIGRATIONS`] were applied to.
    pub const fn new(database: Database) -> Self {
        Self { database }
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
        Box::pin(rosters::change_pair(
            &self.database,
            (owner_id, peer_id),
            now,
            plan,
        ))
    }

    fn list_contacts(
        &self,
        owner_id: UserId,
        after: Option<UserId>,
        limit: i64,
    ) -> Answer<'_, Vec<Entry>> {
        Box::pin(rosters::list_contacts(
            &self.database,
            owner_id,
            after,
            limit,
        ))
    }

    fn list_between<'a>(&'a self, user_id: UserId, others: &'a [UserId]) -> Answer<'a, Vec<Entry>> {
        Box::pin(rosters::list_between(&self.database, user_id, others))
    }

    fn list_roster_changes(&self, after: i64, limit: i64) -> Answer<'_, (Vec<RosterChange>, i64)> {
        Box::pin(rosters::list_roster_changes(&self.database, after, limit))
    }

    fn prune_roster_changes(&self, before: Timestamp) -> Answer<'_, u64> {
        Box::pin(rosters::prune_roster_changes(&self.database, before))
    }

    fn save_claims<'a>(&'a self, claims: &'a [Claim]) -> Answer<'a, ()> {
        Box::pin(people::save_claims(&self.database, claims))
    }

    fn list_claims(&self, after: Option<UserId>, limit: i64) -> Answer<'_, Vec<Claim>> {
        Box::pin(people::list_claims(&self.database, after, limit))
    }

    fn save_sightings<'a>(&'a self, sightings: &'a [(UserId, Timestamp)]) -> Answer<'a, ()> {
        Box::pin(people::save_sightings(&self.database, sightings))
    }

    fn list_sightings<'a>(&'a self, user_ids: &'a [UserId]) -> Answer<'a, Vec<Sighting>> {
        Box::pin(people::list_sightings(&self.database, user_ids))
    }

    fn open_node(&self, node_id: NodeId, now: Timestamp, expires_at: Timestamp) -> Answer<'_, i64> {
        Box::pin(nodes::open_node(&self.database, node_id, now, expires_at))
    }

    fn beat_node(&self, beat: Beat) -> Answer<'_, bool> {
        Box::pin(nodes::beat_node(&self.database, beat))
    }

    fn list_nodes(&self) -> Answer<'_, Vec<NodeLease>> {
        Box::pin(nodes::list_nodes(&self.database))
    }

    fn end_leases(&self, now: Timestamp) -> Answer<'_, usize> {
        Box::pin(nodes::end_leases(&self.database, now))
    }

    fn admit<'a>(
        &'a self,
        batch: &'a AdmissionBatch,
        now: Timestamp,
        kept_until: Timestamp,
    ) -> Answer<'a, AdmissionOutcome> {
        Box::pin(places::admit(&self.database, batch, now, kept_until))
    }

    fn list_places(
        &self,
        after: Option<ConnectionId>,
        now: Timestamp,
        limit: i64,
    ) -> Answer<'_, Vec<Place>> {
        Box::pin(places::list_places(&self.database, after, now, limit))
    }
}
