//! Reading the audit log.

use im_store::{FromRow, Row, StoreError, query};
use im_types::UserId;

use super::super::SqlStore;
use super::super::rows::Head;
use super::statements as sql;
use crate::domain::audit::{AuditEntry, AuditHash, HashedEntry};
use crate::domain::audit_check::{AuditCheck, ChainCheck};
use crate::domain::people::end_of_range;

/// Entries read at a time when the chain is recomputed.
const ENTRIES_PER_PAGE: i64 = 1000;

impl FromRow for HashedEntry {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let entry = AuditEntry {
            seq: row.get_i64("seq")?,
            created_at: row.get_timestamp("created_at_us")?,
            actor_id: row.get_opt_id("actor_id")?,
            action: row.get_text("action")?,
            target: row.get_text("target")?,
            site_id: row.get_text("site_id")?,
            client_address: row.get_text("client_address")?,
            detail: row.get_text("detail")?,
        };
        Ok(Self {
            entry,
            hash: row.get_bytes("hash")?,
        })
    }
}

/// Which entries; all of an unset filter.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only of this person.
    pub actor: Option<UserId>,
    /// Only actions that begin so.
    pub action_prefix: String,
    /// Only about this.
    pub target: String,
    /// Only before this number.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: i64,
}

impl SqlStore {
    /// Entries, the newest first.
    pub async fn list_audit_entries(
        &self,
        filter: &AuditFilter,
    ) -> Result<Vec<HashedEntry>, StoreError> {
        query(sql::LIST_AUDIT_ENTRIES)
            .bind(filter.before.unwrap_or(i64::MAX))
            .bind(filter.actor.is_some())
            .bind(filter.actor)
            .bind(filter.action_prefix.as_str())
            .bind(end_of_range(&filter.action_prefix))
            .bind(filter.target.as_str())
            .bind(filter.limit)
            .fetch_all(&self.database)
            .await
    }

    /// Recomputes the chain. Page by page, without holding a transaction open: entries below the
    /// head that was read first never change, unless somebody tampers.
    pub async fn verify_audit_log(&self) -> Result<AuditCheck, StoreError> {
        let head: Head = query(sql::FIND_AUDIT_HEAD)
            .fetch_one(&self.database)
            .await?;
        let mut check = ChainCheck::new(head.value, head.hash);
        let mut after = 0;
        while after < head.value && !check.has_failed() {
            let walk = query(sql::WALK_AUDIT_ENTRIES)
                .bind(after)
                .bind(ENTRIES_PER_PAGE);
            let page: Vec<HashedEntry> = walk.fetch_all(&self.database).await?;
            let Some(last) = page.last() else { break };
            after = last.entry.seq;
            for row in page.iter().take_while(|row| row.entry.seq <= head.value) {
                let stored = AuditHash::try_from(row.hash.as_slice()).ok();
                check.add(&row.entry, stored);
            }
        }
        Ok(check.finish())
    }
}
