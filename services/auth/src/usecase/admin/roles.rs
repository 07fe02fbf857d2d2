//! Bundles of permissions.

use im_policy::{Permission, PermissionSet, Scope};
use im_types::{DisplayName, RoleId, UserId};

use super::super::{Actor, App};
use super::{AdminError, act};
use crate::Error;
use crate::domain::change::Change;
use crate::domain::site::Role;
use crate::store::Unit;

/// Most roles there may be.
const ROLES_MAX: usize = 200;

/// New values of a role; absent ones stay.
#[derive(Debug, Clone, Default)]
pub struct RolePatch {
    /// Its name.
    pub name: Option<String>,
    /// What it allows.
    pub permissions: Option<Vec<String>>,
}

fn parse_name(text: &str) -> Result<String, Error> {
    let name = DisplayName::parse(text).map_err(|error| Error::invalid("name", error))?;
    Ok(name.as_str().to_owned())
}

fn parse_permissions(names: &[String]) -> Result<PermissionSet, Error> {
    let parse = |name: &String| {
        Permission::parse(name).map_err(|error| Error::invalid("permissions", error))
    };
    names.iter().map(parse).collect()
}

/// Nobody gives, changes or takes what they lack.
pub(super) fn check_held(actor: &Actor, permissions: PermissionSet) -> Result<(), Error> {
    match permissions.without(actor.permissions).iter().next() {
        Some(permission) => Err(AdminError::PermissionNotHeld { permission }.into()),
        None => Ok(()),
    }
}

/// The role, if the actor may change or remove it.
async fn find_changeable(unit: &mut Unit, actor: &Actor, role: RoleId) -> Result<Role, Error> {
    let role = unit
        .find_role(role)
        .await?
        .ok_or(AdminError::RoleNotFound)?;
    if role.is_builtin {
        return Err(AdminError::RoleBuiltin.into());
    }
    check_held(actor, role.permissions)?;
    Ok(role)
}

/// The role, if the actor may give it to this person or take it away.
async fn find_assignable(
    unit: &mut Unit,
    actor: &Actor,
    role: RoleId,
    user: UserId,
) -> Result<Role, Error> {
    let role = unit
        .find_role(role)
        .await?
        .ok_or(AdminError::RoleNotFound)?;
    check_held(actor, role.permissions)?;
    unit.find_user(user).await?.ok_or(Error::UserNotFound)?;
    Ok(role)
}

impl App {
    /// All roles by name, with the number of their holders.
    pub async fn list_roles(&self, actor: &Actor) -> Result<Vec<Role>, Error> {
        if !actor.may(Permission::UsersView) {
            actor.require(Permission::RolesManage)?;
        }
        Ok(self.store.load_snapshot().await?.roles)
    }

    /// Makes a role.
    pub async fn create_role(
        &self,
        actor: &Actor,
        name: &str,
        permissions: &[String],
    ) -> Result<Role, Error> {
        actor.require(Permission::RolesManage)?;
        let name = parse_name(name)?;
        let permissions = parse_permissions(permissions)?;
        check_held(actor, permissions)?;
        if self.snapshot().roles.len() >= ROLES_MAX {
            return Err(AdminError::TooMany {
                things: "roles",
                max: 200,
            }
            .into());
        }
        let id: RoleId = self.ids.new_id();
        let mut unit = self.begin().await?;
        if !unit.insert_role(id, &name, false).await? {
            return Err(AdminError::RoleNameTaken.into());
        }
        unit.replace_permissions(id, permissions).await?;
        unit.change(Change::Snapshot);
        let entry = act(actor, "role.create").on(id).with("name", &name);
        unit.audit(entry.with("permissions", permissions.names().join(" ")));
        self.commit(unit).await?;
        Ok(Role {
            id,
            name,
            permissions,
            is_builtin: false,
            holder_count: 0,
        })
    }

    /// Changes a role.
    pub async fn update_role(
        &self,
        actor: &Actor,
        role: RoleId,
        patch: &RolePatch,
    ) -> Result<Role, Error> {
        actor.require(Permission::RolesManage)?;
        let name = patch.name.as_deref().map(parse_name).transpose()?;
        let permissions = patch
            .permissions
            .as_deref()
            .map(parse_permissions)
            .transpose()?;
        check_held(actor, permissions.unwrap_or_default())?;
        let mut unit = self.begin().await?;
        let mut found = find_changeable(&mut unit, actor, role).await?;
        let mut entry = act(actor, "role.update").on(role);
        if let Some(name) = name {
            if unit.is_role_name_taken(&name, role).await? {
                return Err(AdminError::RoleNameTaken.into());
            }
            unit.rename_role(role, &name).await?;
            entry = entry.with("name", &name);
            found.name = name;
        }
        if let Some(permissions) = permissions {
            unit.replace_permissions(role, permissions).await?;
            entry = entry.with("before", found.permissions.names().join(" "));
            entry = entry.with("after", permissions.names().join(" "));
            found.permissions = permissions;
        }
        found.holder_count = unit.count_role_holders(role).await?;
        unit.change(Change::Snapshot);
        unit.audit(entry);
        self.commit(unit).await?;
        Ok(found)
    }

    /// Removes a role from everybody who has it, with its policy values.
    pub async fn delete_role(&self, actor: &Actor, role: RoleId) -> Result<(), Error> {
        actor.require(Permission::RolesManage)?;
        let mut unit = self.begin().await?;
        let found = find_changeable(&mut unit, actor, role).await?;
        unit.delete_policy_values(&Scope::Role(role)).await?;
        unit.delete_role(role).await?;
        unit.change(Change::Snapshot);
        unit.audit(act(actor, "role.delete").on(role).with("name", found.name));
        self.commit(unit).await
    }

    /// Gives a person a role. Nothing happens if the person has it.
    pub async fn grant_role(&self, actor: &Actor, user: UserId, role: RoleId) -> Result<(), Error> {
        actor.require(Permission::RolesManage)?;
        let mut unit = self.begin().await?;
        let found = find_assignable(&mut unit, actor, role, user).await?;
        if !unit.insert_user_role(user, role, "").await? {
            return Ok(());
        }
        unit.change(Change::User(user));
        let entry = act(actor, "role.grant").on(user).with("role", role);
        unit.audit(entry.with("name", found.name));
        self.commit(unit).await
    }

    /// Takes a role from a person; somebody always keeps the built-in one.
    pub async fn revoke_role(
        &self,
        actor: &Actor,
        user: UserId,
        role: RoleId,
    ) -> Result<(), Error> {
        actor.require(Permission::RolesManage)?;
        let mut unit = self.begin().await?;
        // Two administrators cannot take it from each other, or one switch the other off, at the
        // same time. The first lock in the order of all.
        unit.lock_setup().await?;
        let found = find_assignable(&mut unit, actor, role, user).await?;
        if !unit.delete_user_role(user, role).await? {
            return Ok(());
        }
        if found.is_builtin {
            self.check_administrator_left(&mut unit).await?;
        }
        unit.change(Change::User(user));
        let entry = act(actor, "role.revoke").on(user).with("role", role);
        unit.audit(entry.with("name", found.name));
        self.commit(unit).await
    }
}
