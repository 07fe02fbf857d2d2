//! The token for the first administrator.

use im_store::{StoreError, query};
use im_types::Timestamp;

use super::statements as sql;
use super::{SqlStore, Unit};

impl SqlStore {
    /// Whether a token of this hash was given out; to be asked again within the unit.
    pub async fn has_setup_token(&self, token_hash: &[u8]) -> Result<bool, StoreError> {
        let find = query(sql::FIND_SETUP_TOKEN).bind(token_hash);
        Ok(find.fetch_optional::<i64>(&self.database).await?.is_some())
    }
}

impl Unit {
    /// From here on this unit is alone among those that make the first administrator.
    pub async fn lock_setup(&mut self) -> Result<(), StoreError> {
        query(sql::LOCK_SETUP)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Stores the hash of a token and forgets those made before `old`.
    pub async fn put_setup_token(
        &mut self,
        token_hash: &[u8],
        old: Timestamp,
    ) -> Result<(), StoreError> {
        let now = self.now();
        query(sql::DELETE_OLD_SETUP_TOKENS)
            .bind(old)
            .execute(&mut self.tx)
            .await?;
        let insert = query(sql::INSERT_SETUP_TOKEN).bind(token_hash).bind(now);
        insert.execute(&mut self.tx).await.map(|_count| ())
    }

    /// Whether a token of this hash was given out.
    pub async fn has_setup_token(&mut self, token_hash: &[u8]) -> Result<bool, StoreError> {
        let find = query(sql::FIND_SETUP_TOKEN).bind(token_hash);
        Ok(find.fetch_optional::<i64>(&mut self.tx).await?.is_some())
    }

    /// No token is good any more.
    pub async fn delete_setup_tokens(&mut self) -> Result<(), StoreError> {
        query(sql::DELETE_SETUP_TOKENS)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }
}
