//! Who calls.

use std::sync::Arc;

use im_directory::{AllowedAudience, TokenVerifier};
use im_runtime::error::status;
use im_runtime::rpc::RequestContext;
use tonic::{Request, Status};

use crate::error::Error;
use crate::usecase::{Core, Person};

/// Turns a call into the person behind it.
#[derive(Clone)]
pub(super) struct Callers {
    core: Arc<Core>,
    verifier: TokenVerifier,
}

impl Callers {
    pub(super) const fn new(core: Arc<Core>, verifier: TokenVerifier) -> Self {
        Self { core, verifier }
    }

    /// The operations.
    pub(super) fn core(&self) -> &Core {
        &self.core
    }

    /// The person and what is asked.
    pub(super) async fn admit<T>(&self, request: Request<T>) -> Result<(Person, T), Status> {
        let context = RequestContext::from_request(&request);
        let actor = self
            .verifier
            .authenticate(&context, AllowedAudience::Api)
            .await;
        let actor = actor.map_err(|error| status(&Error::from(error)))?;
        Ok((self.core.person(&actor), request.into_inner()))
    }
}

/// Errors of this crate as they leave it.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
pub(super) fn refuse(error: Error) -> Status {
    status(&error)
}
