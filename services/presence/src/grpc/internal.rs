//! `PresenceInternalService`. Who may call is checked by the layers of the port.

use im_proto::presence as proto;
use im_proto::presence::presence_internal_service_server::PresenceInternalService;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::Shared;
use super::convert::{contact, id, ids, refuse, site};
use super::watch;
use crate::domain::admission::Refused;
use crate::domain::visibility::Refusal;
use crate::error::Error;
use crate::usecase::{Opening, Report};

const CHANGES_DEFAULT: i64 = 500;
const CHANGES_MAX: i64 = 1_000;

/// See the proto.
pub(super) struct Internal(pub(super) Shared);

#[async_trait]
impl PresenceInternalService for Internal {
    async fn open_node(
        &self,
        request: Request<proto::OpenNodeRequest>,
    ) -> Result<Response<proto::OpenNodeResponse>, Status> {
        let node_id = id("node_id", &request.get_ref().node_id)?;
        let terms = self.0.presence.open_node(node_id).await.map_err(refuse)?;
        Ok(Response::new(proto::OpenNodeResponse {
            epoch: terms.epoch,
            beat_interval_ms: i32::try_from(terms.beat_interval_ms).unwrap_or(i32::MAX),
            lease_ms: i32::try_from(terms.lease_ms).unwrap_or(i32::MAX),
        }))
    }

    async fn beat_node(
        &self,
        request: Request<proto::BeatNodeRequest>,
    ) -> Result<Response<proto::BeatNodeResponse>, Status> {
        let request = request.into_inner();
        let node_id = id("node_id", &request.node_id)?;
        let beat = self
            .0
            .presence
            .beat_node(node_id, request.epoch, request.is_draining);
        let is_renewed = beat.await.map_err(refuse)?;
        Ok(Response::new(proto::BeatNodeResponse { is_renewed }))
    }

    async fn open_connections(
        &self,
        request: Request<proto::OpenConnectionsRequest>,
    ) -> Result<Response<proto::OpenConnectionsResponse>, Status> {
        let request = request.into_inner();
        let node_id = id("node_id", &request.node_id)?;
        let openings = request
            .connections
            .iter()
            .map(opening)
            .collect::<Result<Vec<_>, _>>()?;
        let opened = self
            .0
            .presence
            .open_connections(node_id, request.epoch, openings)
            .await;
        let outcomes = opened.map_err(refuse)?;
        let results = request.connections.into_iter().zip(outcomes);
        let results = results.map(|(it, outcome)| admission_result(it.connection_id, outcome));
        Ok(Response::new(proto::OpenConnectionsResponse {
            results: results.collect(),
        }))
    }

    async fn close_connections(
        &self,
        request: Request<proto::CloseConnectionsRequest>,
    ) -> Result<Response<proto::CloseConnectionsResponse>, Status> {
        let request = request.into_inner();
        let node_id = id("node_id", &request.node_id)?;
        let connection_ids = ids("connection_ids", &request.connection_ids)?;
        let closed = self
            .0
            .presence
            .close_connections(node_id, request.epoch, connection_ids);
        closed.await.map_err(refuse)?;
        Ok(Response::new(proto::CloseConnectionsResponse {}))
    }

    async fn report_activity(
        &self,
        request: Request<proto::ReportActivityRequest>,
    ) -> Result<Response<proto::ReportActivityResponse>, Status> {
        let request = request.into_inner();
        let node_id = id("node_id", &request.node_id)?;
        let reports = request
            .activities
            .iter()
            .map(report)
            .collect::<Result<Vec<_>, _>>()?;
        let reported = self
            .0
            .presence
            .report_activity(node_id, request.epoch, &reports);
        reported.await.map_err(refuse)?;
        Ok(Response::new(proto::ReportActivityResponse {}))
    }

    type WatchStream = ReceiverStream<Result<proto::WatchResponse, Status>>;

    async fn watch(
        &self,
        request: Request<Streaming<proto::WatchRequest>>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(watch::serve(&self.0, request.into_inner())))
    }

    async fn check_reach(
        &self,
        request: Request<proto::CheckReachRequest>,
    ) -> Result<Response<proto::CheckReachResponse>, Status> {
        let request = request.into_inner();
        let sender_id = id("sender_id", &request.sender_id)?;
        let site_id = site("site_id", &request.site_id)?;
        let user_ids = ids("user_ids", &request.user_ids)?;
        let checked = self
            .0
            .presence
            .check_reach(sender_id, &site_id, &user_ids)
            .await;
        let verdicts = request.user_ids.into_iter().zip(checked.map_err(refuse)?);
        let verdicts = verdicts.map(|(user_id, verdict)| {
            let reason = verdict.err().map_or("", Refusal::reason);
            proto::check_reach_response::Verdict {
                user_id,
                refused_reason: reason.to_owned(),
            }
        });
        Ok(Response::new(proto::CheckReachResponse {
            verdicts: verdicts.collect(),
        }))
    }

    async fn list_roster_changes(
        &self,
        request: Request<proto::ListRosterChangesRequest>,
    ) -> Result<Response<proto::ListRosterChangesResponse>, Status> {
        let request = request.into_inner();
        let limit = match i64::from(request.limit) {
            0 => CHANGES_DEFAULT,
            limit if limit > 0 => limit.min(CHANGES_MAX),
            _ => return Err(refuse(Error::field("limit", "must not be negative"))),
        };
        let page = self
            .0
            .presence
            .list_roster_changes(request.after_position, limit)
            .await;
        let page = page.map_err(refuse)?;
        let changes = page.entries.into_iter().map(|entry| proto::RosterChange {
            position: entry.position,
            owner_id: entry.contact.entry.owner_id.to_string(),
            contact: Some(contact(entry.contact)),
        });
        let changes = changes.collect();
        Ok(Response::new(proto::ListRosterChangesResponse {
            changes,
            position: page.position,
        }))
    }
}

fn opening(connection: &proto::Connection) -> Result<Opening, Status> {
    Ok(Opening {
        connection_id: id("connections.connection_id", &connection.connection_id)?,
        user_id: id("connections.user_id", &connection.user_id)?,
        session_id: id("connections.session_id", &connection.session_id)?,
        site_id: site("connections.site_id", &connection.site_id)?,
        is_idle: connection.is_idle,
    })
}

fn report(activity: &proto::report_activity_request::Activity) -> Result<Report, Status> {
    Ok(Report {
        connection_id: id("activities.connection_id", &activity.connection_id)?,
        user_id: id("activities.user_id", &activity.user_id)?,
        is_idle: activity.is_idle,
    })
}

fn admission_result(
    connection_id: String,
    outcome: Result<(), Refused>,
) -> proto::open_connections_response::Result {
    let refused = outcome.err();
    let limit = refused.map_or(0, Refused::limit);
    proto::open_connections_response::Result {
        connection_id,
        refused_reason: refused.map_or("", Refused::reason).to_owned(),
        limit: i64::try_from(limit).unwrap_or(i64::MAX),
    }
}
