//! `PresenceService`.

use im_proto::presence as proto;
use im_proto::presence::presence_service_server::PresenceService;
use tonic::{Request, Response, Status, async_trait};

use super::Shared;
use super::convert::{choice_from, ids, line, presence, refuse, time_from};
use crate::domain::claim::REASON_CHARS_MAX;
use crate::error::Error;
use crate::usecase::NewClaim;

/// See the proto.
pub(super) struct Presences(pub(super) Shared);

#[async_trait]
impl PresenceService for Presences {
    async fn set_presence(
        &self,
        request: Request<proto::SetPresenceRequest>,
    ) -> Result<Response<proto::SetPresenceResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let request = request.into_inner();
        let state = proto::presence::State::try_from(request.state)
            .map_err(|_| refuse(Error::field("state", "is none of the states")))?;
        let expires_at = request
            .expire_time
            .map(|time| time_from("expire_time", time))
            .transpose()?;
        let claim = NewClaim {
            choice: choice_from(state)?,
            reason: line("reason", &request.reason, REASON_CHARS_MAX)?,
            expires_at,
            is_last_seen_hidden: request.last_seen_hidden,
        };
        let view = self
            .0
            .presence
            .set_presence(&caller, claim)
            .await
            .map_err(refuse)?;
        Ok(Response::new(proto::SetPresenceResponse {
            presence: Some(presence(&view)),
        }))
    }

    async fn list_presences(
        &self,
        request: Request<proto::ListPresencesRequest>,
    ) -> Result<Response<proto::ListPresencesResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let user_ids = ids("user_ids", &request.get_ref().user_ids)?;
        let views = self
            .0
            .presence
            .list_presences(&caller, &user_ids)
            .await
            .map_err(refuse)?;
        let presences = views.iter().map(presence).collect();
        Ok(Response::new(proto::ListPresencesResponse { presences }))
    }

    async fn list_status_reasons(
        &self,
        request: Request<proto::ListStatusReasonsRequest>,
    ) -> Result<Response<proto::ListStatusReasonsResponse>, Status> {
        let caller = self.0.caller(&request).await?;
        let reasons = self.0.presence.list_status_reasons(&caller.site_id);
        Ok(Response::new(proto::ListStatusReasonsResponse { reasons }))
    }
}
