//! The event bus: a doorbell, not a store.
//!
//! A service first writes its change to its database, then rings: "the mailbox of this user moved
//! on". Whoever listens reads the rest from the database of the owner. So a bell that is lost,
//! doubled or late costs time, never correctness, and the bus may be simple: nothing is kept,
//! nothing is acknowledged, and publishing never waits and never fails the caller's work.
//!
//! What a listener must do is small, and the same for both kinds of bus:
//!
//! ```no_run
//! # use im_bus::{BusConfig, Event, EventBus, Topic};
//! const MAILBOX_ADVANCED: Topic = Topic::new("messaging", "mailbox_advanced");
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let bus = EventBus::open(&BusConfig::default()).await?;
//! let mut subscription = bus.subscribe(MAILBOX_ADVANCED.every_key()).await?; // first listen,
//! // … then read the state from the database, then:
//! bus.publish(&MAILBOX_ADVANCED.keyed("usr_1")?, "42");
//! while let Some(event) = subscription.recv().await {
//!     match event {
//!         Event::Message(message) => drop((message.subject.key(), message.payload)),
//!         Event::Lagged { .. } | Event::Reconnected => { /* read everything again */ }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`EventBus`] is an enum chosen once at start: within one process, or over core NATS between
//! processes. One suite (`tests/contract.rs`) holds both to the same behaviour.
#![warn(missing_docs)]

mod bus;
mod config;
mod error;
mod hub;
mod in_process;
mod inbox;
mod nats;
mod subject;
mod subscription;

pub use bus::EventBus;
pub use config::BusConfig;
pub use error::BusError;
pub use hub::BusStats;
pub use subject::{Subject, SubjectError, SubjectFilter, Topic};
pub use subscription::{Event, Message, Subscription};

/// The longest payload the bus carries, in bytes. A doorbell names what changed; it is not a
/// means of transport, so this is far below what NATS would take.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
