//! Places for connections: whatever asks while a call is under way goes with the next one.

use std::{sync::Arc, time::Duration};

use im_proto::presence::{
    CloseConnectionsRequest, Connection, OpenConnectionsRequest, ReportActivityRequest,
    open_connections_response, report_activity_request::Activity,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep,
};

use super::{Node, lease::CONNECTIONS_PER_CALL};
use crate::{error::GatewayError, grpc::translate};

/// Connections that may wait for a place.
const WAITING_MAX: usize = 10_000;
/// How long a connection waits for the node's own lease.
const LEASE_WAIT: Duration = Duration::from_secs(5);
/// Attempts with a new lease after `LEASE_ENDED`.
const ATTEMPTS_MAX: usize = 3;
/// Time between two reports of what has gone or become idle; presence debounces anyway.
const REPORT_INTERVAL: Duration = Duration::from_millis(200);

type Outcome = Result<(), tonic::Status>;

/// A connection that asks for a place.
#[derive(Debug)]
pub(super) struct Request {
    connection: Connection,
    answer: oneshot::Sender<Outcome>,
}

/// The way to the admission task.
#[derive(Debug)]
pub(super) struct Admissions {
    requests: mpsc::Sender<Request>,
}

impl Admissions {
    pub(super) fn new() -> (Self, mpsc::Receiver<Request>) {
        let (requests, receiver) = mpsc::channel(WAITING_MAX);
        (Self { requests }, receiver)
    }

    /// A place for a connection, or why there is none.
    pub(super) async fn admit(&self, connection: Connection) -> Outcome {
        let (answer, answered) = oneshot::channel();
        let gone = || im_runtime::error::status(&GatewayError::Draining);
        self.requests
            .send(Request { connection, answer })
            .await
            .map_err(|_closed| gone())?;
        answered.await.map_err(|_closed| gone())?
    }
}

/// Answers requests for places, many with each call.
pub(super) async fn run(node: Arc<Node>, mut requests: mpsc::Receiver<Request>) {
    let soft = node.parts.tasks.shutdown_token();
    let mut waiting = Vec::new();
    loop {
        let taken = tokio::select! {
            () = soft.cancelled() => return,
            taken = requests.recv_many(&mut waiting, CONNECTIONS_PER_CALL) => taken,
        };
        if taken == 0 {
            return;
        }
        admit(&node, std::mem::take(&mut waiting)).await;
    }
}

async fn admit(node: &Node, mut waiting: Vec<Request>) {
    for _ in 0..ATTEMPTS_MAX {
        // Whoever has given up must not be given a place that nobody would give back.
        waiting.retain(|request| !request.answer.is_closed());
        if waiting.is_empty() {
            return;
        }
        let connections: Vec<Connection> = waiting
            .iter()
            .map(|request| request.connection.clone())
            .collect();
        let results = match ask(node, connections).await {
            Ok(results) => results,
            Err(error) => {
                for request in waiting {
                    let _gone = request.answer.send(Err(error.clone()));
                }
                return;
            }
        };
        let mut again = Vec::new();
        for (request, result) in waiting.into_iter().zip(results) {
            if result.refused_reason == "LEASE_ENDED" {
                again.push(request);
            } else {
                let id = request.connection.connection_id.clone();
                if request.answer.send(outcome(&result)).is_err() {
                    tracing::debug!(connection = id, "a place came too late");
                    give_back(node, id).await;
                }
            }
        }
        waiting = again;
    }
    let error = im_runtime::error::status(&GatewayError::BackendUnavailable {
        service: "presence",
        cause: "the lease ended again and again".to_owned(),
    });
    for request in waiting {
        let _gone = request.answer.send(Err(error.clone()));
    }
}

async fn ask(
    node: &Node,
    connections: Vec<Connection>,
) -> Result<Vec<open_connections_response::Result>, tonic::Status> {
    let epoch = node
        .lease
        .epoch(LEASE_WAIT)
        .await
        .map_err(|error| im_runtime::error::status(&error))?;
    let asked = connections.len();
    let request = OpenConnectionsRequest {
        node_id: node.parts.node_id.to_string(),
        epoch,
        connections,
    };
    let answer = node.parts.presence.clone().open_connections(request).await;
    let results = answer
        .map_err(|error| translate("presence", error))?
        .into_inner()
        .results;
    if results
        .iter()
        .any(|result| result.refused_reason == "LEASE_ENDED")
    {
        node.lease.lose(epoch);
    }
    if results.len() != asked {
        return Err(im_runtime::error::status(&GatewayError::BackendInvalid {
            service: "presence",
            cause: format!("{} results for {asked} connections", results.len()),
        }));
    }
    Ok(results)
}

fn outcome(result: &open_connections_response::Result) -> Outcome {
    let refused = match result.refused_reason.as_str() {
        "" => return Ok(()),
        "SITE_FULL" => GatewayError::SiteFull {
            limit: result.limit,
        },
        "TOO_MANY_CONNECTIONS" => GatewayError::TooManyConnections {
            limit: result.limit,
        },
        other => GatewayError::BackendInvalid {
            service: "presence",
            cause: format!("unknown refusal {other}"),
        },
    };
    Err(im_runtime::error::status(&refused))
}

async fn give_back(node: &Node, connection_id: String) {
    let Some(epoch) = node.lease.present() else {
        return;
    };
    let request = CloseConnectionsRequest {
        node_id: node.parts.node_id.to_string(),
        epoch,
        connection_ids: vec![connection_id],
    };
    if let Err(error) = node.parts.presence.clone().close_connections(request).await {
        tracing::warn!(code = ?error.code(), "a place could not be given back");
    }
}

/// Gives places up and tells who has become idle, several times a second if there is anything.
pub(super) async fn run_closing(node: Arc<Node>) {
    let soft = node.parts.tasks.shutdown_token();
    loop {
        report(&node).await;
        if soft.is_cancelled() && node.registry.len() == 0 {
            // Those that went while the last report was under way.
            report(&node).await;
            return;
        }
        sleep(REPORT_INTERVAL).await;
    }
}

async fn report(node: &Node) {
    // Without a lease nothing is held; the next lease is told only what is there then.
    let Some(epoch) = node.lease.present() else {
        return;
    };
    let (closed, activities) = node.registry.take_gone();
    let node_id = node.parts.node_id.to_string();
    for chunk in closed.chunks(CONNECTIONS_PER_CALL) {
        let connection_ids = chunk.iter().map(ToString::to_string).collect();
        let request = CloseConnectionsRequest {
            node_id: node_id.clone(),
            epoch,
            connection_ids,
        };
        if let Err(error) = node.parts.presence.clone().close_connections(request).await {
            tracing::warn!(code = ?error.code(), places = chunk.len(), "places could not be given up");
            // What presence believes is wrong now; a new lease sets it right.
            node.lease.lose(epoch);
            return;
        }
    }
    let activities: Vec<Activity> = activities
        .into_iter()
        .map(|(id, (user_id, is_idle))| Activity {
            connection_id: id.to_string(),
            user_id: user_id.to_string(),
            is_idle,
        })
        .collect();
    for chunk in activities.chunks(CONNECTIONS_PER_CALL) {
        let request = ReportActivityRequest {
            node_id: node_id.clone(),
            epoch,
            activities: chunk.to_vec(),
        };
        if let Err(error) = node.parts.presence.clone().report_activity(request).await {
            tracing::warn!(code = ?error.code(), "activity could not be reported");
        }
    }
}
