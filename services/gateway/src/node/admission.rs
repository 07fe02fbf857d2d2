//! Places for connections: whatever asks while a call is under way goes with the next one.
//!
//! One task asks for places and gives them up, one call after the other. So a refusal is never
//! owed to a place that was on its way back: before a newcomer is told that there is none, all that
//! have come free here are given up, and those refused are asked for once more.

use std::{sync::Arc, time::Duration};

use im_proto::presence::{Connection, OpenConnectionsRequest, open_connections_response};
use im_types::ConnectionId;
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval, sleep},
};

use super::{Node, Slot, departures, lease::CONNECTIONS_PER_CALL};
use crate::{error::GatewayError, grpc::translate};

/// Connections that may wait for a place.
const WAITING_MAX: usize = 10_000;
/// How long a connection waits for the node's own lease.
const LEASE_WAIT: Duration = Duration::from_secs(5);
/// Leases that may end while one connection waits.
const LEASE_ENDS_MAX: usize = 3;
/// Time between two reports of what has gone or become idle; presence debounces anyway.
const REPORT_INTERVAL: Duration = Duration::from_millis(200);

type Outcome = Result<(), tonic::Status>;

/// A connection that asks for a place.
#[derive(Debug)]
pub(super) struct Request {
    connection_id: ConnectionId,
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
    pub(super) async fn admit(&self, slot: &Slot) -> Outcome {
        let (answer, answered) = oneshot::channel();
        let request = Request {
            connection_id: slot.connection_id,
            connection: slot.connection(false),
            answer,
        };
        let gone = || im_runtime::error::status(&GatewayError::Draining);
        self.requests
            .send(request)
            .await
            .map_err(|_closed| gone())?;
        answered.await.map_err(|_closed| gone())?
    }
}

/// Asks for places and gives them up, until the last stream has gone.
pub(super) async fn run(node: Arc<Node>, requests: mpsc::Receiver<Request>) {
    serve(&node, requests).await;
    // Nobody is let in any more; those who are here go.
    while node.registry.len() > 0 {
        departures::report(&node).await;
        sleep(REPORT_INTERVAL).await;
    }
    departures::report(&node).await;
}

async fn serve(node: &Node, mut requests: mpsc::Receiver<Request>) {
    let soft = node.parts.tasks.shutdown_token();
    let mut reports = interval(REPORT_INTERVAL);
    reports.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waiting = Vec::new();
    loop {
        let taken = tokio::select! {
            () = soft.cancelled() => return,
            taken = requests.recv_many(&mut waiting, CONNECTIONS_PER_CALL) => taken,
            _ = reports.tick() => {
                departures::report(node).await;
                continue;
            }
        };
        if taken == 0 {
            return;
        }
        admit(node, std::mem::take(&mut waiting)).await;
    }
}

/// What is to be done about requests that have no place yet.
#[derive(Default)]
struct Open {
    /// The lease ended: they are asked for with the next one.
    lost: Vec<Request>,
    /// Refused, perhaps because of places that have come free here.
    refused: Vec<(Request, open_connections_response::Result)>,
}

async fn admit(node: &Node, mut waiting: Vec<Request>) {
    let mut lease_ends = 0;
    let mut has_given_up = false;
    loop {
        // Whoever has gone must not be given a place that nobody would give back.
        waiting.retain(|request| !request.answer.is_closed());
        if waiting.is_empty() {
            return;
        }
        let results = match ask(node, &waiting).await {
            Ok(results) => results,
            Err(error) => return refuse(waiting, &error),
        };
        let mut open = Open::default();
        for (request, result) in waiting.drain(..).zip(results) {
            match result.refused_reason.as_str() {
                "LEASE_ENDED" => open.lost.push(request),
                "SITE_FULL" | "TOO_MANY_CONNECTIONS" => open.refused.push((request, result)),
                _ => answer(node, request, &result),
            }
        }
        if !open.lost.is_empty() {
            lease_ends += 1;
        }
        if lease_ends == LEASE_ENDS_MAX {
            refuse(std::mem::take(&mut open.lost), &no_lease());
        }
        waiting = open.lost;
        if open.refused.is_empty() {
            continue;
        }
        if !std::mem::replace(&mut has_given_up, true) && departures::places(node).await {
            waiting.extend(open.refused.into_iter().map(|(request, _)| request));
        } else {
            for (request, result) in open.refused {
                answer(node, request, &result);
            }
        }
    }
}

fn answer(node: &Node, request: Request, result: &open_connections_response::Result) {
    let connection_id = request.connection_id;
    if request.answer.send(outcome(result)).is_err() && result.refused_reason.is_empty() {
        tracing::debug!(connection = %connection_id, "a place came too late");
        node.registry.give_up(connection_id);
    }
}

fn refuse(requests: Vec<Request>, error: &tonic::Status) {
    for request in requests {
        let _gone = request.answer.send(Err(error.clone()));
    }
}

fn no_lease() -> tonic::Status {
    im_runtime::error::status(&GatewayError::BackendUnavailable {
        service: "presence",
        cause: "the lease ended again and again".to_owned(),
    })
}

async fn ask(
    node: &Node,
    requests: &[Request],
) -> Result<Vec<open_connections_response::Result>, tonic::Status> {
    let epoch = node
        .lease
        .epoch(LEASE_WAIT)
        .await
        .map_err(|error| im_runtime::error::status(&error))?;
    let connections = requests.iter().map(|request| request.connection.clone());
    let request = OpenConnectionsRequest {
        node_id: node.parts.node_id.to_string(),
        epoch,
        connections: connections.collect(),
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
    if results.len() != requests.len() {
        return Err(im_runtime::error::status(&GatewayError::BackendInvalid {
            service: "presence",
            cause: format!(
                "{} results for {} connections",
                results.len(),
                requests.len()
            ),
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
