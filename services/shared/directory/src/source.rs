//! Where the directory gets what it mirrors.

use im_proto::im::auth::v1 as proto;
use im_proto::im::auth::v1::auth_internal_service_client::AuthInternalServiceClient;
use im_runtime::rpc::RpcChannel;
use tonic::{Status, async_trait};

/// What the directory asks auth. In production the internal rpcs; in tests a fixed set of facts.
#[async_trait]
pub trait AuthSource: Send + Sync + 'static {
    /// Sites, policy, roles and the sessions that ended a short while ago.
    async fn snapshot(&self) -> Result<proto::GetSnapshotResponse, Status>;
    /// What changed after a revision.
    async fn changes(&self, after_revision: i64) -> Result<proto::ListChangesResponse, Status>;
    /// Facts of at most 1000 people.
    async fn users(&self, user_ids: Vec<String>) -> Result<Vec<proto::UserFacts>, Status>;
    /// A person's groups with their members.
    async fn common_groups(
        &self,
        user_id: String,
    ) -> Result<proto::ListCommonGroupsResponse, Status>;
    /// The public keys of access tokens.
    async fn signing_keys(&self) -> Result<proto::ListSigningKeysResponse, Status>;
    /// Which of these sessions (at most 10,000) have ended.
    async fn ended_sessions(&self, session_ids: Vec<String>) -> Result<Vec<String>, Status>;
}

/// Most changes taken with one call.
const CHANGES_PER_CALL: i32 = 1000;

#[async_trait]
impl AuthSource for AuthInternalServiceClient<RpcChannel> {
    async fn snapshot(&self) -> Result<proto::GetSnapshotResponse, Status> {
        let answer = self
            .clone()
            .get_snapshot(proto::GetSnapshotRequest {})
            .await?;
        Ok(answer.into_inner())
    }

    async fn changes(&self, after_revision: i64) -> Result<proto::ListChangesResponse, Status> {
        let request = proto::ListChangesRequest {
            after_revision,
            limit: CHANGES_PER_CALL,
        };
        Ok(self.clone().list_changes(request).await?.into_inner())
    }

    async fn users(&self, user_ids: Vec<String>) -> Result<Vec<proto::UserFacts>, Status> {
        let request = proto::BatchGetUsersRequest { user_ids };
        Ok(self
            .clone()
            .batch_get_users(request)
            .await?
            .into_inner()
            .users)
    }

    async fn common_groups(
        &self,
        user_id: String,
    ) -> Result<proto::ListCommonGroupsResponse, Status> {
        let request = proto::ListCommonGroupsRequest { user_id };
        Ok(self.clone().list_common_groups(request).await?.into_inner())
    }

    async fn signing_keys(&self) -> Result<proto::ListSigningKeysResponse, Status> {
        let answer = self
            .clone()
            .list_signing_keys(proto::ListSigningKeysRequest {})
            .await?;
        Ok(answer.into_inner())
    }

    async fn ended_sessions(&self, session_ids: Vec<String>) -> Result<Vec<String>, Status> {
        let request = proto::BatchCheckSessionsRequest { session_ids };
        Ok(self
            .clone()
            .batch_check_sessions(request)
            .await?
            .into_inner()
            .ended_session_ids)
    }
}
