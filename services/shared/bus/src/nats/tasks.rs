//! The tasks of a NATS bus: one that publishes, one that watches the connection, and one for each
//! subscription. All end with the stop token.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::{Client, Subscriber};
use futures_util::StreamExt;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Signals, barrier};
use crate::hub::Hub;
use crate::inbox::Inbox;
use crate::{Message, Subject};

/// How long what is still queued may take at the end.
const FLUSH_WAIT: Duration = Duration::from_secs(2);
/// The client's notices may themselves be dropped under load, so the watcher also looks by itself.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// How long the client may take to accept the end of a subscription.
const UNSUBSCRIBE_WAIT: Duration = Duration::from_millis(500);

/// Called by the client for everything that happens to the connection.
pub(super) fn note(signals: &Signals, event: &async_nats::Event) {
    match event {
        async_nats::Event::SlowConsumer(_) => {
            signals.missed.fetch_add(1, Ordering::Relaxed);
        }
        async_nats::Event::Connected => tracing::info!("bus connected"),
        async_nats::Event::Disconnected => tracing::warn!("bus disconnected"),
        async_nats::Event::ServerError(error) => tracing::warn!(%error, "bus server error"),
        async_nats::Event::ClientError(error) => tracing::warn!(%error, "bus client error"),
        async_nats::Event::LameDuckMode
        | async_nats::Event::Draining
        | async_nats::Event::Closed => tracing::debug!(%event, "bus"),
    }
    signals.changed.notify_one();
}

/// Tells the subscribers when the connection was away or the client dropped messages.
pub(super) async fn watch(
    client: Client,
    hub: Arc<Hub>,
    signals: Arc<Signals>,
    stop: CancellationToken,
) {
    let statistics = client.statistics();
    let mut connects_seen = 0;
    loop {
        let connects = statistics.connects.load(Ordering::Relaxed);
        if connects != connects_seen {
            // The first connection is none that came back: subscriptions wait for it themselves.
            let is_again = connects > 1;
            connects_seen = connects;
            if is_again {
                // The client subscribes again by itself; tell only when that is in force.
                if stop
                    .run_until_cancelled(barrier::confirm(&client))
                    .await
                    .is_none()
                {
                    return;
                }
                hub.tell_reconnected();
            }
        }
        let missed = signals.missed.swap(0, Ordering::Relaxed);
        if missed > 0 {
            hub.tell_missed(missed);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = signals.changed.notified() => {}
            () = tokio::time::sleep(WATCH_INTERVAL) => {}
        }
    }
}

/// Sends what `publish` queued, in order.
pub(super) struct Publisher {
    pub(super) client: Client,
    pub(super) hub: Arc<Hub>,
    pub(super) prefix: Arc<str>,
    pub(super) queue: mpsc::Receiver<Message>,
    pub(super) stop: CancellationToken,
}

impl Publisher {
    pub(super) async fn run(mut self) {
        let mut interrupted = None;
        while let Some(Some(message)) = self.stop.run_until_cancelled(self.queue.recv()).await {
            if self
                .stop
                .run_until_cancelled(self.send(&message))
                .await
                .is_none()
            {
                interrupted = Some(message);
                break;
            }
        }
        // No more may come in; what is there already gets its last chance.
        self.queue.close();
        let flushed = tokio::time::timeout(FLUSH_WAIT, self.send_rest(interrupted)).await;
        if flushed.is_err() {
            let lost = u64::try_from(self.queue.len()).unwrap_or(u64::MAX);
            self.hub.count_dropped(lost);
            tracing::warn!(lost, "bus messages not sent before the end");
        }
    }

    async fn send_rest(&mut self, interrupted: Option<Message>) {
        if let Some(message) = interrupted {
            self.send(&message).await;
        }
        while let Some(message) = self.queue.recv().await {
            self.send(&message).await;
        }
        if let Err(error) = self.client.flush().await {
            tracing::debug!(%error, "bus flush");
        }
    }

    /// Waits while the server is away and the client's own queue is full.
    async fn send(&self, message: &Message) {
        let subject = message.subject.with_prefix(&self.prefix);
        if let Err(error) = self.client.publish(subject, message.payload.clone()).await {
            self.hub.count_dropped(1);
            tracing::warn!(%error, subject = %message.subject, "bus message not sent");
        }
    }
}

/// Moves messages from the client into one subscription's queue, and so never lets the client's
/// queue fill: overflow happens in ours, which counts it.
pub(super) struct Feeder {
    pub(super) client: Client,
    pub(super) hub: Arc<Hub>,
    pub(super) prefix: Arc<str>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) pattern: String,
    pub(super) stop: CancellationToken,
}

impl Feeder {
    /// `ready` hears when the server has the subscription. If nobody waits for that any more,
    /// the subscriber is told by a reconnect event.
    pub(super) async fn run(self, ready: oneshot::Sender<()>) {
        let Some(Some(mut subscriber)) = self.stop.run_until_cancelled(self.begin()).await else {
            return;
        };
        if ready.send(()).is_err() {
            self.inbox.set_reconnected();
        }
        while let Some(next) = self.stop.run_until_cancelled(subscriber.next()).await {
            let Some(message) = next else {
                // The client has ended, which it does only together with the bus.
                self.inbox.close();
                return;
            };
            self.take(&message);
        }
        let _ = tokio::time::timeout(UNSUBSCRIBE_WAIT, subscriber.unsubscribe()).await;
    }

    async fn begin(&self) -> Option<Subscriber> {
        match self.client.subscribe(self.pattern.clone()).await {
            Ok(subscriber) => {
                barrier::confirm(&self.client).await;
                Some(subscriber)
            }
            Err(error) => {
                tracing::error!(%error, pattern = self.pattern, "bus subscription refused");
                self.inbox.close();
                None
            }
        }
    }

    fn take(&self, message: &async_nats::Message) {
        let subject = message
            .subject
            .strip_prefix(&*self.prefix)
            .and_then(|rest| rest.strip_prefix('.'))
            .map(Subject::parse);
        let Some(Ok(subject)) = subject else {
            // Somebody else publishes under our prefix; not ours to understand.
            tracing::debug!(subject = %message.subject, "foreign message on the bus");
            return;
        };
        let payload = message.payload.clone();
        self.hub
            .deliver_to(&self.inbox, Message { subject, payload });
    }
}
