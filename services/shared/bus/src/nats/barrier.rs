//! Waiting until the server has acted on everything this connection sent before.
//!
//! A subscription is a line written to a socket; another process may publish before the server
//! reads it. A server handles the lines of one connection in order, so once a message of ours to
//! ourselves has come back, every subscription before it is in force.

use std::time::Duration;

use async_nats::Client;
use async_nats::connection::State;
use bytes::Bytes;
use futures_util::StreamExt;

/// How long one probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// Probes sent to a server that is connected and does not answer them (it may forbid them).
const PROBES_MAX: usize = 3;
/// How often to look whether the server is back.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Returns when the server has confirmed, however long it is away; after three unanswered probes
/// it is taken for confirmed, with a warning. The caller bounds or cancels it.
pub(super) async fn confirm(client: &Client) {
    let subject = client.new_inbox();
    let Ok(mut echo) = client.subscribe(subject.clone()).await else {
        return;
    };
    for _ in 0..PROBES_MAX {
        while client.connection_state() != State::Connected {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        if client.publish(subject.clone(), Bytes::new()).await.is_err() {
            return;
        }
        if tokio::time::timeout(PROBE_TIMEOUT, echo.next())
            .await
            .is_ok()
        {
            return;
        }
    }
    tracing::warn!("the NATS server does not return probes; are _INBOX subjects permitted?");
}
