//! Verifiers of our own for people of stores that may be away.

use im_store::{FromRow, Row, StoreError, query};
use im_types::{SessionId, Timestamp};

use super::super::{SqlStore, Unit};
use super::statements as sql;

/// A verifier to be kept.
#[derive(Debug, Clone)]
pub struct Shadow {
    /// Whose people it is about.
    pub store_id: String,
    /// The name that was typed, folded.
    pub login_folded: String,
    /// The rest.
    pub row: ShadowRow,
}

/// A verifier that is kept.
#[derive(Debug, Clone)]
pub struct ShadowRow {
    /// The store's own id of the person.
    pub external_id: String,
    /// PHC text of an Argon2id hash.
    pub password_hash: String,
    /// What the store kept of the password then.
    pub fingerprint: Vec<u8>,
    /// The name there.
    pub username: String,
    /// It counts until then.
    pub expires_at: Timestamp,
}

impl FromRow for ShadowRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            external_id: row.get_text("external_id")?,
            password_hash: row.get_text("password_hash")?,
            fingerprint: row.get_bytes("fingerprint")?,
            username: row.get_text("username")?,
            expires_at: row.get_timestamp("expires_at_us")?,
        })
    }
}

struct Opened(String, String);

impl FromRow for Opened {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(
            row.get_text("shadow_store_id")?,
            row.get_text("shadow_login")?,
        ))
    }
}

impl SqlStore {
    /// The verifier of a person, whether it still counts or not.
    pub async fn find_shadow(
        &self,
        store_id: &str,
        external_id: &str,
    ) -> Result<Option<ShadowRow>, StoreError> {
        query(sql::FIND_SHADOW)
            .bind(store_id)
            .bind(external_id)
            .fetch_optional(&self.database)
            .await
    }

    /// The one verifier of a name that still counts; `None` also if there are two.
    pub async fn find_shadow_of_login(
        &self,
        store_id: &str,
        login_folded: &str,
        now: Timestamp,
    ) -> Result<Option<ShadowRow>, StoreError> {
        let find = query(sql::FIND_SHADOWS_OF_LOGIN)
            .bind(store_id)
            .bind(login_folded)
            .bind(now);
        let mut rows: Vec<ShadowRow> = find.fetch_all(&self.database).await?;
        Ok(rows.pop().filter(|_| rows.is_empty()))
    }

    /// Removes the verifier of a person.
    pub async fn delete_shadow(&self, store_id: &str, external_id: &str) -> Result<(), StoreError> {
        let delete = query(sql::DELETE_SHADOW).bind(store_id).bind(external_id);
        delete.execute(&self.database).await.map(|_count| ())
    }

    /// Removes the verifiers of a name.
    pub async fn delete_shadows_of_login(
        &self,
        store_id: &str,
        login_folded: &str,
    ) -> Result<(), StoreError> {
        let delete = query(sql::DELETE_SHADOWS_OF_LOGIN)
            .bind(store_id)
            .bind(login_folded);
        delete.execute(&self.database).await.map(|_count| ())
    }

    /// Forgets verifiers that count no longer.
    pub async fn delete_expired_shadows(&self, now: Timestamp) -> Result<u64, StoreError> {
        query(sql::DELETE_EXPIRED_SHADOWS)
            .bind(now)
            .execute(&self.database)
            .await
    }

    /// The store and the name there of a session that a verifier opened.
    pub async fn find_session_shadow(
        &self,
        session: SessionId,
    ) -> Result<Option<(String, String)>, StoreError> {
        let find = query(sql::FIND_SESSION_SHADOW).bind(session);
        let opened: Option<Opened> = find.fetch_optional(&self.database).await?;
        Ok(opened
            .map(|Opened(store_id, login)| (store_id, login))
            .filter(|(store_id, _)| !store_id.is_empty()))
    }
}

impl Unit {
    /// Keeps a verifier.
    pub async fn put_shadow(&mut self, shadow: &Shadow) -> Result<(), StoreError> {
        query(sql::UPSERT_SHADOW)
            .bind(shadow.store_id.as_str())
            .bind(shadow.row.external_id.as_str())
            .bind(shadow.login_folded.as_str())
            .bind(shadow.row.password_hash.as_str())
            .bind(&shadow.row.fingerprint)
            .bind(shadow.row.username.as_str())
            .bind(shadow.row.expires_at)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Removes all verifiers of a store.
    pub async fn delete_shadows_of_store(&mut self, store_id: &str) -> Result<u64, StoreError> {
        query(sql::DELETE_SHADOWS_OF_STORE)
            .bind(store_id)
            .execute(&mut self.tx)
            .await
    }

    /// Notes that a verifier opened a session; empty texts: that the store has agreed since.
    pub async fn set_session_shadow(
        &mut self,
        session: SessionId,
        store_id: &str,
        login: &str,
    ) -> Result<(), StoreError> {
        let set = query(sql::SET_SESSION_SHADOW)
            .bind(session)
            .bind(store_id)
            .bind(login);
        set.execute(&mut self.tx).await.map(|_count| ())
    }
}
