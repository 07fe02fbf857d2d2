//! The configuration of identity stores, and the keys that seal their secrets.

use im_store::{Executor, FromRow, Row, StoreError, query};
use im_types::{Secret, SiteId, Timestamp};

use super::super::{SqlStore, Unit};
use super::statements as sql;
use super::terms;
use crate::domain::identity_store::{IdentityStore, StoreKind};

/// A configured store with its sealed secrets.
#[derive(Debug, Clone)]
pub struct StoredStore {
    /// The store.
    pub store: IdentityStore,
    /// Sealed; empty for none.
    pub secrets: Vec<u8>,
}

/// This program wrote it; what cannot be read is of a newer one.
fn json<T: serde::de::DeserializeOwned>(row: &Row, column: &str) -> Result<T, StoreError> {
    row.get_parsed(column, |text| serde_json::from_str(text))
}

impl FromRow for StoredStore {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let store = IdentityStore {
            id: row.get_text("store_id")?,
            kind: row.get_parsed("kind", StoreKind::parse)?,
            name: row.get_text("name")?,
            preset: row.get_text("preset")?,
            settings: json(row, "settings")?,
            terms: row.get_parsed("terms", terms::parse)?,
            secret_names: json(row, "secret_names")?,
            is_enabled: row.get_bool("is_enabled")?,
            version: row.get_i64("version")?,
            created_at: row.get_timestamp("created_at_us")?,
            updated_at: row.get_timestamp("updated_at_us")?,
        };
        Ok(Self {
            store,
            secrets: row.get_bytes("secrets")?,
        })
    }
}

struct KeyRow(Secret<Vec<u8>>);

impl FromRow for KeyRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(Secret::new(row.get_bytes("secret_key")?)))
    }
}

async fn find(on: Executor<'_>, id: &str) -> Result<Option<StoredStore>, StoreError> {
    query(sql::FIND_IDENTITY_STORE)
        .bind(id)
        .fetch_optional(on)
        .await
}

impl SqlStore {
    /// All configured stores, by id.
    pub async fn list_identity_stores(&self) -> Result<Vec<StoredStore>, StoreError> {
        query(sql::LIST_IDENTITY_STORES)
            .fetch_all(&self.database)
            .await
    }

    /// The keys that seal secrets, the newest first.
    pub async fn list_sealing_keys(&self) -> Result<Vec<Secret<Vec<u8>>>, StoreError> {
        let keys: Vec<KeyRow> = query(sql::LIST_SEALING_KEYS)
            .fetch_all(&self.database)
            .await?;
        Ok(keys.into_iter().map(|row| row.0).collect())
    }
}

impl Unit {
    /// Makes the key that seals secrets, unless there is one. Call it in a unit that holds
    /// [`Unit::lock_setup`].
    pub async fn ensure_sealing_key(
        &mut self,
        id: &str,
        key: &Secret<Vec<u8>>,
    ) -> Result<bool, StoreError> {
        let keys: Vec<KeyRow> = query(sql::LIST_SEALING_KEYS)
            .fetch_all(&mut self.tx)
            .await?;
        if !keys.is_empty() {
            return Ok(false);
        }
        let now: Timestamp = self.now();
        query(sql::INSERT_SEALING_KEY)
            .bind(id)
            .bind(key.expose())
            .bind(now)
            .execute(&mut self.tx)
            .await?;
        Ok(true)
    }

    /// How many stores are configured.
    pub async fn count_identity_stores(&mut self) -> Result<i64, StoreError> {
        query(sql::COUNT_IDENTITY_STORES)
            .fetch_one(&mut self.tx)
            .await
    }

    /// A store that is about to change.
    pub async fn find_identity_store(
        &mut self,
        id: &str,
    ) -> Result<Option<StoredStore>, StoreError> {
        find((&mut self.tx).into(), id).await
    }

    /// Makes a store; `false` if there is one of this id.
    pub async fn insert_identity_store(&mut self, new: &StoredStore) -> Result<bool, StoreError> {
        let now = self.now();
        let StoredStore { store, secrets } = new;
        let insert = query(sql::INSERT_IDENTITY_STORE)
            .bind(store.id.as_str())
            .bind(store.kind.as_str())
            .bind(store.name.as_str())
            .bind(store.preset.as_str())
            .bind(terms::text(&store.settings))
            .bind(terms::write(&store.terms))
            .bind(terms::text(&store.secret_names))
            .bind(secrets)
            .bind(store.is_enabled)
            .bind(now);
        Ok(insert.execute(&mut self.tx).await? > 0)
    }

    /// Replaces a store; `false` if there is none of this id.
    pub async fn update_identity_store(&mut self, new: &StoredStore) -> Result<bool, StoreError> {
        let now = self.now();
        let StoredStore { store, secrets } = new;
        let update = query(sql::UPDATE_IDENTITY_STORE)
            .bind(store.id.as_str())
            .bind(store.name.as_str())
            .bind(store.preset.as_str())
            .bind(terms::text(&store.settings))
            .bind(terms::write(&store.terms))
            .bind(terms::text(&store.secret_names))
            .bind(secrets)
            .bind(store.is_enabled)
            .bind(now);
        Ok(update.execute(&mut self.tx).await? > 0)
    }

    /// Removes a store.
    pub async fn delete_identity_store(&mut self, id: &str) -> Result<(), StoreError> {
        let delete = query(sql::DELETE_IDENTITY_STORE).bind(id);
        delete.execute(&mut self.tx).await.map(|_count| ())
    }

    /// A site that lists a store.
    pub async fn find_site_of_store(&mut self, id: &str) -> Result<Option<SiteId>, StoreError> {
        let find = query(sql::FIND_SITE_OF_STORE).bind(id);
        let site: Option<String> = find.fetch_optional(&mut self.tx).await?;
        Ok(site.and_then(|text| SiteId::parse(&text).ok()))
    }
}
