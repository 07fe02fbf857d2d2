//! Values of the policy registry.

use im_policy::{Key, Scope};
use im_store::{FromRow, Row, StoreError, query};
use im_types::{SiteId, Timestamp, UserId};

use super::super::rows::PolicyRow;
use super::super::statements as shared;
use super::super::{SqlStore, Unit};
use super::statements as sql;

/// A value that is set, and by whom.
#[derive(Debug, Clone)]
pub struct PolicyEntry {
    /// The value with its key and scope, as it is stored.
    pub stored: im_policy::StoredValue,
    /// Who set it.
    pub updated_by: Option<UserId>,
    /// When it was set.
    pub updated_at: Timestamp,
}

impl FromRow for PolicyEntry {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            stored: PolicyRow::from_row(row)?.0,
            updated_by: row.get_opt_id("updated_by")?,
            updated_at: row.get_timestamp("updated_at_us")?,
        })
    }
}

/// Level and scope as they are stored.
fn place(scope: &Scope) -> (&'static str, String) {
    match scope {
        Scope::Global => ("global", String::new()),
        Scope::Site(site) => ("site", site.to_string()),
        Scope::Role(role) => ("role", role.to_string()),
    }
}

impl SqlStore {
    /// What is set in a scope; everywhere if none is given.
    pub async fn list_policy_entries(
        &self,
        scope: Option<&Scope>,
    ) -> Result<Vec<PolicyEntry>, StoreError> {
        let (level, id) = scope.map_or(("", String::new()), place);
        query(sql::LIST_POLICY_ENTRIES)
            .bind(level)
            .bind(id)
            .fetch_all(&self.database)
            .await
    }
}

impl Unit {
    /// Locks a site against its removal; `false` if there is none.
    pub async fn lock_site(&mut self, site: &SiteId) -> Result<bool, StoreError> {
        Ok(query(shared::LOCK_SITE)
            .bind(site)
            .execute(&mut self.tx)
            .await?
            > 0)
    }

    /// The value that is set exactly there.
    pub async fn find_policy_value(
        &mut self,
        scope: &Scope,
        key: Key,
    ) -> Result<Option<String>, StoreError> {
        let (level, id) = place(scope);
        let find = query(sql::FIND_POLICY_VALUE)
            .bind(key.name())
            .bind(level)
            .bind(id);
        find.fetch_optional(&mut self.tx).await
    }

    /// Sets a value.
    pub async fn put_policy_value(
        &mut self,
        scope: &Scope,
        key: Key,
        value: &str,
        by: UserId,
    ) -> Result<(), StoreError> {
        let (level, id) = place(scope);
        let now = self.now();
        query(sql::UPSERT_POLICY_VALUE)
            .bind(key.name())
            .bind(level)
            .bind(id)
            .bind(value)
            .bind(by)
            .bind(now)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Takes a value away; `false` if there was none.
    pub async fn delete_policy_value(
        &mut self,
        scope: &Scope,
        key: Key,
    ) -> Result<bool, StoreError> {
        let (level, id) = place(scope);
        let delete = query(sql::DELETE_POLICY_VALUE)
            .bind(key.name())
            .bind(level)
            .bind(id);
        Ok(delete.execute(&mut self.tx).await? > 0)
    }

    /// Takes all values of a site or role away that is about to go.
    pub async fn delete_policy_values(&mut self, scope: &Scope) -> Result<(), StoreError> {
        let (level, id) = place(scope);
        let delete = query(sql::DELETE_POLICY_VALUES_OF_SCOPE)
            .bind(level)
            .bind(id);
        delete.execute(&mut self.tx).await.map(|_count| ())
    }
}
