//! `im.auth.v1.AuthInternalService`: for the other services of the installation. That only they
//! get here is the business of the server's layers.

use im_proto::auth as proto;
use im_proto::auth::auth_internal_service_server::AuthInternalService;
use im_types::{Secret, SessionId, UserId};
use tonic::{Request, Response, Status, async_trait};

use super::convert::{facts, snapshot, timestamp};
use super::{Grpc, refuse};
use crate::domain::group::CommonMember;
use crate::usecase::parse_user_id;

#[async_trait]
impl AuthInternalService for Grpc {
    async fn list_signing_keys(
        &self,
        _request: Request<proto::ListSigningKeysRequest>,
    ) -> Result<Response<proto::ListSigningKeysResponse>, Status> {
        use proto::list_signing_keys_response::Key;
        let keys = self
            .app
            .keys
            .public()
            .into_iter()
            .map(|(key_id, public_key, expires_at)| Key {
                key_id,
                public_key,
                expire_time: Some(timestamp(expires_at)),
            });
        Ok(Response::new(proto::ListSigningKeysResponse {
            keys: keys.collect(),
        }))
    }

    async fn get_snapshot(
        &self,
        _request: Request<proto::GetSnapshotRequest>,
    ) -> Result<Response<proto::GetSnapshotResponse>, Status> {
        let (found, revoked) = self.app.get_snapshot().await.map_err(refuse)?;
        Ok(Response::new(snapshot(&found, revoked)))
    }

    async fn list_changes(
        &self,
        request: Request<proto::ListChangesRequest>,
    ) -> Result<Response<proto::ListChangesResponse>, Status> {
        let proto::ListChangesRequest {
            after_revision,
            limit,
        } = request.into_inner();
        let page = self
            .app
            .list_changes(after_revision, limit)
            .await
            .map_err(refuse)?;
        let changes = page.changes.into_iter().map(|change| proto::Change {
            revision: change.revision,
            kind: i32::try_from(change.kind).unwrap_or_default(),
            r#ref: change.reference,
            user_id: change.user_id.map(|id| id.to_string()).unwrap_or_default(),
        });
        Ok(Response::new(proto::ListChangesResponse {
            changes: changes.collect(),
            revision: page.revision,
            snapshot_needed: page.is_snapshot_needed,
        }))
    }

    async fn batch_get_users(
        &self,
        request: Request<proto::BatchGetUsersRequest>,
    ) -> Result<Response<proto::BatchGetUsersResponse>, Status> {
        let ids = request.into_inner().user_ids;
        // What is no id is nobody's.
        let ids: Vec<UserId> = ids.iter().filter_map(|id| UserId::parse(id).ok()).collect();
        let found = self.app.batch_get_users(&ids).await.map_err(refuse)?;
        let users = found.iter().map(facts).collect();
        Ok(Response::new(proto::BatchGetUsersResponse { users }))
    }

    async fn list_common_groups(
        &self,
        request: Request<proto::ListCommonGroupsRequest>,
    ) -> Result<Response<proto::ListCommonGroupsResponse>, Status> {
        let id = parse_user_id(&request.get_ref().user_id).map_err(refuse)?;
        let members = self.app.list_common_groups(id).await.map_err(refuse)?;
        Ok(Response::new(proto::ListCommonGroupsResponse {
            groups: by_group(members),
        }))
    }

    async fn create_ticket(
        &self,
        request: Request<proto::CreateTicketRequest>,
    ) -> Result<Response<proto::CreateTicketResponse>, Status> {
        let actor = self.actor(&request).await?;
        let (ticket, expires_at) = self.app.create_ticket(&actor).await.map_err(refuse)?;
        Ok(Response::new(proto::CreateTicketResponse {
            ticket: ticket.expose().clone(),
            expire_time: Some(timestamp(expires_at)),
        }))
    }

    async fn redeem_ticket(
        &self,
        request: Request<proto::RedeemTicketRequest>,
    ) -> Result<Response<proto::RedeemTicketResponse>, Status> {
        let text = Secret::new(request.into_inner().ticket);
        let ticket = self.app.redeem_ticket(&text).await.map_err(refuse)?;
        Ok(Response::new(proto::RedeemTicketResponse {
            user_id: ticket.user_id.to_string(),
            session_id: ticket.session_id.to_string(),
            site_id: ticket.site.as_str().to_owned(),
            device_id: ticket.device_id.to_string(),
        }))
    }

    async fn batch_check_sessions(
        &self,
        request: Request<proto::BatchCheckSessionsRequest>,
    ) -> Result<Response<proto::BatchCheckSessionsResponse>, Status> {
        let texts = request.into_inner().session_ids;
        let (mut ids, mut ended_session_ids) = (Vec::with_capacity(texts.len()), Vec::new());
        for text in texts {
            match SessionId::parse(&text) {
                Ok(id) => ids.push(id),
                // What is no id is no session.
                Err(_) => ended_session_ids.push(text),
            }
        }
        let ended = self.app.find_ended_sessions(&ids).await.map_err(refuse)?;
        ended_session_ids.extend(ended.iter().map(ToString::to_string));
        Ok(Response::new(proto::BatchCheckSessionsResponse {
            ended_session_ids,
        }))
    }
}

/// Members, which come ordered by group, as groups.
fn by_group(members: Vec<CommonMember>) -> Vec<proto::list_common_groups_response::GroupMembers> {
    use proto::list_common_groups_response::GroupMembers;
    let mut groups: Vec<GroupMembers> = Vec::new();
    for member in members {
        let group_id = member.group_id.to_string();
        let user_id = member.user_id.to_string();
        match groups.last_mut().filter(|group| group.group_id == group_id) {
            Some(group) => group.user_ids.push(user_id),
            None => {
                groups.push(GroupMembers {
                    group_id,
                    name: member.group_name,
                    user_ids: vec![user_id],
                });
            }
        }
    }
    groups
}
