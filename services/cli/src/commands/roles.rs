//! Roles.

use clap::Subcommand;
use im_proto::auth::{
    CreateRoleRequest, DeleteRoleRequest, GrantRoleRequest, ListRolesRequest, RevokeRoleRequest,
    UpdateRoleRequest, role_service_client::RoleServiceClient,
};

use super::{Context, call};

/// What to do with roles.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// All roles
    List,
    /// Every permission there is
    Permissions,
    /// Make a role
    Create {
        /// Its name
        name: String,
        /// users.manage,audit.view,…
        #[arg(long, value_delimiter = ',')]
        permissions: Vec<String>,
    },
    /// Change a role
    Update {
        /// rol_…
        role_id: String,
        /// Its name
        #[arg(long)]
        name: Option<String>,
        /// Replaces the permissions
        #[arg(long, value_delimiter = ',')]
        permissions: Option<Vec<String>>,
    },
    /// Remove a role from everybody who has it
    Delete {
        /// rol_…
        role_id: String,
    },
    /// Give a person a role
    Grant {
        /// rol_…
        role_id: String,
        /// Username or id
        user: String,
    },
    /// Take a role from a person
    Revoke {
        /// rol_…
        role_id: String,
        /// Username or id
        user: String,
    },
}

pub(crate) async fn run(ctx: &Context, command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List => {
            let mut answer = call!(ctx, RoleServiceClient.list_roles, ListRolesRequest {});
            answer.permissions.clear();
            ctx.printer
                .answer(&answer, &["id", "name", "holderCount", "permissions"])
        }
        Command::Permissions => {
            let mut answer = call!(ctx, RoleServiceClient.list_roles, ListRolesRequest {});
            answer.roles.clear();
            ctx.printer.answer(&answer, &[])
        }
        Command::Create { name, permissions } => {
            let message = CreateRoleRequest {
                name: name.clone(),
                permissions: permissions.clone(),
            };
            ctx.printer
                .answer(&call!(ctx, RoleServiceClient.create_role, message), &[])
        }
        Command::Update {
            role_id,
            name,
            permissions,
        } => {
            let message = UpdateRoleRequest {
                role_id: role_id.clone(),
                name: name.clone(),
                permissions: permissions.clone().unwrap_or_default(),
                replace_permissions: permissions.is_some(),
            };
            ctx.printer
                .answer(&call!(ctx, RoleServiceClient.update_role, message), &[])
        }
        Command::Delete { role_id } => {
            let message = DeleteRoleRequest {
                role_id: role_id.clone(),
            };
            ctx.printer
                .answer(&call!(ctx, RoleServiceClient.delete_role, message), &[])
        }
        Command::Grant { role_id, user } => {
            let message = GrantRoleRequest {
                user_id: ctx.user_id(user).await?,
                role_id: role_id.clone(),
            };
            ctx.printer
                .answer(&call!(ctx, RoleServiceClient.grant_role, message), &[])
        }
        Command::Revoke { role_id, user } => {
            let message = RevokeRoleRequest {
                user_id: ctx.user_id(user).await?,
                role_id: role_id.clone(),
            };
            ctx.printer
                .answer(&call!(ctx, RoleServiceClient.revoke_role, message), &[])
        }
    }
}
