//! Leases of gateway nodes.

use std::time::Duration;

use im_store::{Database, RetryBudget, Tx, query, retry};
use im_types::{NodeId, Timestamp};

use super::sql;
use crate::error::Error;
use crate::ports::{Beat, NodeLease};

/// Nodes that are looked at; far more than an installation has.
const NODES_MAX: i64 = 1_000;
/// Ended leases are kept this long, so that every replica learns of their end.
const ENDED_KEPT: Duration = Duration::from_hours(1);

pub(super) async fn open_node(
    database: &Database,
    node_id: NodeId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<i64, Error> {
    let open = || async {
        let mut tx = database.begin_write().await?;
        let epoch: i64 = query(sql::NEXT_NODE_EPOCH).fetch_one(&mut tx).await?;
        let before: Option<NodeLease> = query(sql::GET_NODE)
            .bind(node_id)
            .fetch_optional(&mut tx)
            .await?;
        let statement = query(sql::OPEN_NODE)
            .bind(node_id)
            .bind(epoch)
            .bind(expires_at);
        statement.bind(true).execute(&mut tx).await?;
        let adopt = query(sql::ADOPT_PLACES).bind(node_id).bind(epoch).bind(now);
        adopt.execute(&mut tx).await?;
        if let Some(before) = before.filter(|before| before.is_open) {
            let ended_at = before.expires_at.min(now);
            empty_node(&mut tx, (node_id, epoch - 1), ended_at).await?;
        }
        tx.commit().await?;
        Ok(epoch)
    };
    retry(RetryBudget::default(), open).await
}

pub(super) async fn beat_node(database: &Database, beat: Beat) -> Result<bool, Error> {
    let once = || async {
        let mut tx = database.begin_write().await?;
        let node: Option<NodeLease> = query(sql::GET_NODE)
            .bind(beat.node_id)
            .fetch_optional(&mut tx)
            .await?;
        let in_force = |node: &NodeLease| {
            node.epoch == beat.epoch && node.is_open && node.expires_at > beat.now
        };
        let Some(node) = node.filter(in_force) else {
            tx.rollback().await?;
            return Ok(false);
        };
        let draining_at = beat
            .is_draining
            .then(|| node.draining_at.unwrap_or(beat.now));
        let expires_at = draining_at.map_or(beat.expires_at, |at| {
            beat.expires_at.max(at + beat.moving_kept)
        });
        query(sql::BEAT_NODE)
            .bind(beat.node_id)
            .bind(beat.epoch)
            .bind(expires_at)
            .bind(super::rows::or_zero(draining_at))
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    };
    retry(RetryBudget::default(), once).await
}

pub(super) async fn list_nodes(database: &Database) -> Result<Vec<NodeLease>, Error> {
    Ok(query(sql::LIST_NODES)
        .bind(NODES_MAX)
        .fetch_all(database)
        .await?)
}

pub(super) async fn end_leases(database: &Database, now: Timestamp) -> Result<usize, Error> {
    let nodes = list_nodes(database).await?;
    let mut ended = 0;
    for node in nodes
        .iter()
        .filter(|node| node.is_open && node.expires_at <= now)
    {
        ended += usize::from(end_lease(database, node, now).await?);
    }
    query(sql::DELETE_KEPT_PLACES)
        .bind(now)
        .execute(database)
        .await?;
    if nodes
        .iter()
        .any(|node| !node.is_open && node.expires_at < now - ENDED_KEPT)
    {
        query(sql::PRUNE_NODES)
            .bind(false)
            .bind(now - ENDED_KEPT)
            .execute(database)
            .await?;
    }
    Ok(ended)
}

/// Another replica may have been faster, or the node have beaten again.
async fn end_lease(database: &Database, node: &NodeLease, now: Timestamp) -> Result<bool, Error> {
    let end = || async {
        let mut tx = database.begin_write().await?;
        let statement = query(sql::END_NODE).bind(node.node_id).bind(node.epoch);
        let is_ended = statement.bind(now).bind(false).execute(&mut tx).await? > 0;
        if is_ended {
            empty_node(&mut tx, (node.node_id, node.epoch), node.expires_at).await?;
        }
        tx.commit().await?;
        Ok(is_ended)
    };
    retry(RetryBudget::default(), end).await
}

/// Gives up all places of a node up to an epoch, which ended at a time.
async fn empty_node(
    tx: &mut Tx,
    (node_id, epoch): (NodeId, i64),
    ended_at: Timestamp,
) -> Result<(), Error> {
    let seen = query(sql::MARK_SEEN)
        .bind(node_id)
        .bind(epoch)
        .bind(ended_at);
    seen.execute(&mut *tx).await?;
    query(sql::DELETE_NODE_PLACES)
        .bind(node_id)
        .bind(epoch)
        .execute(tx)
        .await?;
    Ok(())
}
