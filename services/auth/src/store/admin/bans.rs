//! Bans.

use im_store::{FromRow, LIST_LEN_MAX, Row, StoreError, query};
use im_types::{BanId, SessionId, UserId};
use uuid::Uuid;

use super::super::{SqlStore, Unit};
use super::statements as sql;
use crate::domain::ban::{Ban, BanKind, BanTarget};
use crate::domain::change::Change;

/// Addresses of sessions read at a time.
const ADDRESSES_PER_PAGE: i64 = 1000;

impl FromRow for Ban {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get_id("ban_id")?,
            kind: row.get_parsed("kind", BanKind::parse)?,
            value: row.get_text("value")?,
            reason: row.get_text("reason")?,
            created_by: row.get_opt_id("created_by")?,
            created_at: row.get_timestamp("created_at_us")?,
            expires_at: row.get_opt_timestamp("expires_at_us")?,
        })
    }
}

struct Ended(SessionId, UserId);

impl FromRow for Ended {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(row.get_id("session_id")?, row.get_id("user_id")?))
    }
}

impl SqlStore {
    /// Bans, the newest first, beginning after `before`.
    pub async fn list_bans(
        &self,
        before: Option<BanId>,
        limit: i64,
    ) -> Result<Vec<Ban>, StoreError> {
        let before = before.map_or(Uuid::max(), |id| id.as_uuid());
        query(sql::LIST_BANS)
            .bind(before)
            .bind(limit)
            .fetch_all(&self.database)
            .await
    }
}

impl Unit {
    /// Makes a ban.
    pub async fn insert_ban(&mut self, ban: &Ban) -> Result<(), StoreError> {
        query(sql::INSERT_BAN)
            .bind(ban.id)
            .bind(ban.kind.as_str())
            .bind(ban.value.as_str())
            .bind(ban.reason.as_str())
            .bind(ban.created_by)
            .bind(ban.created_at)
            .bind(ban.expires_at)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Forgets the bans that are over and says how many are left.
    pub async fn count_bans(&mut self) -> Result<i64, StoreError> {
        let now = self.now();
        query(sql::DELETE_EXPIRED_BANS)
            .bind(now)
            .execute(&mut self.tx)
            .await?;
        query(sql::COUNT_BANS).fetch_one(&mut self.tx).await
    }

    /// Ends a ban.
    pub async fn delete_ban(&mut self, ban: BanId) -> Result<Option<Ban>, StoreError> {
        query(sql::DELETE_BAN)
            .bind(ban)
            .fetch_optional(&mut self.tx)
            .await
    }

    /// Ends the sessions that were last renewed from an address that the ban hits; says how many.
    pub async fn end_sessions_from(&mut self, target: &BanTarget) -> Result<usize, StoreError> {
        let mut hit: Vec<String> = Vec::new();
        let mut after = String::new();
        loop {
            let list = query(sql::LIST_SESSION_ADDRESSES)
                .bind(&after)
                .bind(ADDRESSES_PER_PAGE);
            let page: Vec<String> = list.fetch_all(&mut self.tx).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(last);
            let is_hit = |text: &String| text.parse().is_ok_and(|ip| target.hits_address(ip));
            hit.extend(page.into_iter().filter(is_hit));
        }
        let mut count = 0;
        for addresses in hit.chunks(LIST_LEN_MAX) {
            let delete = query(sql::DELETE_SESSIONS_OF_ADDRESSES).bind_list(addresses);
            let ended: Vec<Ended> = delete.fetch_all(&mut self.tx).await?;
            count += ended.len();
            for Ended(session, user) in ended {
                self.change(Change::SessionRevoked(session, user));
            }
        }
        Ok(count)
    }
}
