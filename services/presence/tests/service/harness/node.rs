//! What a gateway node does.

use im_proto::presence as proto;
use im_types::{ConnectionId, NodeId, SessionId, UserId};

use super::Instance;

/// A gateway node.
#[derive(Clone)]
#[expect(
    clippy::struct_field_names,
    reason = "the id of a node is called so everywhere"
)]
pub(crate) struct Node {
    pub(crate) instance: Instance,
    pub(crate) node_id: NodeId,
    pub(crate) epoch: i64,
}

impl Node {
    /// Opens a connection; the reason if it is refused.
    pub(crate) async fn open(&self, user_id: UserId) -> Result<ConnectionId, String> {
        let connection_id: ConnectionId = self.instance.ids.new_id();
        self.open_as(user_id, connection_id)
            .await
            .map(|()| connection_id)
    }

    pub(crate) async fn open_as(
        &self,
        user_id: UserId,
        connection_id: ConnectionId,
    ) -> Result<(), String> {
        let request = proto::OpenConnectionsRequest {
            node_id: self.node_id.to_string(),
            epoch: self.epoch,
            connections: vec![proto::Connection {
                connection_id: connection_id.to_string(),
                user_id: user_id.to_string(),
                session_id: SessionId::from_uuid(user_id.as_uuid()).to_string(),
                site_id: "default".to_owned(),
                is_idle: false,
                is_restated: false,
            }],
        };
        let answer = self
            .instance
            .internal
            .clone()
            .open_connections(request)
            .await
            .unwrap();
        let result = answer.into_inner().results.remove(0);
        assert_eq!(result.connection_id, connection_id.to_string());
        if result.refused_reason.is_empty() {
            Ok(())
        } else {
            Err(result.refused_reason)
        }
    }

    pub(crate) async fn close(&self, connection_ids: &[ConnectionId]) {
        let request = proto::CloseConnectionsRequest {
            node_id: self.node_id.to_string(),
            epoch: self.epoch,
            connection_ids: connection_ids.iter().map(ToString::to_string).collect(),
        };
        self.instance
            .internal
            .clone()
            .close_connections(request)
            .await
            .unwrap();
    }

    pub(crate) async fn beat(&self, is_draining: bool) -> bool {
        let request = proto::BeatNodeRequest {
            node_id: self.node_id.to_string(),
            epoch: self.epoch,
            is_draining,
        };
        self.instance
            .internal
            .clone()
            .beat_node(request)
            .await
            .unwrap()
            .into_inner()
            .is_renewed
    }

    pub(crate) async fn idle(&self, user_id: UserId, connection_id: ConnectionId, is_idle: bool) {
        let request = proto::ReportActivityRequest {
            node_id: self.node_id.to_string(),
            epoch: self.epoch,
            activities: vec![proto::report_activity_request::Activity {
                connection_id: connection_id.to_string(),
                user_id: user_id.to_string(),
                is_idle,
            }],
        };
        self.instance
            .internal
            .clone()
            .report_activity(request)
            .await
            .unwrap();
    }
}
