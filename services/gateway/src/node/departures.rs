//! What presence is told of connections that have gone or become idle.

use im_proto::presence::{
    CloseConnectionsRequest, ReportActivityRequest, report_activity_request::Activity,
};

use super::{Node, lease::CONNECTIONS_PER_CALL};

/// Tells all there is to tell.
pub(super) async fn report(node: &Node) {
    places(node).await;
    activities(node).await;
}

/// Gives up the places of the streams that have ended; `true` if there were any.
pub(super) async fn places(node: &Node) -> bool {
    // Without a lease nothing is held; the next lease is told only what is there then.
    let Some(epoch) = node.lease.present() else {
        return false;
    };
    let closed = node.registry.take_closed();
    for chunk in closed.chunks(CONNECTIONS_PER_CALL) {
        let request = CloseConnectionsRequest {
            node_id: node.parts.node_id.to_string(),
            epoch,
            connection_ids: chunk.iter().map(ToString::to_string).collect(),
        };
        if let Err(error) = node.parts.presence.clone().close_connections(request).await {
            tracing::warn!(code = ?error.code(), places = chunk.len(), "places could not be given up");
            // What presence believes is wrong now; a new lease sets it right.
            node.lease.lose(epoch);
            break;
        }
    }
    !closed.is_empty()
}

async fn activities(node: &Node) {
    let Some(epoch) = node.lease.present() else {
        return;
    };
    let activities: Vec<Activity> = node
        .registry
        .take_activities()
        .into_iter()
        .map(|(id, (user_id, is_idle))| Activity {
            connection_id: id.to_string(),
            user_id: user_id.to_string(),
            is_idle,
        })
        .collect();
    for chunk in activities.chunks(CONNECTIONS_PER_CALL) {
        let request = ReportActivityRequest {
            node_id: node.parts.node_id.to_string(),
            epoch,
            activities: chunk.to_vec(),
        };
        if let Err(error) = node.parts.presence.clone().report_activity(request).await {
            tracing::warn!(code = ?error.code(), "activity could not be reported");
        }
    }
}
