//! Places: who is connected. The only thing about connections that the database knows.

use std::collections::{BTreeSet, HashMap};

use im_policy::Limit;
use im_store::{Database, RetryBudget, Tx, query, query_rows, retry};
use im_types::{ConnectionId, NodeId, SiteId, Timestamp, UserId};
use uuid::Uuid;

use super::rows::{LeftPlace, SitePlace};
use super::sql;
use crate::domain::admission::{Applicant, Occupancy};
use crate::error::Error;
use crate::ports::{AdmissionBatch, AdmissionOutcome, Departure, NodeLease, Place, SiteCount};

/// Sites that are counted; more would be more labels than a metric should have.
const SITES_MAX: i64 = 100;

pub(super) async fn admit(
    database: &Database,
    batch: &AdmissionBatch,
    now: Timestamp,
    kept_until: Timestamp,
) -> Result<AdmissionOutcome, Error> {
    retry(RetryBudget::default(), || {
        admit_once(database, batch, now, kept_until)
    })
    .await
}

/// Order of locks: sites by id, then nodes by id. Under them what is counted stays true until the
/// commit, whichever replica asks.
async fn admit_once(
    database: &Database,
    batch: &AdmissionBatch,
    now: Timestamp,
    kept_until: Timestamp,
) -> Result<AdmissionOutcome, Error> {
    let mut tx = database.begin_write().await?;
    lock_sites(&mut tx, &batch.applicants).await?;
    let nodes = share_nodes(&mut tx, batch).await?;
    let departures = leave(&mut tx, batch, &nodes, kept_until).await?;
    let mut results = Vec::with_capacity(batch.applicants.len());
    if !batch.applicants.is_empty() {
        let mut occupancy = count(&mut tx, &batch.applicants, &nodes, now).await?;
        results.extend(
            batch
                .applicants
                .iter()
                .map(|applicant| occupancy.admit(applicant)),
        );
        enter(&mut tx, &batch.applicants, &results, now).await?;
    }
    tx.commit().await?;
    Ok(AdmissionOutcome {
        results,
        departures,
    })
}

fn sites_of(applicants: &[Applicant]) -> BTreeSet<&SiteId> {
    applicants
        .iter()
        .map(|applicant| &applicant.site_id)
        .collect()
}

async fn lock_sites(tx: &mut Tx, applicants: &[Applicant]) -> Result<(), Error> {
    let sites = sites_of(applicants);
    for site_id in &sites {
        if query(sql::LOCK_SITE)
            .bind(*site_id)
            .execute(&mut *tx)
            .await?
            == 0
        {
            query_rows(sql::INSERT_SITE_COUNTERS)
                .row((*site_id, 0_i64))
                .execute(&mut *tx)
                .await?;
            query(sql::LOCK_SITE)
                .bind(*site_id)
                .execute(&mut *tx)
                .await?;
        }
    }
    Ok(())
}

async fn share_nodes(
    tx: &mut Tx,
    batch: &AdmissionBatch,
) -> Result<HashMap<NodeId, NodeLease>, Error> {
    let ids = batch.applicants.iter().map(|applicant| applicant.node_id);
    let ids: BTreeSet<NodeId> = ids
        .chain(batch.leavers.iter().map(|it| it.node_id))
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let nodes: Vec<NodeLease> = query(sql::SHARE_NODES).bind_list(ids).fetch_all(tx).await?;
    Ok(nodes.into_iter().map(|node| (node.node_id, node)).collect())
}

async fn leave(
    tx: &mut Tx,
    batch: &AdmissionBatch,
    nodes: &HashMap<NodeId, NodeLease>,
    kept_until: Timestamp,
) -> Result<Vec<Departure>, Error> {
    let mut departures = Vec::with_capacity(batch.leavers.len());
    for leavers in &batch.leavers {
        let node = nodes
            .get(&leavers.node_id)
            .filter(|node| node.epoch == leavers.epoch);
        let is_moving = node.is_some_and(|node| node.is_open && node.draining_at.is_some());
        let mut departure = Departure {
            is_moving,
            left: Vec::new(),
        };
        if !leavers.connection_ids.is_empty() {
            let statement = if is_moving {
                sql::KEEP_PLACES
            } else {
                sql::DELETE_PLACES
            };
            let mut statement = query(statement).bind(leavers.node_id).bind(leavers.epoch);
            if is_moving {
                statement = statement.bind(kept_until);
            }
            let statement = statement.bind_list(&leavers.connection_ids);
            let left: Vec<LeftPlace> = statement.fetch_all(&mut *tx).await?;
            departure.left = left
                .into_iter()
                .map(|it| (it.connection_id, it.user_id))
                .collect();
        }
        departures.push(departure);
    }
    Ok(departures)
}

async fn count(
    tx: &mut Tx,
    applicants: &[Applicant],
    nodes: &HashMap<NodeId, NodeLease>,
    now: Timestamp,
) -> Result<Occupancy, Error> {
    let mut occupancy = Occupancy::default();
    let in_force = nodes
        .values()
        .filter(|node| node.is_open && node.expires_at > now);
    occupancy.leases = in_force.map(|node| (node.node_id, node.epoch)).collect();
    for site_id in sites_of(applicants) {
        // Where nobody is limited nobody need be counted.
        let mut of_site = applicants.iter().filter(|it| it.site_id == *site_id);
        if of_site.any(|it| it.connected_users_max != Limit::Unlimited) {
            let statement = query(sql::COUNT_CONNECTED)
                .bind(site_id)
                .bind(true)
                .bind(now);
            let user_count: i64 = statement.fetch_one(&mut *tx).await?;
            occupancy
                .user_counts
                .insert(site_id.clone(), user_count.max(0).unsigned_abs());
        }
    }
    let users: BTreeSet<UserId> = applicants
        .iter()
        .map(|applicant| applicant.user_id)
        .collect();
    let statement = query(sql::LIST_USER_PLACES)
        .bind(true)
        .bind(now)
        .bind_list(users);
    let places: Vec<SitePlace> = statement.fetch_all(tx).await?;
    for SitePlace { place, site_id } in places {
        if let Ok(site_id) = SiteId::parse(&site_id) {
            occupancy.present.insert((site_id, place.user_id));
        }
        if place.kept_until.is_none() {
            let connections = occupancy.connections.entry(place.user_id).or_default();
            connections.insert(place.connection_id);
        }
    }
    Ok(occupancy)
}

async fn enter<E>(
    tx: &mut Tx,
    applicants: &[Applicant],
    results: &[Result<(), E>],
    now: Timestamp,
) -> Result<(), Error> {
    let admitted = applicants
        .iter()
        .zip(results)
        .filter(|(_, result)| result.is_ok());
    // The same connection or user twice in a batch must not meet itself in one statement.
    let mut by_connection = HashMap::new();
    let mut by_user = HashMap::new();
    for (applicant, _) in admitted {
        by_connection.insert(applicant.connection_id, applicant);
        by_user.insert(applicant.user_id, applicant);
    }
    let places = by_connection.values().map(|it| {
        (
            it.connection_id,
            it.node_id,
            it.epoch,
            it.user_id,
            it.session_id,
            &it.site_id,
            now,
            0_i64,
        )
    });
    query_rows(sql::INSERT_PLACES)
        .rows(places)
        .execute(&mut *tx)
        .await?;
    // In one order everywhere, because two sites' batches may meet in these rows.
    let mut users: Vec<&Applicant> = by_user.into_values().collect();
    users.sort_by_key(|it| it.user_id);
    let rows = users.iter().map(|it| (it.user_id, &it.site_id, 0_i64));
    query_rows(sql::UPSERT_SITES).rows(rows).execute(tx).await?;
    Ok(())
}

pub(super) async fn list_places(
    database: &Database,
    after: Option<ConnectionId>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Place>, Error> {
    let after = after.unwrap_or(ConnectionId::from_uuid(Uuid::nil()));
    let statement = query(sql::LIST_PLACES)
        .bind(after)
        .bind(true)
        .bind(now)
        .bind(limit);
    let places: Vec<SitePlace> = statement.fetch_all(database).await?;
    Ok(places.into_iter().map(|it| it.place).collect())
}

pub(super) async fn count_places(
    database: &Database,
    now: Timestamp,
) -> Result<Vec<SiteCount>, Error> {
    let statement = query(sql::COUNT_PLACES)
        .bind(true)
        .bind(now)
        .bind(SITES_MAX);
    Ok(statement.fetch_all(database).await?)
}
