//! auth, played: tickets; the mirror is played by the directory's own double.

use im_proto::auth::{self, auth_internal_service_server::AuthInternalService};
use tonic::{Request as Rpc, Response as Answer, Status, async_trait};

use super::Backends;

#[async_trait]
impl AuthInternalService for Backends {
    async fn create_ticket(
        &self,
        request: Rpc<auth::CreateTicketRequest>,
    ) -> Result<Answer<auth::CreateTicketResponse>, Status> {
        *self.ticket_context.lock().unwrap() = Some(request.metadata().clone().into_headers());
        Ok(Answer::new(auth::CreateTicketResponse {
            ticket: "ticket-1".to_owned(),
            expire_time: None,
        }))
    }

    async fn redeem_ticket(
        &self,
        request: Rpc<auth::RedeemTicketRequest>,
    ) -> Result<Answer<auth::RedeemTicketResponse>, Status> {
        let ticket = self
            .tickets
            .lock()
            .unwrap()
            .remove(&request.into_inner().ticket);
        ticket
            .map(Answer::new)
            .ok_or_else(|| Status::unauthenticated("no such ticket"))
    }

    async fn list_signing_keys(
        &self,
        _: Rpc<auth::ListSigningKeysRequest>,
    ) -> Result<Answer<auth::ListSigningKeysResponse>, Status> {
        Err(Status::unimplemented("played elsewhere"))
    }

    async fn get_snapshot(
        &self,
        _: Rpc<auth::GetSnapshotRequest>,
    ) -> Result<Answer<auth::GetSnapshotResponse>, Status> {
        Err(Status::unimplemented("played elsewhere"))
    }

    async fn list_changes(
        &self,
        _: Rpc<auth::ListChangesRequest>,
    ) -> Result<Answer<auth::ListChangesResponse>, Status> {
        Err(Status::unimplemented("played elsewhere"))
    }

    async fn batch_get_users(
        &self,
        _: Rpc<auth::BatchGetUsersRequest>,
    ) -> Result<Answer<auth::BatchGetUsersResponse>, Status> {
        Err(Status::unimplemented("played elsewhere"))
    }

    async fn list_common_groups(
        &self,
        _: Rpc<auth::ListCommonGroupsRequest>,
    ) -> Result<Answer<auth::ListCommonGroupsResponse>, Status> {
        Err(Status::unimplemented("played elsewhere"))
    }

    async fn batch_check_sessions(
        &self,
        _: Rpc<auth::BatchCheckSessionsRequest>,
    ) -> Result<Answer<auth::BatchCheckSessionsResponse>, Status> {
        Err(Status::unimplemented("played elsewhere"))
    }
}
