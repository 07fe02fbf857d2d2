//! The one type services see.

use bytes::Bytes;

use crate::hub::Hub;
use crate::in_process::InProcessBus;
use crate::nats::NatsBus;
use crate::{
    BusConfig, BusError, BusStats, Message, PAYLOAD_BYTES_MAX, Subject, SubjectFilter, Subscription,
};

/// The event bus. A clone is the same bus; the tasks behind it end with [`EventBus::close`] or
/// with the last clone.
#[derive(Debug, Clone)]
pub enum EventBus {
    /// Between the services of one process.
    InProcess(InProcessBus),
    /// Between processes, over a NATS server.
    Nats(NatsBus),
}

impl EventBus {
    /// Opens the bus the configuration asks for. Does not wait for the network: a NATS server
    /// that is away is tried for ever in the background, see [`EventBus::is_connected`].
    ///
    /// # Errors
    /// Only for faults of the configuration.
    pub async fn open(config: &BusConfig) -> Result<Self, BusError> {
        config.validate()?;
        if config.is_in_process() {
            return Ok(Self::InProcess(InProcessBus::new(config.queue_length)));
        }
        NatsBus::open(config).await.map(Self::Nats)
    }

    /// A bus within this process with the default settings, for tests and small programs.
    pub fn in_process() -> Self {
        Self::InProcess(InProcessBus::new(BusConfig::default().queue_length))
    }

    /// Rings. Never waits and never fails: what cannot be sent (queue full, payload over
    /// [`PAYLOAD_BYTES_MAX`], bus closed) is dropped and counted, and whoever needed it finds the
    /// change in the database a little later.
    pub fn publish(&self, subject: &Subject, payload: impl Into<Bytes>) {
        let payload = payload.into();
        let hub = self.hub();
        hub.count_published();
        if payload.len() > PAYLOAD_BYTES_MAX {
            tracing::warn!(%subject, payload_bytes = payload.len(), "payload too long for the bus");
            hub.count_dropped(1);
            return;
        }
        if hub.is_closed() {
            hub.count_dropped(1);
            return;
        }
        let message = Message {
            subject: subject.clone(),
            payload,
        };
        match self {
            Self::InProcess(bus) => bus.publish(&message),
            Self::Nats(bus) => bus.publish(message),
        }
    }

    /// [`EventBus::publish`] of a protobuf message.
    pub fn publish_message(&self, subject: &Subject, message: &impl prost::Message) {
        self.publish(subject, message.encode_to_vec());
    }

    /// Listens, from now on: what is published after this returned is heard, or the subscription
    /// is told that something was missed. So subscribe first and read the state afterwards.
    ///
    /// Waits for the server at most 2 s; when it is away, the subscription is returned all the
    /// same, comes into force with the connection, and then hears
    /// [`Event::Reconnected`](crate::Event::Reconnected).
    ///
    /// # Errors
    /// [`BusError::Closed`] only.
    pub async fn subscribe(
        &self,
        filter: impl Into<SubjectFilter>,
    ) -> Result<Subscription, BusError> {
        match self {
            Self::InProcess(bus) => bus.subscribe(filter.into()),
            Self::Nats(bus) => bus.subscribe(filter.into()).await,
        }
    }

    /// Whether messages get through now; part of readiness.
    pub fn is_connected(&self) -> bool {
        match self {
            Self::InProcess(bus) => !bus.hub().is_closed(),
            Self::Nats(bus) => bus.is_connected(),
        }
    }

    /// How many subscriptions there are in this process.
    pub fn subscriptions(&self) -> usize {
        self.hub().len()
    }

    /// What was counted since the bus was opened.
    pub fn stats(&self) -> BusStats {
        self.hub().stats()
    }

    /// Sends what is still queued (at most 2 s), then ends all subscriptions and tasks. Later
    /// messages are dropped. For all clones; a second call does nothing.
    pub async fn close(&self) {
        match self {
            Self::InProcess(bus) => bus.hub().close(),
            Self::Nats(bus) => bus.close().await,
        }
    }

    fn hub(&self) -> &Hub {
        match self {
            Self::InProcess(bus) => bus.hub(),
            Self::Nats(bus) => bus.hub(),
        }
    }
}
