//! The bus between processes: core NATS, without persistence.
//!
//! The client reconnects for ever. What it does not do is tell a subscriber that something was
//! missed; the tasks here add that. Publishing goes through a bounded queue of its own, because
//! the client's `publish` waits when the server is away.

mod barrier;
mod tasks;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::hub::Hub;
use crate::{BusConfig, BusError, Message, SubjectFilter, Subscription};

/// How long `subscribe` waits for the server to confirm.
const SUBSCRIBE_WAIT: Duration = Duration::from_secs(2);
/// How long `close` waits: the publisher's flush and a little for the other tasks.
const CLOSE_WAIT: Duration = Duration::from_secs(3);
/// A server that does not answer two pings in a row is taken for dead.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const RECONNECT_DELAY_MS_MAX: u64 = 2_000;
/// Commands the client keeps for itself. Small: the queue that counts is ours.
const CLIENT_QUEUE_LENGTH: usize = 128;
/// Messages the client keeps for one subscription, at least. It drops the newest on overflow and
/// tells only that it did, so overflow should happen in our queue, not there.
const SUBSCRIPTION_QUEUE_LENGTH_MIN: usize = 1024;

/// The bus over a NATS server.
#[derive(Debug, Clone)]
pub struct NatsBus {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    hub: Arc<Hub>,
    client: Client,
    prefix: Arc<str>,
    queue_length: usize,
    outgoing: mpsc::Sender<Message>,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Ends the tasks when the last clone goes without `close`.
    _stop_on_drop: DropGuard,
}

/// What the callbacks of the client note and the watcher acts on.
#[derive(Debug, Default)]
struct Signals {
    /// Something happened to the connection.
    changed: Notify,
    /// Messages the client itself dropped.
    missed: AtomicU64,
}

impl NatsBus {
    pub(crate) async fn open(config: &BusConfig) -> Result<Self, BusError> {
        let signals = Arc::new(Signals::default());
        let client = connect_options(config, &signals)
            .connect(config.servers()?)
            .await
            .map_err(|error| BusError::InvalidUrl {
                reason: error.to_string(),
            })?;
        let hub = Arc::new(Hub::default());
        let prefix: Arc<str> = config.prefix.as_str().into();
        let (outgoing, queue) = mpsc::channel(config.queue_length);
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(tasks::watch(
            client.clone(),
            Arc::clone(&hub),
            signals,
            stop.clone(),
        ));
        let publisher = tasks::Publisher {
            client: client.clone(),
            hub: Arc::clone(&hub),
            prefix: Arc::clone(&prefix),
            queue,
            stop: stop.clone(),
        };
        tasks.spawn(publisher.run());
        let inner = Inner {
            hub,
            client,
            prefix,
            queue_length: config.queue_length,
            outgoing,
            tasks,
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    pub(crate) fn is_connected(&self) -> bool {
        !self.inner.hub.is_closed() && self.inner.client.connection_state() == State::Connected
    }

    pub(crate) fn publish(&self, message: Message) {
        if self.inner.outgoing.try_send(message).is_err() {
            self.inner.hub.count_dropped(1);
        }
    }

    pub(crate) async fn subscribe(&self, filter: SubjectFilter) -> Result<Subscription, BusError> {
        let inner = &self.inner;
        let pattern = filter.nats_pattern(&inner.prefix);
        let (id, inbox) = inner.hub.add(filter, inner.queue_length)?;
        let stop = inner.stop.child_token();
        let (ready, is_ready) = oneshot::channel();
        let feeder = tasks::Feeder {
            client: inner.client.clone(),
            hub: Arc::clone(&inner.hub),
            prefix: Arc::clone(&inner.prefix),
            inbox: Arc::clone(&inbox),
            pattern,
            stop: stop.clone(),
        };
        inner.tasks.spawn(feeder.run(ready));
        let hub = Arc::clone(&inner.hub);
        let subscription = Subscription::new(hub, id, inbox, Some(stop.drop_guard()));
        // Not confirmed in time is no error: the feeder goes on and tells the subscriber.
        let _ = tokio::time::timeout(SUBSCRIBE_WAIT, is_ready).await;
        Ok(subscription)
    }

    pub(crate) async fn close(&self) {
        self.inner.hub.close();
        self.inner.stop.cancel();
        self.inner.tasks.close();
        if tokio::time::timeout(CLOSE_WAIT, self.inner.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("the bus did not close in time");
        }
    }
}

fn connect_options(config: &BusConfig, signals: &Arc<Signals>) -> ConnectOptions {
    let signals = Arc::clone(signals);
    ConnectOptions::new()
        .name("intramessenger")
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(reconnect_delay)
        .connection_timeout(CONNECT_TIMEOUT)
        .ping_interval(PING_INTERVAL)
        .client_capacity(CLIENT_QUEUE_LENGTH)
        .subscription_capacity(config.queue_length.max(SUBSCRIPTION_QUEUE_LENGTH_MIN))
        .event_callback(move |event| {
            let signals = Arc::clone(&signals);
            async move { tasks::note(&signals, &event) }
        })
}

/// 50 ms doubled up to 2 s.
fn reconnect_delay(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1))
        .unwrap_or(u32::MAX)
        .min(16);
    Duration::from_millis((50_u64 << doublings).min(RECONNECT_DELAY_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reconnect_delay_grows_to_its_bound() {
        let delays = [0, 1, 2, 3, 7, 1000].map(|attempts| reconnect_delay(attempts).as_millis());
        assert_eq!(delays, [50, 50, 100, 200, 2000, 2000]);
    }
}
