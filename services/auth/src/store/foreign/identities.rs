//! Who an account is in which store, and what the store gave it.

use im_store::{FromRow, Row, StoreError, query};
use im_types::{GroupId, RoleId, UserId};
use uuid::Uuid;

use super::super::statements as shared;
use super::super::{SqlStore, Unit};
use super::statements as sql;
use crate::domain::change::Change;
use crate::domain::identity_store::Identity;

impl FromRow for Identity {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            store_id: row.get_text("store_id")?,
            external_id: row.get_text("external_id")?,
            login: row.get_text("login")?,
            created_at: row.get_timestamp("created_at_us")?,
            last_login_at: row.get_opt_timestamp("last_login_at_us")?,
        })
    }
}

struct Place(UserId, GroupId);

impl FromRow for Place {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(row.get_id("user_id")?, row.get_id("group_id")?))
    }
}

impl SqlStore {
    /// The identities of an account, the oldest first.
    pub async fn list_identities(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        query(sql::LIST_IDENTITIES)
            .bind(user)
            .fetch_all(&self.database)
            .await
    }
}

impl Unit {
    /// The account that a person of a store is bound to, within the unit.
    pub async fn find_identity(
        &mut self,
        store_id: &str,
        external_id: &str,
    ) -> Result<Option<UserId>, StoreError> {
        let find = query(shared::FIND_IDENTITY)
            .bind(store_id)
            .bind(external_id);
        let user: Option<Uuid> = find.fetch_optional(&mut self.tx).await?;
        Ok(user.map(UserId::from_uuid))
    }

    /// The identities of an account, within the unit.
    pub async fn list_identities(&mut self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        query(sql::LIST_IDENTITIES)
            .bind(user)
            .fetch_all(&mut self.tx)
            .await
    }

    /// Notes a sign-in through an identity.
    pub async fn set_identity_login(
        &mut self,
        store_id: &str,
        external_id: &str,
        login: &str,
    ) -> Result<(), StoreError> {
        let now = self.now();
        query(sql::SET_IDENTITY_LOGIN)
            .bind(store_id)
            .bind(external_id)
            .bind(login)
            .bind(now)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Unbinds an identity; `false` if it is not this account's.
    pub async fn delete_identity(
        &mut self,
        store_id: &str,
        external_id: &str,
        user: UserId,
    ) -> Result<bool, StoreError> {
        let delete = query(sql::DELETE_IDENTITY)
            .bind(store_id)
            .bind(external_id)
            .bind(user);
        Ok(delete.execute(&mut self.tx).await? > 0)
    }

    /// The roles that a store gave somebody.
    pub async fn list_roles_of_source(
        &mut self,
        user: UserId,
        source: &str,
    ) -> Result<Vec<RoleId>, StoreError> {
        let list = query(sql::LIST_ROLES_OF_SOURCE).bind(user).bind(source);
        let ids: Vec<Uuid> = list.fetch_all(&mut self.tx).await?;
        Ok(ids.into_iter().map(RoleId::from_uuid).collect())
    }

    /// Takes back a role that a store gave.
    pub async fn delete_user_role_of_source(
        &mut self,
        user: UserId,
        role: RoleId,
        source: &str,
    ) -> Result<(), StoreError> {
        let delete = query(sql::DELETE_USER_ROLE_OF_SOURCE)
            .bind(user)
            .bind(role)
            .bind(source);
        delete.execute(&mut self.tx).await.map(|_count| ())
    }

    /// The groups that somebody is in because of a store.
    pub async fn list_groups_of_source(
        &mut self,
        user: UserId,
        source: &str,
    ) -> Result<Vec<GroupId>, StoreError> {
        let list = query(sql::LIST_GROUPS_OF_SOURCE).bind(user).bind(source);
        let ids: Vec<Uuid> = list.fetch_all(&mut self.tx).await?;
        Ok(ids.into_iter().map(GroupId::from_uuid).collect())
    }

    /// Gives somebody a place in a group because of a store; `false` if there is no such group or
    /// the person has a place there.
    pub async fn insert_group_member_of_source(
        &mut self,
        group: GroupId,
        user: UserId,
        source: &str,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let insert = query(sql::INSERT_GROUP_MEMBER_OF_SOURCE)
            .bind(group)
            .bind(user)
            .bind(source)
            .bind(now);
        Ok(insert.execute(&mut self.tx).await? > 0)
    }

    /// Takes back a place in a group that a store gave.
    pub async fn delete_group_member_of_source(
        &mut self,
        group: GroupId,
        user: UserId,
        source: &str,
    ) -> Result<(), StoreError> {
        let delete = query(sql::DELETE_GROUP_MEMBER_OF_SOURCE)
            .bind(group)
            .bind(user)
            .bind(source);
        delete.execute(&mut self.tx).await.map(|_count| ())
    }

    /// Forgets everything about the people of a store: identities, roles, places in groups.
    pub async fn forget_store(&mut self, store_id: &str) -> Result<(), StoreError> {
        let delete = query(sql::DELETE_USER_ROLES_OF_STORE).bind(store_id);
        let users: Vec<Uuid> = delete.fetch_all(&mut self.tx).await?;
        for user in users {
            self.change(Change::User(UserId::from_uuid(user)));
        }
        let delete = query(sql::DELETE_GROUP_MEMBERS_OF_STORE).bind(store_id);
        let places: Vec<Place> = delete.fetch_all(&mut self.tx).await?;
        for Place(user, group) in places {
            self.change(Change::User(user));
            self.change(Change::Group(group));
        }
        let delete = query(sql::DELETE_IDENTITIES_OF_STORE).bind(store_id);
        delete.execute(&mut self.tx).await.map(|_count| ())
    }
}
