//! `AuditService`.

use std::fmt::Write as _;

use im_proto::auth as proto;
use im_types::UserId;
use tonic::{Request, Response, Status, async_trait};

use super::{Grpc, answer, parse_optional_id, text_of, timestamp};
use crate::domain::audit::HashedEntry;
use crate::usecase::admin::AuditQuery;

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}

fn entry_to_proto(row: HashedEntry) -> proto::AuditEntry {
    let HashedEntry { entry, hash } = row;
    proto::AuditEntry {
        seq: entry.seq,
        create_time: Some(timestamp(entry.created_at)),
        actor_id: text_of(entry.actor_id),
        action: entry.action,
        target: entry.target,
        site_id: entry.site_id,
        client_address: entry.client_address,
        // Written by this program as an object of texts; tampered rows show in the hash.
        detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
        hash: hex(&hash),
    }
}

#[async_trait]
impl proto::audit_service_server::AuditService for Grpc {
    async fn list_audit_entries(
        &self,
        request: Request<proto::ListAuditEntriesRequest>,
    ) -> Result<Response<proto::ListAuditEntriesResponse>, Status> {
        let (actor, request) = self.open(request).await?;
        let list = async {
            let query = AuditQuery {
                actor: parse_optional_id("actor_id", &request.actor_id, UserId::parse)?,
                action_prefix: request.action_prefix,
                target: request.target,
                page_size: request.page_size,
                page_token: request.page_token,
            };
            let page = self.app.list_audit_entries(&actor, query).await?;
            let entries = page.entries.into_iter().map(entry_to_proto).collect();
            let next_page_token = page.next_page_token;
            Ok(proto::ListAuditEntriesResponse {
                entries,
                next_page_token,
            })
        };
        answer(list.await)
    }

    async fn verify_audit_log(
        &self,
        request: Request<proto::VerifyAuditLogRequest>,
    ) -> Result<Response<proto::VerifyAuditLogResponse>, Status> {
        let (actor, _) = self.open(request).await?;
        let verify = async {
            let check = self.app.verify_audit_log(&actor).await?;
            Ok(proto::VerifyAuditLogResponse {
                entry_count: check.entry_count,
                valid: check.first_bad_seq.is_none(),
                first_bad_seq: check.first_bad_seq.unwrap_or(0),
                head_hash: hex(&check.head_hash),
            })
        };
        answer(verify.await)
    }
}
