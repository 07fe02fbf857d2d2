//! `im.auth.v1.UserAdminService`.

use im_proto::auth as proto;
use im_proto::auth::user_admin_service_server::UserAdminService;
use im_types::Secret;
use tonic::{Request, Response, Status, async_trait};

use super::convert::wanted_state;
use super::{Grpc, refuse};
use crate::usecase::user_admin::CreateUserCommand;
use crate::usecase::{PageRequest, ProfilePatch, parse_user_id};

#[async_trait]
impl UserAdminService for Grpc {
    async fn create_user(
        &self,
        request: Request<proto::CreateUserRequest>,
    ) -> Result<Response<proto::CreateUserResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let command = CreateUserCommand {
            username: message.username,
            password: Secret::new(message.password),
            display_name: message.display_name,
            email: message.email,
            is_change_required: message.password_change_required,
        };
        let person = self
            .app
            .create_user(&actor, command)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::CreateUserResponse {
            user: Some(self.told(&actor, person)),
        }))
    }

    async fn list_all_users(
        &self,
        request: Request<proto::ListAllUsersRequest>,
    ) -> Result<Response<proto::ListAllUsersResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let state = wanted_state(message.state());
        let wanted = PageRequest {
            size: message.page_size,
            token: &message.page_token,
        };
        let page = self
            .app
            .list_all_users(&actor, &message.query, state, wanted)
            .await;
        let (users, next_page_token) = self.told_page(&actor, page.map_err(refuse)?);
        Ok(Response::new(proto::ListAllUsersResponse {
            users,
            next_page_token,
        }))
    }

    async fn approve_user(
        &self,
        request: Request<proto::ApproveUserRequest>,
    ) -> Result<Response<proto::ApproveUserResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let id = parse_user_id(&message.user_id).map_err(refuse)?;
        let person = self.app.approve_user(&actor, id).await.map_err(refuse)?;
        Ok(Response::new(proto::ApproveUserResponse {
            user: Some(self.told(&actor, person)),
        }))
    }

    async fn suspend_user(
        &self,
        request: Request<proto::SuspendUserRequest>,
    ) -> Result<Response<proto::SuspendUserResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let id = parse_user_id(&message.user_id).map_err(refuse)?;
        let person = self
            .app
            .suspend_user(&actor, id, &message.reason)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::SuspendUserResponse {
            user: Some(self.told(&actor, person)),
        }))
    }

    async fn reinstate_user(
        &self,
        request: Request<proto::ReinstateUserRequest>,
    ) -> Result<Response<proto::ReinstateUserResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let id = parse_user_id(&message.user_id).map_err(refuse)?;
        let person = self.app.reinstate_user(&actor, id).await.map_err(refuse)?;
        Ok(Response::new(proto::ReinstateUserResponse {
            user: Some(self.told(&actor, person)),
        }))
    }

    async fn unlock_user(
        &self,
        request: Request<proto::UnlockUserRequest>,
    ) -> Result<Response<proto::UnlockUserResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let id = parse_user_id(&message.user_id).map_err(refuse)?;
        let person = self.app.unlock_user(&actor, id).await.map_err(refuse)?;
        Ok(Response::new(proto::UnlockUserResponse {
            user: Some(self.told(&actor, person)),
        }))
    }

    async fn deactivate_user(
        &self,
        request: Request<proto::DeactivateUserRequest>,
    ) -> Result<Response<proto::DeactivateUserResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let id = parse_user_id(&message.user_id).map_err(refuse)?;
        let person = self
            .app
            .deactivate_user(&actor, id, &message.reason)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::DeactivateUserResponse {
            user: Some(self.told(&actor, person)),
        }))
    }

    async fn reset_password(
        &self,
        request: Request<proto::ResetPasswordRequest>,
    ) -> Result<Response<proto::ResetPasswordResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let id = parse_user_id(&message.user_id).map_err(refuse)?;
        let password = Secret::new(message.new_password);
        let reset = self
            .app
            .reset_password(&actor, id, password, message.password_change_required);
        reset.await.map_err(refuse)?;
        Ok(Response::new(proto::ResetPasswordResponse {}))
    }

    async fn update_user(
        &self,
        request: Request<proto::UpdateUserRequest>,
    ) -> Result<Response<proto::UpdateUserResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let id = parse_user_id(&message.user_id).map_err(refuse)?;
        let patch = ProfilePatch {
            display_name: message.display_name,
            hierarchy_level: message.hierarchy_level,
            email: message.email,
            ..ProfilePatch::default()
        };
        let person = self
            .app
            .update_user(&actor, id, &patch)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::UpdateUserResponse {
            user: Some(self.told(&actor, person)),
        }))
    }
}
