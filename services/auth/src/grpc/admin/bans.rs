//! `BanService`.

use im_proto::auth as proto;
use im_proto::auth::ban::Kind;
use im_types::{BanId, Timestamp};
use tonic::{Request, Response, Status, async_trait};

use super::{Grpc, answer, parse_id, text_of, timestamp};
use crate::Error;
use crate::domain::ban::{Ban, BanKind};
use crate::usecase::admin::BanCommand;

fn ban_to_proto(ban: Ban) -> proto::Ban {
    let kind = match ban.kind {
        BanKind::Username => Kind::Username,
        BanKind::Address => Kind::Address,
        BanKind::Device => Kind::Device,
    };
    proto::Ban {
        id: ban.id.to_string(),
        kind: kind.into(),
        value: ban.value,
        reason: ban.reason,
        created_by: text_of(ban.created_by),
        create_time: Some(timestamp(ban.created_at)),
        expire_time: ban.expires_at.map(timestamp),
    }
}

fn command(request: proto::CreateBanRequest) -> Result<BanCommand, Error> {
    let kind = match request.kind() {
        Kind::Username => BanKind::Username,
        Kind::Address => BanKind::Address,
        Kind::Device => BanKind::Device,
        Kind::Unspecified => {
            return Err(Error::invalid(
                "kind",
                "must be USERNAME, ADDRESS or DEVICE",
            ));
        }
    };
    let expires_at = request.expire_time.map(|at| {
        Timestamp::from_seconds_nanos(at.seconds, at.nanos)
            .ok_or_else(|| Error::invalid("expire_time", "is no time"))
    });
    let (value, reason) = (request.value, request.reason);
    Ok(BanCommand {
        kind,
        value,
        reason,
        expires_at: expires_at.transpose()?,
    })
}

#[async_trait]
impl proto::ban_service_server::BanService for Grpc {
    async fn list_bans(
        &self,
        request: Request<proto::ListBansRequest>,
    ) -> Result<Response<proto::ListBansResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let list = async {
            let page = self
                .app
                .list_bans(&actor, request.page_size, &request.page_token)
                .await?;
            let bans = page.bans.into_iter().map(ban_to_proto).collect();
            Ok(proto::ListBansResponse {
                bans,
                next_page_token: page.next_page_token,
            })
        };
        answer(list.await)
    }

    async fn create_ban(
        &self,
        request: Request<proto::CreateBanRequest>,
    ) -> Result<Response<proto::CreateBanResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let create = async {
            let ban = self.app.create_ban(&actor, &command(request)?).await?;
            Ok(proto::CreateBanResponse {
                ban: Some(ban_to_proto(ban)),
            })
        };
        answer(create.await)
    }

    async fn delete_ban(
        &self,
        request: Request<proto::DeleteBanRequest>,
    ) -> Result<Response<proto::DeleteBanResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let delete = async {
            let ban = parse_id("ban_id", &request.ban_id, BanId::parse)?;
            self.app.delete_ban(&actor, ban).await?;
            Ok(proto::DeleteBanResponse {})
        };
        answer(delete.await)
    }
}
