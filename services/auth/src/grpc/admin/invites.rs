//! `InviteService`.

use im_proto::auth as proto;
use im_types::InviteId;
use tonic::{Request, Response, Status, async_trait};

use super::{Grpc, answer, count, parse_id, text_of, timestamp};
use crate::domain::invite::Invite;
use crate::usecase::admin::InviteCommand;

fn invite_to_proto(invite: Invite) -> proto::Invite {
    proto::Invite {
        id: invite.id.to_string(),
        uses_left: count(invite.uses_left),
        created_by: text_of(invite.created_by),
        create_time: Some(timestamp(invite.created_at)),
        expire_time: Some(timestamp(invite.expires_at)),
        note: invite.note,
    }
}

#[async_trait]
impl proto::invite_service_server::InviteService for Grpc {
    async fn create_invite(
        &self,
        request: Request<proto::CreateInviteRequest>,
    ) -> Result<Response<proto::CreateInviteResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let create = async {
            let command = InviteCommand {
                uses: request.uses,
                validity_days: request.validity_days,
                note: request.note,
            };
            let (invite, token) = self.app.create_invite(&actor, &command).await?;
            Ok(proto::CreateInviteResponse {
                invite: Some(invite_to_proto(invite)),
                token: token.expose().clone(),
            })
        };
        answer(create.await)
    }

    async fn list_invites(
        &self,
        request: Request<proto::ListInvitesRequest>,
    ) -> Result<Response<proto::ListInvitesResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let list = async {
            let list = self
                .app
                .list_invites(&actor, request.page_size, &request.page_token);
            let page = list.await?;
            let invites = page.invites.into_iter().map(invite_to_proto).collect();
            Ok(proto::ListInvitesResponse {
                invites,
                next_page_token: page.next_page_token,
            })
        };
        answer(list.await)
    }

    async fn delete_invite(
        &self,
        request: Request<proto::DeleteInviteRequest>,
    ) -> Result<Response<proto::DeleteInviteResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let delete = async {
            let invite = parse_id("invite_id", &request.invite_id, InviteId::parse)?;
            self.app.delete_invite(&actor, invite).await?;
            Ok(proto::DeleteInviteResponse {})
        };
        answer(delete.await)
    }
}
