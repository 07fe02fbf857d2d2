//! `RoleService`.

use im_policy::PermissionSet;
use im_proto::auth as proto;
use im_types::{RoleId, UserId};
use tonic::{Request, Response, Status, async_trait};

use super::super::convert;
use super::{Grpc, answer, parse_id};
use crate::Error;
use crate::usecase::admin::RolePatch;

fn role_id(text: &str) -> Result<RoleId, Error> {
    parse_id("role_id", text, RoleId::parse)
}

fn user_id(text: &str) -> Result<UserId, Error> {
    parse_id("user_id", text, UserId::parse)
}

#[async_trait]
impl proto::role_service_server::RoleService for Grpc {
    async fn list_roles(
        &self,
        request: Request<proto::ListRolesRequest>,
    ) -> Result<Response<proto::ListRolesResponse>, Status> {
        let (actor, _) = self.open(request).await?;
        let list = async {
            let roles = self.app.list_roles(&actor).await?;
            let roles = roles.iter().map(convert::role).collect();
            Ok(proto::ListRolesResponse {
                roles,
                permissions: PermissionSet::all().names(),
            })
        };
        answer(list.await)
    }

    async fn create_role(
        &self,
        request: Request<proto::CreateRoleRequest>,
    ) -> Result<Response<proto::CreateRoleResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let create = async {
            let role = self
                .app
                .create_role(&actor, &request.name, &request.permissions)
                .await?;
            Ok(proto::CreateRoleResponse {
                role: Some(convert::role(&role)),
            })
        };
        answer(create.await)
    }

    async fn update_role(
        &self,
        request: Request<proto::UpdateRoleRequest>,
    ) -> Result<Response<proto::UpdateRoleResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let update = async {
            let permissions = request.replace_permissions.then_some(request.permissions);
            let patch = RolePatch {
                name: request.name,
                permissions,
            };
            let role = self
                .app
                .update_role(&actor, role_id(&request.role_id)?, &patch)
                .await?;
            Ok(proto::UpdateRoleResponse {
                role: Some(convert::role(&role)),
            })
        };
        answer(update.await)
    }

    async fn delete_role(
        &self,
        request: Request<proto::DeleteRoleRequest>,
    ) -> Result<Response<proto::DeleteRoleResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let delete = async {
            self.app
                .delete_role(&actor, role_id(&request.role_id)?)
                .await?;
            Ok(proto::DeleteRoleResponse {})
        };
        answer(delete.await)
    }

    async fn grant_role(
        &self,
        request: Request<proto::GrantRoleRequest>,
    ) -> Result<Response<proto::GrantRoleResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let grant = async {
            let (user, role) = (user_id(&request.user_id)?, role_id(&request.role_id)?);
            self.app.grant_role(&actor, user, role).await?;
            Ok(proto::GrantRoleResponse {})
        };
        answer(grant.await)
    }

    async fn revoke_role(
        &self,
        request: Request<proto::RevokeRoleRequest>,
    ) -> Result<Response<proto::RevokeRoleResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let revoke = async {
            let (user, role) = (user_id(&request.user_id)?, role_id(&request.role_id)?);
            self.app.revoke_role(&actor, user, role).await?;
            Ok(proto::RevokeRoleResponse {})
        };
        answer(revoke.await)
    }
}
