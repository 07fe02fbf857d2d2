//! Presence, asked over its internal service.

use std::sync::Arc;

use futures_util::FutureExt as _;
use im_proto::presence as proto;
use im_proto::presence::presence_internal_service_client::PresenceInternalServiceClient;
use im_runtime::rpc::RpcChannel;
use im_types::{SiteId, UserId};
use prost::Message as _;
use tonic::Status;

use crate::domain::Verdict;
use crate::domain::command::Unreachable;
use crate::ports::{Answer, Presence, PresenceFault, RosterChanges};

/// Changes read with one call.
const CHANGES_PER_CALL: i32 = 500;

/// Presence at the other end of a channel.
#[derive(Debug, Clone)]
pub struct PresenceClient(PresenceInternalServiceClient<RpcChannel>);

impl PresenceClient {
    /// Over `channel`.
    pub fn new(channel: RpcChannel) -> Self {
        Self(PresenceInternalServiceClient::new(channel))
    }
}

fn away(status: Status) -> PresenceFault {
    PresenceFault(Box::new(status))
}

/// A reason that this version does not know is a refusal all the same.
fn verdict(reason: &str) -> Verdict {
    match reason {
        "" => Ok(()),
        "BLOCKED" => Err(Unreachable::Blocked),
        "HIERARCHY" => Err(Unreachable::Hierarchy),
        "NO_COMMON_GROUP" => Err(Unreachable::NoCommonGroup),
        "USER_NOT_FOUND" => Err(Unreachable::UserNotFound),
        _ => Err(Unreachable::NotAContact),
    }
}

impl Presence for PresenceClient {
    fn check_reach<'a>(
        &'a self,
        sender_id: UserId,
        site_id: &'a SiteId,
        user_ids: &'a [UserId],
    ) -> Answer<'a, Vec<Verdict>, PresenceFault> {
        let request = proto::CheckReachRequest {
            sender_id: sender_id.to_string(),
            site_id: site_id.to_string(),
            user_ids: user_ids.iter().map(UserId::to_string).collect(),
        };
        async move {
            let answer = self
                .0
                .clone()
                .check_reach(request)
                .await
                .map_err(away)?
                .into_inner();
            if answer.verdicts.len() != user_ids.len() {
                return Err(PresenceFault("not one verdict for each person".into()));
            }
            Ok(answer
                .verdicts
                .iter()
                .map(|told| verdict(&told.refused_reason))
                .collect())
        }
        .boxed()
    }

    fn roster_changes(&self, after_position: i64) -> Answer<'_, RosterChanges, PresenceFault> {
        async move {
            let request = proto::ListRosterChangesRequest {
                after_position,
                limit: CHANGES_PER_CALL,
            };
            let answer = self
                .0
                .clone()
                .list_roster_changes(request)
                .await
                .map_err(away)?;
            let told = answer.into_inner().changes;
            let position = told.last().map_or(after_position, |change| change.position);
            let changes = told.into_iter().filter_map(|change| {
                let owner_id = UserId::parse(&change.owner_id).ok()?;
                let contact: Arc<[u8]> = change.contact?.encode_to_vec().into();
                Some((owner_id, contact))
            });
            Ok(RosterChanges {
                position,
                changes: changes.collect(),
            })
        }
        .boxed()
    }
}
