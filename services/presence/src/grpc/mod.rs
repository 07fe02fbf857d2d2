//! The rpcs: reading requests, calling the use cases, writing answers.

mod contact;
mod convert;
mod internal;
mod presence;
mod watch;

use std::sync::Arc;

use im_directory::{AllowedAudience, TokenVerifier};
use im_proto::presence::contact_service_server::ContactServiceServer;
use im_proto::presence::presence_internal_service_server::PresenceInternalServiceServer;
use im_proto::presence::presence_service_server::PresenceServiceServer;
use im_runtime::error::status;
use im_runtime::lifecycle::Tasks;
use im_runtime::rpc::RequestContext;
use tonic::service::Routes;
use tonic::{Request, Status};

use crate::usecase::{Caller, Presence};

/// What the services share.
#[derive(Clone)]
pub(crate) struct Shared {
    presence: Presence,
    verifier: TokenVerifier,
    tasks: Tasks,
}

impl Shared {
    /// Who calls.
    async fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let context = RequestContext::from_request(request);
        let actor = self
            .verifier
            .authenticate(&context, AllowedAudience::Api)
            .await
            .map_err(|error| status(&error))?;
        Ok(Caller {
            person: Arc::clone(&actor.facts),
            site_id: actor.site_id,
        })
    }
}

/// All services, public and internal.
pub(crate) fn routes(presence: Presence, verifier: TokenVerifier, tasks: Tasks) -> Routes {
    let shared = Shared {
        presence,
        verifier,
        tasks,
    };
    Routes::from(axum::Router::new())
        .add_service(ContactServiceServer::new(contact::Contacts(shared.clone())))
        .add_service(PresenceServiceServer::new(presence::Presences(
            shared.clone(),
        )))
        .add_service(PresenceInternalServiceServer::new(internal::Internal(
            shared,
        )))
}
