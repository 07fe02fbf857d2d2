//! Auth as played by the directory's own double, with addresses for the sites.

use im_directory::{AuthSource, testing::FixedAuth};
use im_proto::auth as proto;
use tonic::{Status, async_trait};

#[derive(Clone)]
pub(crate) struct PlayedAuth(pub(crate) FixedAuth);

#[async_trait]
impl AuthSource for PlayedAuth {
    async fn snapshot(&self) -> Result<proto::GetSnapshotResponse, Status> {
        let mut snapshot = self.0.snapshot().await?;
        for site in &mut snapshot.sites {
            if site.id != "default" {
                let address = proto::site::Address {
                    path_prefix: format!("/{}", site.id),
                    ..Default::default()
                };
                site.addresses.push(address);
            }
        }
        Ok(snapshot)
    }

    async fn changes(&self, after_revision: i64) -> Result<proto::ListChangesResponse, Status> {
        self.0.changes(after_revision).await
    }

    async fn users(&self, user_ids: Vec<String>) -> Result<Vec<proto::UserFacts>, Status> {
        self.0.users(user_ids).await
    }

    async fn common_groups(
        &self,
        user_id: String,
    ) -> Result<proto::ListCommonGroupsResponse, Status> {
        self.0.common_groups(user_id).await
    }

    async fn signing_keys(&self) -> Result<proto::ListSigningKeysResponse, Status> {
        self.0.signing_keys().await
    }

    async fn ended_sessions(&self, session_ids: Vec<String>) -> Result<Vec<String>, Status> {
        self.0.ended_sessions(session_ids).await
    }
}
