//! A stream to a service that carries what all clients of the node want. It is made again whenever
//! it breaks, perhaps to another replica, and then told everything anew.

use std::sync::Arc;

use tokio::{
    sync::{Notify, mpsc},
    time::sleep,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{Node, backoff::Backoff};

/// What goes over a link.
pub(super) trait Link {
    /// What the service is told.
    type Request: Send + 'static;
    /// What it tells.
    type Response: Send + 'static;
    /// For the log.
    const NAME: &'static str;
    /// Requests under way; what more there is waits in the registry, joined per client.
    const REQUESTS_MAX: usize;

    /// Opens the stream.
    fn open(
        node: &Node,
        requests: ReceiverStream<Self::Request>,
    ) -> impl Future<Output = Result<Streaming<Self::Response>, Status>> + Send;

    /// All that is wanted, for a service that knows nothing.
    fn everything(node: &Node) -> impl Iterator<Item = Self::Request> + Send;

    /// What has changed since it was asked for last.
    fn changes(node: &Node) -> impl Iterator<Item = Self::Request> + Send;

    /// Rung after each change.
    fn changed(node: &Node) -> &Notify;

    /// Takes what the service tells.
    fn hear(node: &Node, response: Self::Response);
}

/// Keeps the link until shutdown.
pub(super) async fn run<L: Link>(node: Arc<Node>) {
    let soft = node.parts.tasks.shutdown_token();
    let mut backoff = Backoff::new();
    while !soft.is_cancelled() {
        let (requests, receiver) = mpsc::channel(L::REQUESTS_MAX);
        let opened = tokio::select! {
            opened = L::open(&node, ReceiverStream::new(receiver)) => opened,
            () = soft.cancelled() => return,
        };
        match opened {
            Ok(responses) => {
                backoff.reset();
                carry::<L>(&node, requests, responses).await;
            }
            Err(error) => {
                tracing::warn!(link = L::NAME, code = ?error.code(), "a link cannot be opened");
            }
        }
        let wait = backoff.step(&node.parts.ids);
        tokio::select! {
            () = sleep(wait) => {}
            () = soft.cancelled() => return,
        }
    }
}

/// Carries the link until it breaks, or until the last stream has gone after shutdown.
async fn carry<L: Link>(
    node: &Node,
    requests: mpsc::Sender<L::Request>,
    mut responses: Streaming<L::Response>,
) {
    let reading = async {
        loop {
            match responses.message().await {
                Ok(Some(response)) => L::hear(node, response),
                Ok(None) => return tracing::info!(link = L::NAME, "the service ended the link"),
                Err(error) => {
                    return tracing::warn!(link = L::NAME, code = ?error.code(), "a link broke");
                }
            }
        }
    };
    // Reading must not wait for writing, or both sides might wait for each other.
    tokio::select! {
        () = write::<L>(node, &requests) => {}
        () = reading => {}
        () = node.drained() => {}
    }
}

async fn write<L: Link>(node: &Node, requests: &mpsc::Sender<L::Request>) {
    // All that was noted so far is contained in what is told now.
    drop(L::changes(node));
    for request in L::everything(node) {
        if requests.send(request).await.is_err() {
            return;
        }
    }
    loop {
        for request in L::changes(node) {
            if requests.send(request).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = L::changed(node).notified() => {}
            () = requests.closed() => return,
        }
    }
}
