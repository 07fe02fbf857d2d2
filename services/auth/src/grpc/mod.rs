//! The rpcs: from messages to use cases and back, nothing else.

mod admin;
mod auth;
mod convert;
mod identities;
mod internal;
mod sessions;
mod user_admin;
mod users;

use std::sync::Arc;

use im_proto::auth::audit_service_server::AuditServiceServer;
use im_proto::auth::auth_internal_service_server::AuthInternalServiceServer;
use im_proto::auth::auth_service_server::AuthServiceServer;
use im_proto::auth::ban_service_server::BanServiceServer;
use im_proto::auth::group_service_server::GroupServiceServer;
use im_proto::auth::identity_service_server::IdentityServiceServer;
use im_proto::auth::identity_store_service_server::IdentityStoreServiceServer;
use im_proto::auth::invite_service_server::InviteServiceServer;
use im_proto::auth::policy_service_server::PolicyServiceServer;
use im_proto::auth::role_service_server::RoleServiceServer;
use im_proto::auth::session_service_server::SessionServiceServer;
use im_proto::auth::site_service_server::SiteServiceServer;
use im_proto::auth::user_admin_service_server::UserAdminServiceServer;
use im_proto::auth::user_service_server::UserServiceServer;
use im_runtime::error::status;
use im_runtime::rpc::RequestContext;
use im_types::SiteId;
use tonic::service::Routes;
use tonic::{Request, Status};

use crate::Error;
use crate::usecase::{Actor, AllowedAudience, App, Origin};

/// The rpcs of auth. One type serves all services.
#[derive(Debug, Clone)]
pub(crate) struct Grpc {
    pub(crate) app: Arc<App>,
}

/// All services of auth, public and internal ones.
pub(crate) fn routes(app: &Arc<App>) -> Routes {
    let grpc = Grpc {
        app: Arc::clone(app),
    };
    // Routes::default() brings a fallback, which could not be merged with other services.
    Routes::from(axum::Router::new())
        .add_service(AuthServiceServer::new(grpc.clone()))
        .add_service(UserServiceServer::new(grpc.clone()))
        .add_service(SessionServiceServer::new(grpc.clone()))
        .add_service(UserAdminServiceServer::new(grpc.clone()))
        .add_service(PolicyServiceServer::new(grpc.clone()))
        .add_service(GroupServiceServer::new(grpc.clone()))
        .add_service(SiteServiceServer::new(grpc.clone()))
        .add_service(IdentityStoreServiceServer::new(grpc.clone()))
        .add_service(IdentityServiceServer::new(grpc.clone()))
        .add_service(RoleServiceServer::new(grpc.clone()))
        .add_service(BanServiceServer::new(grpc.clone()))
        .add_service(InviteServiceServer::new(grpc.clone()))
        .add_service(AuditServiceServer::new(grpc.clone()))
        .add_service(AuthInternalServiceServer::new(grpc))
}

/// The one way from an error to a status.
#[expect(
    clippy::needless_pass_by_value,
    reason = "for map_err, which gives the error away"
)]
pub(crate) fn refuse(error: Error) -> Status {
    status(&error)
}

impl Grpc {
    /// Where a request comes from. Without a site it is the one that always exists.
    pub(crate) fn origin<T>(request: &Request<T>) -> Result<Origin, Status> {
        Self::origin_of(&RequestContext::from_request(request))
    }

    fn origin_of(context: &RequestContext) -> Result<Origin, Status> {
        let site = match context.site.as_deref() {
            None => SiteId::default(),
            Some(text) => SiteId::parse(text).map_err(|_| refuse(Error::SiteNotFound))?,
        };
        Ok(Origin {
            site,
            address: context.client_address,
        })
    }

    /// Who sends a request, in an ordinary session.
    pub(crate) async fn actor<T>(&self, request: &Request<T>) -> Result<Actor, Status> {
        self.actor_in(request, AllowedAudience::Api).await
    }

    /// Who sends a request.
    pub(crate) async fn actor_in<T>(
        &self,
        request: &Request<T>,
        allowed: AllowedAudience,
    ) -> Result<Actor, Status> {
        let context = RequestContext::from_request(request);
        let origin = Self::origin_of(&context)?;
        let actor = self
            .app
            .authenticate(context.bearer.as_ref(), origin, allowed)
            .await;
        actor.map_err(refuse)
    }
}
