//! What clients do in storms: one-time tickets for streams, and new refresh tokens. Always many in
//! one statement.

use im_store::{FromRow, Row, StoreError, query, query_rows};
use im_types::{SessionId, SiteId, Timestamp};

use super::statements as sql;
use super::{Renewal, SqlStore};
use crate::domain::session::Ticket;

/// A ticket to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTicket {
    /// SHA-256 of its text.
    pub hash: Vec<u8>,
    /// Whose it is.
    pub ticket: Ticket,
}

impl FromRow for NewTicket {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            hash: row.get_bytes("ticket_hash")?,
            ticket: Ticket {
                user_id: row.get_id("user_id")?,
                session_id: row.get_id("session_id")?,
                site: row.get_parsed("site_id", SiteId::parse)?,
                device_id: row.get_id("device_id")?,
                expires_at: row.get_timestamp("expires_at_us")?,
            },
        })
    }
}

/// What many clients want at once.
#[derive(Debug, Default)]
pub struct SessionBatch {
    /// Tickets to be stored.
    pub put: Vec<NewTicket>,
    /// Hashes of tickets to be used up.
    pub take: Vec<Vec<u8>>,
    /// Refresh tokens to be replaced; no session twice.
    pub renew: Vec<Renewal>,
}

/// What a [`SessionBatch`] has come to.
#[derive(Debug, Default)]
pub struct SessionBatchDone {
    /// The tickets that were there; of two who use the same one, one gets it.
    pub taken: Vec<NewTicket>,
    /// The sessions whose token nobody else had used meanwhile.
    pub renewed: Vec<SessionId>,
}

impl SqlStore {
    /// Does all of it in one transaction.
    pub async fn run_session_batch(
        &self,
        batch: SessionBatch,
    ) -> Result<SessionBatchDone, StoreError> {
        let mut tx = self.database.begin_write().await?;
        let put = batch.put.into_iter().map(|NewTicket { hash, ticket: t }| {
            (
                hash,
                t.user_id,
                t.session_id,
                t.site,
                t.device_id,
                t.expires_at,
            )
        });
        query_rows(sql::INSERT_TICKETS)
            .rows(put)
            .execute(&mut tx)
            .await?;
        let taken = if batch.take.is_empty() {
            Vec::new()
        } else {
            query(sql::REDEEM_TICKETS)
                .bind_list(batch.take)
                .fetch_all(&mut tx)
                .await?
        };
        let renew = batch.renew.into_iter().map(|r| {
            (
                r.session_id,
                r.before,
                r.after,
                r.client_address,
                r.now,
                r.expires_at,
            )
        });
        let renewed: Vec<uuid::Uuid> = query_rows(sql::ROTATE_SESSIONS)
            .rows(renew)
            .fetch_all(&mut tx)
            .await?;
        tx.commit().await?;
        let renewed = renewed.into_iter().map(SessionId::from_uuid).collect();
        Ok(SessionBatchDone { taken, renewed })
    }

    /// Forgets tickets that have expired.
    pub async fn delete_expired_tickets(&self, now: Timestamp) -> Result<u64, StoreError> {
        query(sql::DELETE_EXPIRED_TICKETS)
            .bind(now)
            .execute(&self.database)
            .await
    }
}
