//! `im.auth.v1.AuthService`.

use im_proto::auth as proto;
use im_proto::auth::auth_service_server::AuthService;
use im_types::Secret;
use tonic::{Request, Response, Status, async_trait};

use super::convert::{Told, public_site, user};
use super::{Grpc, refuse};
use crate::usecase::AllowedAudience;
use crate::usecase::first_administrator::ClaimCommand;
use crate::usecase::login::LoginCommand;
use crate::usecase::register::RegisterCommand;

#[async_trait]
impl AuthService for Grpc {
    async fn get_site(
        &self,
        request: Request<proto::GetSiteRequest>,
    ) -> Result<Response<proto::GetSiteResponse>, Status> {
        let site = self
            .app
            .get_site(&Self::origin(&request)?)
            .map_err(refuse)?;
        Ok(Response::new(proto::GetSiteResponse {
            site: Some(public_site(site)),
        }))
    }

    async fn register(
        &self,
        request: Request<proto::RegisterRequest>,
    ) -> Result<Response<proto::RegisterResponse>, Status> {
        let origin = Self::origin(&request)?;
        let message = request.into_inner();
        let command = RegisterCommand {
            username: message.username,
            password: Secret::new(message.password),
            display_name: message.display_name,
            invite_token: Secret::new(message.invite_token),
            site_password: Secret::new(message.site_password),
            email: message.email,
        };
        let person = self.app.register(&origin, command).await.map_err(refuse)?;
        let user = user(person, Told::Own, self.app.clock.now());
        Ok(Response::new(proto::RegisterResponse { user: Some(user) }))
    }

    async fn login(
        &self,
        request: Request<proto::LoginRequest>,
    ) -> Result<Response<proto::LoginResponse>, Status> {
        let origin = Self::origin(&request)?;
        let message = request.into_inner();
        let command = LoginCommand {
            username: message.username,
            password: Secret::new(message.password),
            device_id: message.device_id,
            device_name: message.device_name,
            site_password: Secret::new(message.site_password),
        };
        let answer = self.app.login(&origin, command).await.map_err(refuse)?;
        let permissions = self.app.snapshot().permissions(&answer.person.roles);
        let mut user = user(answer.person, Told::Own, self.app.clock.now());
        user.permissions = permissions.names();
        Ok(Response::new(proto::LoginResponse {
            access_token: answer.access_token.expose().clone(),
            refresh_token: answer.refresh_token.expose().clone(),
            expires_in: i32::try_from(answer.expires_in_s).unwrap_or(i32::MAX),
            user: Some(user),
            session_id: answer.session_id.to_string(),
            device_id: answer.device_id.to_string(),
            password_change_required: answer.is_password_only,
        }))
    }

    async fn refresh(
        &self,
        request: Request<proto::RefreshRequest>,
    ) -> Result<Response<proto::RefreshResponse>, Status> {
        let origin = Self::origin(&request)?;
        let token = Secret::new(request.into_inner().refresh_token);
        let renewed = self.app.refresh(&origin, &token).await.map_err(refuse)?;
        Ok(Response::new(proto::RefreshResponse {
            access_token: renewed.access_token.expose().clone(),
            refresh_token: renewed.refresh_token.expose().clone(),
            expires_in: i32::try_from(renewed.expires_in_s).unwrap_or(i32::MAX),
            session_id: renewed.session_id.to_string(),
        }))
    }

    async fn logout(
        &self,
        request: Request<proto::LogoutRequest>,
    ) -> Result<Response<proto::LogoutResponse>, Status> {
        let actor = self
            .actor_in(&request, AllowedAudience::ApiOrPassword)
            .await?;
        self.app.logout(&actor).await.map_err(refuse)?;
        Ok(Response::new(proto::LogoutResponse {}))
    }

    async fn change_password(
        &self,
        request: Request<proto::ChangePasswordRequest>,
    ) -> Result<Response<proto::ChangePasswordResponse>, Status> {
        let actor = self
            .actor_in(&request, AllowedAudience::ApiOrPassword)
            .await?;
        let message = request.into_inner();
        let (old, new) = (
            Secret::new(message.old_password),
            Secret::new(message.new_password),
        );
        self.app
            .change_password(&actor, old, new)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::ChangePasswordResponse {}))
    }

    async fn claim_first_administrator(
        &self,
        request: Request<proto::ClaimFirstAdministratorRequest>,
    ) -> Result<Response<proto::ClaimFirstAdministratorResponse>, Status> {
        let origin = Self::origin(&request)?;
        let message = request.into_inner();
        let command = ClaimCommand {
            token: Secret::new(message.token),
            username: message.username,
            password: Secret::new(message.password),
            display_name: message.display_name,
        };
        let person = self.app.claim_first_administrator(&origin, command).await;
        let user = user(person.map_err(refuse)?, Told::Own, self.app.clock.now());
        Ok(Response::new(proto::ClaimFirstAdministratorResponse {
            user: Some(user),
        }))
    }
}
