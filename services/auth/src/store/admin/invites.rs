//! Invites.

use im_store::{FromRow, Row, StoreError, query};
use im_types::{InviteId, Timestamp};
use uuid::Uuid;

use super::super::{SqlStore, Unit};
use super::statements as sql;
use crate::domain::invite::Invite;

impl FromRow for Invite {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get_id("invite_id")?,
            uses_left: row.get_i64("uses_left")?,
            created_by: row.get_opt_id("created_by")?,
            created_at: row.get_timestamp("created_at_us")?,
            expires_at: row.get_timestamp("expires_at_us")?,
            note: row.get_text("note")?,
        })
    }
}

impl SqlStore {
    /// Invites that can still be used, the newest first, beginning after `before`.
    pub async fn list_invites(
        &self,
        before: Option<InviteId>,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Invite>, StoreError> {
        let before = before.map_or(Uuid::max(), |id| id.as_uuid());
        let list = query(sql::LIST_INVITES).bind(before).bind(now).bind(limit);
        list.fetch_all(&self.database).await
    }
}

impl Unit {
    /// Makes an invite whose token has this hash.
    pub async fn insert_invite(
        &mut self,
        invite: &Invite,
        token_hash: &[u8],
    ) -> Result<(), StoreError> {
        query(sql::INSERT_INVITE)
            .bind(invite.id)
            .bind(token_hash)
            .bind(invite.uses_left)
            .bind(invite.created_by)
            .bind(invite.created_at)
            .bind(invite.expires_at)
            .bind(invite.note.as_str())
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Forgets the invites that are used up or over and says how many are left.
    pub async fn count_invites(&mut self) -> Result<i64, StoreError> {
        let now = self.now();
        query(sql::DELETE_EXPIRED_INVITES)
            .bind(now)
            .execute(&mut self.tx)
            .await?;
        query(sql::COUNT_INVITES).fetch_one(&mut self.tx).await
    }

    /// Withdraws an invite; `false` if there is none.
    pub async fn delete_invite(&mut self, invite: InviteId) -> Result<bool, StoreError> {
        Ok(query(sql::DELETE_INVITE)
            .bind(invite)
            .execute(&mut self.tx)
            .await?
            > 0)
    }
}
