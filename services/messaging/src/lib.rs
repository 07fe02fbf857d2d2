//! Who said what: conversations, messages, and one mailbox for each person.
//!
//! Everything that changes something goes through the [`usecase::Writer`]: requests that wait
//! together are loaded together, decided by the pure planner ([`domain::plan()`]) and written
//! together in one transaction that survives a power cut; only then is anybody answered. The same
//! transaction appends what happened to the mailboxes of those concerned, each numbered without a
//! gap, so whoever reads a mailbox from a cursor on has the state of the server.
//!
//! After the commit, readers on this replica get the entries from memory ([`hub`]) and the other
//! replicas are rung over the bus. A bell that is lost costs at most the poll interval.
#![warn(missing_docs)]

pub mod config;
pub mod domain;
pub mod error;
pub mod grpc;
pub mod hub;
mod metrics;
pub mod ports;
pub mod program;
pub mod store;
pub mod usecase;
pub mod worker;

use std::sync::Arc;
use std::time::Duration;

use im_bus::{BusError, EventBus};
use im_directory::{Directory, TokenVerifier};
use im_runtime::lifecycle::Tasks;
use im_runtime::rpc::RpcChannel;
use im_store::{Database, Engine, StoreError};
use im_types::Ids;
use tonic::service::Routes;

pub use config::MessagingSettings;
use grpc::{AttachLimits, PresenceClient};
use hub::Hub;
use ports::{Presence, Store, StoreFault};
use store::SqlStore;
use usecase::{Core, CoreParts, WriterOptions};
use worker::WorkerOptions;

/// What the service is built on.
#[derive(Debug, Clone)]
pub struct Deps {
    /// New ids; their clock is not used, the directory's is.
    pub ids: Ids,
    /// Of this service alone; the schema is brought up to date.
    pub database: Database,
    /// Shared with the other services.
    pub bus: EventBus,
    /// The mirror of auth. Its clock is the service's clock.
    pub directory: Directory,
    /// To presence's internal service.
    pub presence: RpcChannel,
    /// The owner of all tasks.
    pub tasks: Tasks,
}

/// The service, running.
pub struct Service {
    /// All its services, public and internal; see [`grpc::routes`].
    pub routes: Routes,
    /// Its operations, for programs that want to call them directly.
    pub core: Arc<Core>,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The schema cannot be brought up to date.
    #[error("the database of messaging cannot be prepared")]
    Migrate(#[source] StoreError),
    /// The database cannot be read.
    #[error("the database of messaging cannot be read")]
    Store(#[from] StoreFault),
    /// The bus is closed.
    #[error("the bus cannot be listened to")]
    Bus(#[from] BusError),
}

/// Builds the service and starts its workers.
pub async fn build(settings: &MessagingSettings, deps: Deps) -> Result<Service, BuildError> {
    deps.database
        .migrate(&store::MIGRATIONS)
        .await
        .map_err(BuildError::Migrate)?;
    let lanes = match deps.database.engine() {
        // There is one writer in the file; more lanes would only make smaller batches.
        Engine::Sqlite => 1,
        Engine::Postgres => settings.lanes,
    };
    let store: Arc<dyn Store> = Arc::new(SqlStore::new(deps.database.clone()));
    let presence: Arc<dyn Presence> = Arc::new(PresenceClient::new(deps.presence.clone()));
    build_on(settings, lanes, (store, presence), deps).await
}

/// [`build`] on given ports, for tests.
pub async fn build_on(
    settings: &MessagingSettings,
    lanes: u32,
    (store, presence): (Arc<dyn Store>, Arc<dyn Presence>),
    deps: Deps,
) -> Result<Service, BuildError> {
    let as_size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let epoch = store.epoch().await?;
    let parts = CoreParts {
        store,
        presence,
        directory: deps.directory.clone(),
        bus: deps.bus.clone(),
        ids: deps.ids,
        hub: Arc::new(Hub::new(as_size(settings.ring_bytes_max))),
        epoch,
        writer: WriterOptions {
            lanes: as_size(lanes),
            batch_commands_max: as_size(settings.batch_commands_max),
            queue_commands_max: as_size(settings.queue_commands_max),
            receipt_members_max: as_size(settings.receipt_members_max),
        },
    };
    let core = Core::start(parts, &deps.tasks);
    let options = WorkerOptions {
        poll_interval: Duration::from_millis(settings.poll_interval_ms),
        coalesce_interval: Duration::from_millis(settings.coalesce_interval_ms),
        roster_interval: Duration::from_millis(settings.roster_interval_ms),
        upkeep_interval: Duration::from_secs(settings.upkeep_interval_s),
        mailbox_entries_max: i64::from(settings.mailbox_entries_max),
    };
    worker::start(&core, &deps.bus, options, &deps.tasks).await?;
    let limits = AttachLimits {
        slow_reader_timeout: Duration::from_millis(settings.slow_reader_timeout_ms),
    };
    let verifier = TokenVerifier::new(deps.directory);
    let routes = grpc::routes(&core, &verifier, limits, &deps.tasks);
    Ok(Service { routes, core })
}
