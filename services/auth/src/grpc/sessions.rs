//! `im.auth.v1.SessionService`.

use im_proto::auth as proto;
use im_proto::auth::session_service_server::SessionService;
use tonic::{Request, Response, Status, async_trait};

use super::convert::{device, session};
use super::{Grpc, refuse};
use crate::usecase::{PageRequest, parse_device_id, parse_session_id};

#[async_trait]
impl SessionService for Grpc {
    async fn list_sessions(
        &self,
        request: Request<proto::ListSessionsRequest>,
    ) -> Result<Response<proto::ListSessionsResponse>, Status> {
        let actor = self.actor(&request).await?;
        let proto::ListSessionsRequest {
            user_id,
            page_size,
            page_token,
        } = request.into_inner();
        let wanted = PageRequest {
            size: page_size,
            token: &page_token,
        };
        let page = self.app.list_sessions(&actor, &user_id, wanted).await;
        let page = page.map_err(refuse)?;
        Ok(Response::new(proto::ListSessionsResponse {
            sessions: page
                .items
                .into_iter()
                .map(|item| session(item, &actor))
                .collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn revoke_session(
        &self,
        request: Request<proto::RevokeSessionRequest>,
    ) -> Result<Response<proto::RevokeSessionResponse>, Status> {
        let actor = self.actor(&request).await?;
        let id = parse_session_id(&request.get_ref().session_id).map_err(refuse)?;
        self.app.revoke_session(&actor, id).await.map_err(refuse)?;
        Ok(Response::new(proto::RevokeSessionResponse {}))
    }

    async fn list_devices(
        &self,
        request: Request<proto::ListDevicesRequest>,
    ) -> Result<Response<proto::ListDevicesResponse>, Status> {
        let actor = self.actor(&request).await?;
        let message = request.into_inner();
        let wanted = PageRequest {
            size: message.page_size,
            token: &message.page_token,
        };
        let list = self
            .app
            .list_devices(&actor, &message.user_id, message.waiting_only, wanted);
        let page = list.await.map_err(refuse)?;
        Ok(Response::new(proto::ListDevicesResponse {
            devices: page.items.into_iter().map(device).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn approve_device(
        &self,
        request: Request<proto::ApproveDeviceRequest>,
    ) -> Result<Response<proto::ApproveDeviceResponse>, Status> {
        let actor = self.actor(&request).await?;
        let id = parse_device_id(&request.get_ref().device_id).map_err(refuse)?;
        let approved = self.app.approve_device(&actor, id).await.map_err(refuse)?;
        Ok(Response::new(proto::ApproveDeviceResponse {
            device: Some(device(approved)),
        }))
    }

    async fn remove_device(
        &self,
        request: Request<proto::RemoveDeviceRequest>,
    ) -> Result<Response<proto::RemoveDeviceResponse>, Status> {
        let actor = self.actor(&request).await?;
        let id = parse_device_id(&request.get_ref().device_id).map_err(refuse)?;
        self.app.remove_device(&actor, id).await.map_err(refuse)?;
        Ok(Response::new(proto::RemoveDeviceResponse {}))
    }
}
