//! presence, played: places are counted, everybody who is watched is online.

use std::sync::atomic::Ordering;

use im_proto::presence::{
    self, Presence, WatchRequest, WatchResponse, open_connections_response,
    presence_internal_service_server::PresenceInternalService, watch_response::View,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request as Rpc, Response as Answer, Status, Streaming, async_trait};

use super::Backends;

#[async_trait]
impl PresenceInternalService for Backends {
    type WatchStream = ReceiverStream<Result<WatchResponse, Status>>;

    async fn open_node(
        &self,
        _: Rpc<presence::OpenNodeRequest>,
    ) -> Result<Answer<presence::OpenNodeResponse>, Status> {
        self.places.lock().unwrap().clear();
        let epoch = self.epoch.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Answer::new(presence::OpenNodeResponse {
            epoch,
            beat_interval_ms: 100,
            lease_ms: 1_000,
        }))
    }

    async fn beat_node(
        &self,
        request: Rpc<presence::BeatNodeRequest>,
    ) -> Result<Answer<presence::BeatNodeResponse>, Status> {
        let request = request.into_inner();
        if request.is_draining {
            self.drained_beats.fetch_add(1, Ordering::SeqCst);
        }
        let is_renewed = request.epoch == self.epoch.load(Ordering::SeqCst);
        Ok(Answer::new(presence::BeatNodeResponse { is_renewed }))
    }

    async fn open_connections(
        &self,
        request: Rpc<presence::OpenConnectionsRequest>,
    ) -> Result<Answer<presence::OpenConnectionsResponse>, Status> {
        let request = request.into_inner();
        let is_present = request.epoch == self.epoch.load(Ordering::SeqCst);
        self.place_calls
            .lock()
            .unwrap()
            .push(request.connections.len());
        let places_max = self.places_max.lock().unwrap().unwrap_or(usize::MAX);
        let per_user_max = self.places_per_user_max.lock().unwrap();
        let per_user_max = per_user_max.unwrap_or(usize::MAX);
        let mut places = self.places.lock().unwrap();
        let results = request.connections.into_iter().map(|connection| {
            let of_user = places
                .values()
                .filter(|place| place.user_id == connection.user_id);
            let of_user = of_user.count();
            let mut result = open_connections_response::Result {
                connection_id: connection.connection_id.clone(),
                ..Default::default()
            };
            if !is_present {
                "LEASE_ENDED".clone_into(&mut result.refused_reason);
            } else if places.len() >= places_max {
                "SITE_FULL".clone_into(&mut result.refused_reason);
                result.limit = i64::try_from(places_max).unwrap();
            } else if of_user >= per_user_max {
                "TOO_MANY_CONNECTIONS".clone_into(&mut result.refused_reason);
                result.limit = i64::try_from(per_user_max).unwrap();
            } else {
                places.insert(connection.connection_id.clone(), connection);
            }
            result
        });
        let results = results.collect();
        Ok(Answer::new(presence::OpenConnectionsResponse { results }))
    }

    async fn close_connections(
        &self,
        request: Rpc<presence::CloseConnectionsRequest>,
    ) -> Result<Answer<presence::CloseConnectionsResponse>, Status> {
        for id in request.into_inner().connection_ids {
            self.places.lock().unwrap().remove(&id);
        }
        Ok(Answer::new(presence::CloseConnectionsResponse {}))
    }

    async fn report_activity(
        &self,
        request: Rpc<presence::ReportActivityRequest>,
    ) -> Result<Answer<presence::ReportActivityResponse>, Status> {
        let activities = request.into_inner().activities.into_iter();
        let activities = activities.map(|activity| (activity.connection_id, activity.is_idle));
        self.activities.lock().unwrap().extend(activities);
        Ok(Answer::new(presence::ReportActivityResponse {}))
    }

    async fn watch(
        &self,
        request: Rpc<Streaming<WatchRequest>>,
    ) -> Result<Answer<Self::WatchStream>, Status> {
        let (sender, receiver) = mpsc::channel(64);
        *self.views.lock().unwrap() = Some(sender.clone());
        let backends = self.clone();
        let mut requests = request.into_inner();
        #[expect(clippy::disallowed_methods, reason = "ends with its stream")]
        tokio::spawn(async move {
            while let Ok(Some(request)) = requests.message().await {
                let presences = request.user_ids.iter().map(|user_id| Presence {
                    user_id: user_id.clone(),
                    state: 1,
                    ..Presence::default()
                });
                let view = View {
                    connection_id: request.connection_id.clone(),
                    version: request.version,
                    is_snapshot: true,
                    presences: presences.collect(),
                };
                let is_gone = request.user_ids.is_empty();
                backends.watches.lock().unwrap().push(request);
                if !is_gone
                    && sender
                        .send(Ok(WatchResponse { views: vec![view] }))
                        .await
                        .is_err()
                {
                    return;
                }
            }
        });
        Ok(Answer::new(ReceiverStream::new(receiver)))
    }

    async fn check_reach(
        &self,
        _: Rpc<presence::CheckReachRequest>,
    ) -> Result<Answer<presence::CheckReachResponse>, Status> {
        Err(Status::unimplemented("not asked by gateways"))
    }

    async fn list_roster_changes(
        &self,
        _: Rpc<presence::ListRosterChangesRequest>,
    ) -> Result<Answer<presence::ListRosterChangesResponse>, Status> {
        Err(Status::unimplemented("not asked by gateways"))
    }
}
