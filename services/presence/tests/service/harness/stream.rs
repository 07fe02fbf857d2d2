//! The stream of a gateway node.

use std::time::Duration;

use im_proto::presence as proto;
use im_types::{ConnectionId, UserId};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::{Instance, State};

/// A stream of a node.
pub(crate) struct Stream {
    requests: mpsc::Sender<proto::WatchRequest>,
    responses: tonic::Streaming<proto::WatchResponse>,
    pub(crate) connection_id: ConnectionId,
}

impl Stream {
    pub(crate) async fn open(instance: &Instance) -> Self {
        let (requests, queue) = mpsc::channel(64);
        let answer = instance
            .internal
            .clone()
            .watch(ReceiverStream::new(queue))
            .await
            .unwrap();
        let connection_id = instance.ids.new_id();
        Self {
            requests,
            responses: answer.into_inner(),
            connection_id,
        }
    }

    pub(crate) async fn watch(&self, viewer: UserId, version: i64, user_ids: &[UserId]) {
        let request = proto::WatchRequest {
            connection_id: self.connection_id.to_string(),
            viewer_id: viewer.to_string(),
            site_id: "default".to_owned(),
            user_ids: user_ids.iter().map(ToString::to_string).collect(),
            version,
        };
        self.requests.send(request).await.unwrap();
    }

    /// What comes next, within five seconds.
    pub(crate) async fn next(&mut self) -> Result<proto::WatchResponse, Status> {
        let next = tokio::time::timeout(Duration::from_secs(5), self.responses.message());
        next.await
            .expect("something comes")
            .transpose()
            .expect("the stream goes on")
    }

    /// The next view, which is the only one.
    pub(crate) async fn view(&mut self) -> proto::watch_response::View {
        let mut response = self.next().await.unwrap();
        assert_eq!(response.views.len(), 1);
        response.views.remove(0)
    }

    /// The state in the next view, which is of one person.
    pub(crate) async fn state(&mut self) -> State {
        let view = self.view().await;
        assert_eq!(view.presences.len(), 1, "{view:?}");
        view.presences[0].state()
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn is_silent(&mut self) -> bool {
        let next = tokio::time::timeout(Duration::from_millis(400), self.responses.message());
        next.await.is_err()
    }

    pub(crate) async fn ended(&mut self) -> bool {
        let next = tokio::time::timeout(Duration::from_secs(5), self.responses.message());
        !matches!(next.await, Ok(Ok(Some(_))) | Err(_))
    }
}
