//! Rosters and their feed.

use im_store::{Database, RetryBudget, Tx, query, retry};
use im_types::{Timestamp, UserId};
use uuid::Uuid;

use super::rows::{ContactCount, link_code, side_args};
use super::sql;
use crate::domain::contact::{Entry, Pair, RosterChange, Side};
use crate::error::Error;
use crate::ports::PairPlan;

/// Two people: who acts, and the other.
type Both = (UserId, UserId);

pub(super) async fn change_pair(
    database: &Database,
    both: Both,
    now: Timestamp,
    plan: &PairPlan<'_>,
) -> Result<(Pair, i64), Error> {
    retry(RetryBudget::default(), || {
        change_once(database, both, now, plan)
    })
    .await
}

async fn change_once(
    database: &Database,
    (owner_id, peer_id): Both,
    now: Timestamp,
    plan: &PairPlan<'_>,
) -> Result<(Pair, i64), Error> {
    let mut tx = database.begin_write().await?;
    let mut position: i64 = query(sql::LOCK_ROSTER).fetch_one(&mut tx).await?;
    let before = read_pair(&mut tx, (owner_id, peer_id)).await?;
    let mut after = match plan(before.clone()) {
        Ok(after) => after,
        Err(error) => {
            tx.rollback().await?;
            return Err(error);
        }
    };
    if after == before {
        tx.rollback().await?;
        return Ok((after, position));
    }
    let sides = [
        (owner_id, peer_id, &before.mine, &mut after.mine),
        (peer_id, owner_id, &before.theirs, &mut after.theirs),
    ];
    let first = position;
    for (owner_id, peer_id, old, new) in sides {
        if old == new {
            continue;
        }
        let is_seen = !old.looks_like(new);
        if !old.is_listed() {
            new.created_at = now;
        }
        if is_seen {
            new.updated_at = now;
        }
        write_side(&mut tx, (owner_id, peer_id), new, now).await?;
        if is_seen {
            position += 1;
            append_change(&mut tx, position, (owner_id, peer_id), new).await?;
        }
    }
    if position != first {
        query(sql::SET_ROSTER_POSITION)
            .bind(position)
            .execute(&mut tx)
            .await?;
    }
    tx.commit().await?;
    Ok((after, position))
}

async fn read_pair(tx: &mut Tx, (owner_id, peer_id): Both) -> Result<Pair, Error> {
    let mut pair = Pair::default();
    let entries: Vec<Entry> = query(sql::GET_PAIR)
        .bind(owner_id)
        .bind(peer_id)
        .fetch_all(&mut *tx)
        .await?;
    for entry in entries {
        if entry.owner_id == owner_id {
            pair.mine = entry.side;
        } else {
            pair.theirs = entry.side;
        }
    }
    let counts: Vec<ContactCount> = query(sql::COUNT_CONTACTS)
        .bind(owner_id)
        .bind(peer_id)
        .fetch_all(tx)
        .await?;
    for count in counts {
        if count.owner_id == owner_id {
            pair.my_count = count.count;
        } else {
            pair.their_count = count.count;
        }
    }
    Ok(pair)
}

async fn write_side(
    tx: &mut Tx,
    (owner_id, peer_id): Both,
    side: &Side,
    now: Timestamp,
) -> Result<(), Error> {
    if side.is_void(now) {
        query(sql::DELETE_CONTACT)
            .bind(owner_id)
            .bind(peer_id)
            .execute(tx)
            .await?;
        return Ok(());
    }
    let mut statement = query(sql::UPSERT_CONTACT).bind(owner_id).bind(peer_id);
    for arg in side_args(side) {
        statement = statement.bind(arg);
    }
    statement.execute(tx).await?;
    Ok(())
}

async fn append_change(
    tx: &mut Tx,
    position: i64,
    (owner_id, peer_id): Both,
    side: &Side,
) -> Result<(), Error> {
    query(sql::INSERT_ROSTER_CHANGE)
        .bind(position)
        .bind(owner_id)
        .bind(peer_id)
        .bind(link_code(side.link))
        .bind(side.is_blocked)
        .bind(side.is_hidden_from)
        .bind(side.is_vip)
        .bind(&side.alias)
        .bind(&side.personal_group)
        .bind(&side.note)
        .bind(side.created_at)
        .bind(side.updated_at)
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn list_contacts(
    database: &Database,
    owner_id: UserId,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<Entry>, Error> {
    let after = after.unwrap_or(UserId::from_uuid(Uuid::nil()));
    let statement = query(sql::LIST_CONTACTS)
        .bind(owner_id)
        .bind(after)
        .bind(true)
        .bind(limit);
    Ok(statement.fetch_all(database).await?)
}

pub(super) async fn list_between(
    database: &Database,
    user_id: UserId,
    others: &[UserId],
) -> Result<Vec<Entry>, Error> {
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let mine = query(sql::LIST_TIES_OF_OWNER)
        .bind(user_id)
        .bind_list(others);
    let mut entries: Vec<Entry> = mine.fetch_all(database).await?;
    let theirs = query(sql::LIST_TIES_TO_PEER)
        .bind(user_id)
        .bind_list(others);
    entries.append(&mut theirs.fetch_all(database).await?);
    Ok(entries)
}

pub(super) async fn list_roster_changes(
    database: &Database,
    after: i64,
    limit: i64,
) -> Result<(Vec<RosterChange>, i64), Error> {
    let mut tx = database.begin_read().await?;
    let position: i64 = query(sql::GET_ROSTER_POSITION).fetch_one(&mut tx).await?;
    let changes = if after < position {
        query(sql::LIST_ROSTER_CHANGES)
            .bind(after)
            .bind(limit)
            .fetch_all(&mut tx)
            .await?
    } else {
        Vec::new()
    };
    tx.commit().await?;
    Ok((changes, position))
}

pub(super) async fn prune_roster_changes(
    database: &Database,
    before: Timestamp,
) -> Result<u64, Error> {
    Ok(query(sql::PRUNE_ROSTER_CHANGES)
        .bind(before)
        .execute(database)
        .await?)
}
