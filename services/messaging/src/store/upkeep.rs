//! What happens behind the scenes, in steps.

use im_store::{Database, StoreError, query, query_rows};
use im_types::{ConversationId, UserId};
use uuid::Uuid;

use super::read::limit_of;
use super::rows::{ConversationIdRow, MailboxRow};
use super::statements as sql;
use crate::ports::{Delivery, MailboxRange};

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

pub(super) async fn list_mailboxes(
    database: &Database,
    after: Option<UserId>,
    limit: usize,
) -> Result<Vec<(UserId, MailboxRange)>, StoreError> {
    let after = after.unwrap_or_else(|| UserId::from_uuid(Uuid::nil()));
    let found: Vec<MailboxRow> = query(sql::LIST_MAILBOXES)
        .bind(after)
        .bind(limit_of(limit))
        .fetch_all(database)
        .await?;
    Ok(found.into_iter().map(|row| (row.0, row.1)).collect())
}

pub(super) async fn prune_mailbox(
    database: &Database,
    user_id: UserId,
    first_seq: i64,
) -> Result<(), StoreError> {
    let mut tx = database.begin_write().await?;
    query(sql::UPDATE_FIRST_ENTRY)
        .bind(user_id)
        .bind(first_seq)
        .execute(&mut tx)
        .await?;
    query(sql::DELETE_ENTRIES)
        .bind(user_id)
        .bind(first_seq)
        .execute(&mut tx)
        .await?;
    tx.commit().await
}
