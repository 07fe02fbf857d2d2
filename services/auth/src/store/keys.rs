//! Signing keys.

use im_store::{StoreError, query};
use im_types::Timestamp;

use super::statements as sql;
use super::{SqlStore, Unit};
use crate::Error;
use crate::crypto::StoredKey;
use crate::domain::audit::NewAuditEntry;
use crate::domain::change::Change;

/// Decides, with the keys there are, whether a new one is due, and makes it.
pub type KeyMaker<'a> =
    &'a (dyn Fn(&[StoredKey]) -> Result<Option<StoredKey>, Error> + Send + Sync);

impl SqlStore {
    /// The keys whose tokens may still be good.
    pub async fn list_signing_keys(&self, now: Timestamp) -> Result<Vec<StoredKey>, StoreError> {
        query(sql::LIST_SIGNING_KEYS)
            .bind(now)
            .fetch_all(&self.database)
            .await
    }
}

impl Unit {
    /// Makes a key if one is due and forgets those whose tokens have all ended. One process at a
    /// time, so that replicas that start together make one key.
    pub async fn rotate_keys(&mut self, make: KeyMaker<'_>) -> Result<Vec<StoredKey>, Error> {
        query(sql::LOCK_SETUP).execute(&mut self.tx).await?;
        let now = self.now();
        let mut keys: Vec<StoredKey> = query(sql::LIST_SIGNING_KEYS)
            .bind(now)
            .fetch_all(&mut self.tx)
            .await?;
        let removed = query(sql::DELETE_EXPIRED_SIGNING_KEYS)
            .bind(now)
            .execute(&mut self.tx)
            .await?;
        let made = make(&keys)?;
        if let Some(key) = made {
            self.insert_signing_key(&key).await?;
            self.audit(NewAuditEntry::new("signing_key.create").on(&key.id));
            self.change(Change::SigningKeys);
            keys.push(key);
        } else if removed > 0 {
            self.change(Change::SigningKeys);
        }
        Ok(keys)
    }

    async fn insert_signing_key(&mut self, key: &StoredKey) -> Result<(), StoreError> {
        query(sql::INSERT_SIGNING_KEY)
            .bind(key.id.as_str())
            .bind(key.seed.expose())
            .bind(&key.public_key)
            .bind(key.created_at)
            .bind(key.signs_from)
            .bind(key.signs_until)
            .bind(key.expires_at)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }
}
