//! What happens behind the scenes, in steps.

use im_store::{Database, StoreError, query, query_rows};
use im_types::{ConversationId, Timestamp, UserId};
use uuid::Uuid;

use super::read::limit_of;
use super::rows::{ConversationIdRow, MailboxRow};
use super::statements as sql;
use crate::ports::{Aging, Delivery};

/// Mailboxes that one step looks at.
const MAILBOXES_PER_STEP: usize = 100;

pub(super) async fn deliveries(
    database: &Database,
    acknowledged: &[(UserId, i64)],
    entries_max: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let rows = acknowledged
        .iter()
        .map(|(user_id, seq)| (*user_id, seq - entries_max, *seq));
    // A statement that reads, though with many rows: it must not wait for the writer.
    let mut tx = database.begin_read().await?;
    let found = query_rows(sql::LIST_DELIVERIES)
        .rows(rows)
        .fetch_all(&mut tx)
        .await?;
    tx.commit().await?;
    Ok(found)
}

pub(super) async fn set_acknowledged(
    database: &Database,
    acknowledged: &[(UserId, i64)],
) -> Result<(), StoreError> {
    let mut sorted = acknowledged.to_vec();
    // The order in which every replica locks mailboxes.
    sorted.sort_unstable();
    query_rows(sql::UPDATE_ACKNOWLEDGED)
        .rows(sorted)
        .execute(database)
        .await?;
    Ok(())
}

pub(super) async fn to_advance(
    database: &Database,
    limit: usize,
) -> Result<Vec<ConversationId>, StoreError> {
    let found: Vec<ConversationIdRow> = query(sql::LIST_TO_ADVANCE)
        .bind(limit_of(limit))
        .fetch_all(database)
        .await?;
    Ok(found.into_iter().map(|row| row.0).collect())
}

pub(super) async fn aging(
    database: &Database,
    after: Option<ConversationId>,
    limit: usize,
) -> Result<Vec<Aging>, StoreError> {
    let after = after.unwrap_or_else(|| ConversationId::from_uuid(Uuid::nil()));
    query(sql::LIST_AGING)
        .bind(after)
        .bind(limit_of(limit))
        .fetch_all(database)
        .await
}

pub(super) async fn prune_messages(
    database: &Database,
    id: ConversationId,
    before: Timestamp,
    limit: usize,
) -> Result<usize, StoreError> {
    let last: Option<Option<i64>> = query(sql::FIND_PRUNABLE)
        .bind(id)
        .bind(before)
        .bind(limit_of(limit))
        .fetch_optional(database)
        .await?;
    let Some(last) = last.flatten() else {
        return Ok(0);
    };
    let mut tx = database.begin_write().await?;
    // First the conversation, as everywhere.
    query(sql::UPDATE_FIRST_AVAILABLE)
        .bind(id)
        .bind(last + 1)
        .execute(&mut tx)
        .await?;
    let deleted = query(sql::DELETE_MESSAGES)
        .bind(id)
        .bind(last)
        .execute(&mut tx)
        .await?;
    tx.commit().await?;
    Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
}

pub(super) async fn prune_mailboxes(
    database: &Database,
    after: Option<UserId>,
    entries_max: i64,
    limit: i64,
) -> Result<Option<UserId>, StoreError> {
    let after = after.unwrap_or_else(|| UserId::from_uuid(Uuid::nil()));
    let long: Vec<MailboxRow> = query(sql::LIST_LONG_MAILBOXES)
        .bind(after)
        .bind(entries_max)
        .bind(limit_of(MAILBOXES_PER_STEP))
        .fetch_all(database)
        .await?;
    for MailboxRow(user_id, range) in &long {
        let first_seq = (range.last_seq - entries_max + 1).min(range.first_seq + limit);
        let mut tx = database.begin_write().await?;
        query(sql::UPDATE_FIRST_ENTRY)
            .bind(*user_id)
            .bind(first_seq)
            .execute(&mut tx)
            .await?;
        query(sql::DELETE_ENTRIES)
            .bind(*user_id)
            .bind(first_seq)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
    }
    Ok(long.last().map(|row| row.0))
}
