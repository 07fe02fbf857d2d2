//! Changing roles.

use im_policy::PermissionSet;
use im_store::{FromRow, Row, StoreError, query, query_rows};
use im_types::{RoleId, UserId};

use super::super::Unit;
use super::super::statements as shared;
use super::statements as sql;
use crate::domain::people::fold;
use crate::domain::site::{Role, role_permissions};

struct RoleRow(Role);

impl FromRow for RoleRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(Role {
            id: row.get_id("role_id")?,
            name: row.get_text("name")?,
            permissions: PermissionSet::EMPTY,
            is_builtin: row.get_bool("is_builtin")?,
            holder_count: row.get_i64("holder_count")?,
        }))
    }
}

impl Unit {
    /// Reads a role that is about to change or be given or taken; the unit is alone with it from
    /// here on. Its holders are not counted.
    pub async fn find_role(&mut self, role: RoleId) -> Result<Option<Role>, StoreError> {
        let find = query(sql::FIND_ROLE_FOR_UPDATE).bind(role);
        let Some(RoleRow(mut found)) = find.fetch_optional(&mut self.tx).await? else {
            return Ok(None);
        };
        let find = query(sql::FIND_PERMISSIONS_OF_ROLE).bind(role);
        let names: Vec<String> = find.fetch_all(&mut self.tx).await?;
        found.permissions = role_permissions(found.is_builtin, names.iter().map(String::as_str));
        Ok(Some(found))
    }

    /// Whether another role has this name.
    pub async fn is_role_name_taken(
        &mut self,
        name: &str,
        except: RoleId,
    ) -> Result<bool, StoreError> {
        let find = query(sql::FIND_ROLE_NAME).bind(fold(name)).bind(except);
        Ok(find.fetch_optional::<i64>(&mut self.tx).await?.is_some())
    }

    /// Gives a role another name.
    pub async fn rename_role(&mut self, role: RoleId, name: &str) -> Result<(), StoreError> {
        let update = query(sql::RENAME_ROLE)
            .bind(role)
            .bind(name)
            .bind(fold(name));
        update.execute(&mut self.tx).await.map(|_count| ())
    }

    /// Replaces what a role allows.
    pub async fn replace_permissions(
        &mut self,
        role: RoleId,
        permissions: PermissionSet,
    ) -> Result<(), StoreError> {
        query(sql::DELETE_ROLE_PERMISSIONS)
            .bind(role)
            .execute(&mut self.tx)
            .await?;
        let rows = permissions
            .iter()
            .map(|permission| (role, permission.name()));
        let insert = query_rows(shared::INSERT_ROLE_PERMISSIONS).rows(rows);
        insert.execute(&mut self.tx).await.map(|_count| ())
    }

    /// Removes a role from everybody.
    pub async fn delete_role(&mut self, role: RoleId) -> Result<(), StoreError> {
        query(sql::DELETE_ROLE)
            .bind(role)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Takes a role from a person; `false` if the person did not have it.
    pub async fn delete_user_role(
        &mut self,
        user: UserId,
        role: RoleId,
    ) -> Result<bool, StoreError> {
        let delete = query(sql::DELETE_USER_ROLE).bind(user).bind(role);
        Ok(delete.execute(&mut self.tx).await? > 0)
    }
}
