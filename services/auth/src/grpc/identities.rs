//! `im.auth.v1.IdentityService`.

use im_proto::auth as proto;
use im_proto::auth::identity_service_server::IdentityService;
use im_types::Secret;
use tonic::{Request, Response, Status, async_trait};

use super::convert::timestamp;
use super::{Grpc, refuse};
use crate::domain::identity_store::Identity;
use crate::usecase::identities::LinkCommand;
use crate::usecase::parse_user_id;

fn to_proto(identity: Identity) -> proto::Identity {
    proto::Identity {
        store_id: identity.store_id,
        external_id: identity.external_id,
        login: identity.login,
        create_time: Some(timestamp(identity.created_at)),
        last_login_time: identity.last_login_at.map(timestamp),
    }
}

#[async_trait]
impl IdentityService for Grpc {
    async fn list_identities(
        &self,
        request: Request<proto::ListIdentitiesRequest>,
    ) -> Result<Response<proto::ListIdentitiesResponse>, Status> {
        let actor = self.actor(&request).await?;
        let user = match request.get_ref().user_id.as_str() {
            "me" => actor.user_id,
            text => parse_user_id(text).map_err(refuse)?,
        };
        let identities = self.app.list_identities(&actor, user).await;
        let identities = identities.map_err(refuse)?.into_iter().map(to_proto);
        Ok(Response::new(proto::ListIdentitiesResponse {
            identities: identities.collect(),
        }))
    }

    async fn link_identity(
        &self,
        request: Request<proto::LinkIdentityRequest>,
    ) -> Result<Response<proto::LinkIdentityResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let command = LinkCommand {
            store_id: message.store_id,
            login: message.login,
            password: Secret::new(message.password),
            current_password: Secret::new(message.current_password),
        };
        let identity = self.app.link_identity(&actor, command).await;
        Ok(Response::new(proto::LinkIdentityResponse {
            identity: Some(to_proto(identity.map_err(refuse)?)),
        }))
    }

    async fn unlink_identity(
        &self,
        request: Request<proto::UnlinkIdentityRequest>,
    ) -> Result<Response<proto::UnlinkIdentityResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        self.app
            .unlink_identity(&actor, &message.store_id, &message.external_id)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::UnlinkIdentityResponse {}))
    }

    async fn link_user_identity(
        &self,
        request: Request<proto::LinkUserIdentityRequest>,
    ) -> Result<Response<proto::LinkUserIdentityResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let user = parse_user_id(&message.user_id).map_err(refuse)?;
        let identity = self
            .app
            .link_user_identity(&actor, user, &message.store_id, &message.login)
            .await;
        Ok(Response::new(proto::LinkUserIdentityResponse {
            identity: Some(to_proto(identity.map_err(refuse)?)),
        }))
    }

    async fn unlink_user_identity(
        &self,
        request: Request<proto::UnlinkUserIdentityRequest>,
    ) -> Result<Response<proto::UnlinkUserIdentityResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let user = parse_user_id(&message.user_id).map_err(refuse)?;
        self.app
            .unlink_user_identity(&actor, user, &message.store_id, &message.external_id)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::UnlinkUserIdentityResponse {}))
    }
}
