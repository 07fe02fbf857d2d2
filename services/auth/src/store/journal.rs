//! The two logs: changes for mirrors, audit for people.

use im_store::{StoreError, Tx, query, query_rows};
use im_types::{Timestamp, UserId};

use super::SqlStore;
use super::rows::Head;
use super::statements as sql;
use crate::domain::audit::{AuditEntry, AuditHash, NewAuditEntry};
use crate::domain::change::{Change, NumberedChange};

/// Numbers the changes; the answer is the number of the last one.
pub(super) async fn append_changes(
    tx: &mut Tx,
    changes: &[Change],
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    if changes.is_empty() {
        return Ok(None);
    }
    let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
    let last: i64 = query(sql::TAKE_REVISIONS)
        .bind(count)
        .fetch_one(&mut *tx)
        .await?;
    let first = last - count + 1;
    let rows = changes.iter().zip(first..).map(|(change, revision)| {
        let user_id: Option<UserId> = change.user_id();
        (revision, change.kind(), change.reference(), user_id, now)
    });
    query_rows(sql::INSERT_CHANGES)
        .rows(rows)
        .execute(&mut *tx)
        .await?;
    Ok(Some(last))
}

/// Puts the acts at the end of the chain.
pub(super) async fn append_audit(
    tx: &mut Tx,
    entries: Vec<NewAuditEntry>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let head: Head = query(sql::LOCK_AUDIT_HEAD).fetch_one(&mut *tx).await?;
    let (mut seq, mut hash): (i64, AuditHash) = (head.value, head.hash);
    let mut insert = query_rows(sql::INSERT_AUDIT_ENTRIES);
    for entry in entries {
        seq += 1;
        let entry = AuditEntry::new(seq, now, entry);
        hash = entry.hash(&hash);
        insert.push((
            entry.seq,
            entry.created_at,
            entry.actor_id,
            entry.action,
            entry.target,
            entry.site_id,
            entry.client_address,
            entry.detail,
            hash,
        ));
    }
    insert.execute(&mut *tx).await?;
    query(sql::SET_AUDIT_HEAD)
        .bind(seq)
        .bind(hash)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

impl SqlStore {
    /// The newest revision.
    pub async fn find_revision(&self) -> Result<i64, StoreError> {
        query(sql::FIND_REVISION).fetch_one(&self.database).await
    }

    /// The oldest revision that is still there; `None` if none is.
    pub async fn find_oldest_revision(&self) -> Result<Option<i64>, StoreError> {
        query(sql::FIND_OLDEST_REVISION)
            .fetch_one(&self.database)
            .await
    }

    /// Changes after a revision, in order.
    pub async fn list_changes(
        &self,
        after_revision: i64,
        limit: i64,
    ) -> Result<Vec<NumberedChange>, StoreError> {
        query(sql::LIST_CHANGES)
            .bind(after_revision)
            .bind(limit)
            .fetch_all(&self.database)
            .await
    }

    /// Ids of the sessions that ended since then, as text.
    pub async fn list_revoked_sessions(&self, since: Timestamp) -> Result<Vec<String>, StoreError> {
        query(sql::LIST_REVOKED_SESSIONS)
            .bind(since)
            .fetch_all(&self.database)
            .await
    }

    /// Forgets old changes; mirrors that missed them take a snapshot.
    pub async fn delete_old_changes(&self, before: Timestamp) -> Result<u64, StoreError> {
        query(sql::DELETE_OLD_CHANGES)
            .bind(before)
            .execute(&self.database)
            .await
    }
}
