//! What every request may need and changes seldom.

use std::collections::{BTreeMap, HashMap};

use im_store::{FromRow, Row, StoreError, query};
use im_types::{RoleId, SiteId, Timestamp};

use super::rows::PolicyRow;
use super::statements as sql;
use super::{SqlStore, Unit};
use crate::domain::site::{Address, Role, Site, Snapshot, role_permissions};

struct SiteRow(SiteId, String, String);

impl FromRow for SiteRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let id = row.get_parsed("site_id", SiteId::parse)?;
        Ok(Self(id, row.get_text("name")?, row.get_text("links")?))
    }
}

struct AddressRow(SiteId, Address);

impl FromRow for AddressRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let address = Address {
            listener: row.get_text("listener")?,
            host: row.get_text("host")?,
            path_prefix: row.get_text("path_prefix")?,
        };
        Ok(Self(row.get_parsed("site_id", SiteId::parse)?, address))
    }
}

struct SiteStoreRow(SiteId, String);

impl FromRow for SiteStoreRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(
            row.get_parsed("site_id", SiteId::parse)?,
            row.get_text("store_id")?,
        ))
    }
}

struct RoleRow {
    id: RoleId,
    name: String,
    is_builtin: bool,
    holder_count: i64,
}

impl FromRow for RoleRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get_id("role_id")?,
            name: row.get_text("name")?,
            is_builtin: row.get_bool("is_builtin")?,
            holder_count: row.get_i64("holder_count")?,
        })
    }
}

struct PermissionRow(RoleId, String);

impl FromRow for PermissionRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(row.get_id("role_id")?, row.get_text("permission")?))
    }
}

impl SqlStore {
    /// Reads sites, policy and roles as of one moment. What this version does not understand of
    /// the policy is logged and does not count.
    pub async fn load_snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut tx = self.database.begin_read().await?;
        let revision = query(sql::FIND_REVISION).fetch_one(&mut tx).await?;
        let sites: Vec<SiteRow> = query(sql::LIST_SITES).fetch_all(&mut tx).await?;
        let addresses: Vec<AddressRow> = query(sql::LIST_SITE_ADDRESSES).fetch_all(&mut tx).await?;
        let stores: Vec<SiteStoreRow> = query(sql::LIST_SITE_STORES).fetch_all(&mut tx).await?;
        let roles: Vec<RoleRow> = query(sql::LIST_ROLES).fetch_all(&mut tx).await?;
        let permissions: Vec<PermissionRow> =
            query(sql::LIST_ROLE_PERMISSIONS).fetch_all(&mut tx).await?;
        let values: Vec<PolicyRow> = query(sql::LIST_POLICY_VALUES).fetch_all(&mut tx).await?;
        tx.commit().await?;

        let sites = join_sites(sites, addresses, stores);
        let roles = join_roles(roles, permissions);
        let values = values.into_iter().map(|row| row.0).collect();
        let (snapshot, problems) = Snapshot::new(revision, sites, roles, values);
        for problem in problems {
            tracing::warn!(%problem, "a stored policy value does not count");
        }
        Ok(snapshot)
    }
}

fn join_sites(
    sites: Vec<SiteRow>,
    addresses: Vec<AddressRow>,
    stores: Vec<SiteStoreRow>,
) -> Vec<Site> {
    let mut addresses_of: HashMap<SiteId, Vec<Address>> = HashMap::new();
    for AddressRow(site, address) in addresses {
        addresses_of.entry(site).or_default().push(address);
    }
    let mut stores_of: HashMap<SiteId, Vec<String>> = HashMap::new();
    for SiteStoreRow(site, store) in stores {
        stores_of.entry(site).or_default().push(store);
    }
    let site = |SiteRow(id, name, links): SiteRow| Site {
        addresses: addresses_of.remove(&id).unwrap_or_default(),
        stores: stores_of.remove(&id).unwrap_or_default(),
        // Written by this program as an object of texts; anything else is no link.
        links: serde_json::from_str::<BTreeMap<String, String>>(&links).unwrap_or_default(),
        id,
        name,
    };
    sites.into_iter().map(site).collect()
}

fn join_roles(roles: Vec<RoleRow>, permissions: Vec<PermissionRow>) -> Vec<Role> {
    let mut names_of: HashMap<RoleId, Vec<String>> = HashMap::new();
    for PermissionRow(role, permission) in permissions {
        names_of.entry(role).or_default().push(permission);
    }
    let role = |row: RoleRow| {
        let names = names_of.remove(&row.id).unwrap_or_default();
        let names = names.iter().map(String::as_str);
        Role {
            id: row.id,
            name: row.name,
            permissions: role_permissions(row.is_builtin, names),
            is_builtin: row.is_builtin,
            holder_count: row.holder_count,
        }
    };
    roles.into_iter().map(role).collect()
}

impl Unit {
    /// Makes a site unless there is one of this id.
    pub async fn insert_site(&mut self, site: &SiteId, name: &str) -> Result<bool, StoreError> {
        let now: Timestamp = self.now();
        let inserted = query(sql::INSERT_SITE)
            .bind(site)
            .bind(name)
            .bind("{}")
            .bind(now)
            .execute(&mut self.tx)
            .await?;
        Ok(inserted > 0)
    }

    /// Adds an identity store to the chain of a site, at a place of it.
    pub async fn insert_site_store(
        &mut self,
        site: &SiteId,
        position: i64,
        store_id: &str,
    ) -> Result<(), StoreError> {
        let insert = query(sql::INSERT_SITE_STORE)
            .bind(site)
            .bind(position)
            .bind(store_id);
        insert.execute(&mut self.tx).await.map(|_count| ())
    }

    /// Makes a role unless there is one of this name.
    pub async fn insert_role(
        &mut self,
        role: RoleId,
        name: &str,
        is_builtin: bool,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let inserted = query(sql::INSERT_ROLE)
            .bind(role)
            .bind(name)
            .bind(crate::domain::people::fold(name))
            .bind(is_builtin)
            .bind(now)
            .execute(&mut self.tx)
            .await?;
        Ok(inserted > 0)
    }

    /// The id of a built-in role.
    pub async fn find_builtin_role(&mut self, folded: &str) -> Result<Option<RoleId>, StoreError> {
        let id: Option<uuid::Uuid> = query(sql::FIND_BUILTIN_ROLE)
            .bind(folded)
            .fetch_optional(&mut self.tx)
            .await?;
        Ok(id.map(RoleId::from_uuid))
    }
}
