//! Presence: who is connected, who sees whom, who may reach whom.
//!
//! Two kinds of things live here. **Rosters** and **places** (who is connected where, so that a
//! site's limit is exact over all replicas) are in the database, changed in transactions. **States**
//! (online, idle, busy …) are soft: every replica holds all of them in memory, learns of changes over
//! the bus, and can build them again from places and claims at any moment. Nothing that a person
//! does all day long touches the disk.
//!
//! What a viewer is told passes through one pure function ([`domain::visibility::sight`]) and one
//! comparison with what was told last ([`domain::board`]), so that somebody invisible, hidden or
//! blocking leaves no trace: the stream about them is that of somebody offline.
//!
//! [`build`] is the only place where everything meets.

pub mod config;
pub mod domain;
pub mod error;
mod grpc;
mod metrics;
pub mod ports;
pub mod program;
pub mod store;
pub mod usecase;
pub mod worker;

use std::sync::Arc;
use std::time::Duration;

use im_bus::{BusError, EventBus};
use im_directory::{Directory, DirectoryChanges, TokenVerifier};
use im_runtime::lifecycle::Tasks;
use im_store::{Database, StoreError};
use im_types::{Clock, Ids};
use tokio::sync::{Notify, mpsc};
use tonic::service::Routes;

pub use crate::config::PresenceSettings;

use crate::metrics::PresenceMetrics;
use crate::ports::Store;
use crate::store::{MIGRATIONS, SqlStore};
use crate::usecase::{Hub, News, Presence};

/// News that wait to be told to other replicas.
const NEWS_QUEUE_MAX: usize = 16_384;

/// What the service needs from outside.
pub struct Deps {
    /// What time it is.
    pub clock: Clock,
    /// New identifiers.
    pub ids: Ids,
    /// The service's own database; it is brought to the schema here.
    pub database: Database,
    /// The bus.
    pub bus: EventBus,
    /// The mirror of auth.
    pub directory: Directory,
    /// The owner of the tasks.
    pub tasks: Tasks,
}

/// The service, running.
pub struct Service {
    /// All tonic services, public and internal; the layers are put on by whoever serves them.
    pub routes: Routes,
    /// The operations, for the same process and for tests.
    pub presence: Presence,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The database cannot be used.
    #[error("the database of presence")]
    Store(#[from] StoreError),
    /// What is stored cannot be read.
    #[error("the state of presence")]
    State(#[from] error::Error),
    /// The bus is closed.
    #[error("the bus")]
    Bus(#[from] BusError),
}

/// Starts the service: schema, subscriptions, state, workers, in this order, so that nothing is
/// missed between reading and listening.
pub async fn build(settings: PresenceSettings, deps: Deps) -> Result<Service, BuildError> {
    let Deps {
        clock,
        ids,
        database,
        bus,
        directory,
        tasks,
    } = deps;
    database.migrate(&MIGRATIONS).await?;
    let metrics = PresenceMetrics::new();
    let store: Arc<dyn Store> = Arc::new(SqlStore::new(database, metrics.clone()));
    let settings = Arc::new(settings);
    let (news, news_queue) = mpsc::channel(NEWS_QUEUE_MAX);
    let (admission, commands) = mpsc::channel(settings.admission_queue_max as usize);
    let presence = Presence {
        store: Arc::clone(&store),
        directory: directory.clone(),
        hub: Arc::new(Hub::new(clock.clone(), settings.board_times())),
        clock: clock.clone(),
        metrics: metrics.clone(),
        settings: Arc::clone(&settings),
        news,
        admission,
        shutdown: tasks.shutdown_token(),
        feed_pace: Arc::default(),
        roster_bell: Arc::new(Notify::new()),
    };
    let replica_id = ids.new_uuid().to_string();
    let listener = worker::Listener {
        presence: presence.clone(),
        replica_id: replica_id.clone(),
        states: bus.subscribe(worker::STATE).await?,
        rosters: bus.subscribe(worker::ROSTER).await?,
        reconcile: Arc::new(Notify::new()),
    };
    let changes = directory.subscribe();
    let position = presence.roster_position().await?;
    presence.rebuild().await?;
    let soft = tasks.shutdown_token();
    let admission = worker::Admission {
        store,
        clock,
        settings: Arc::clone(&settings),
        metrics,
        commands,
    };
    tasks.spawn("presence.admission", admission.run(soft.clone()));
    let publisher = worker::Publisher {
        bus,
        replica_id,
        news: news_queue,
    };
    tasks.spawn("presence.publisher", publisher.run(soft.clone()));
    spawn_followers(&presence, listener, (position, changes), &tasks);
    spawn_timed(&presence, &settings, &tasks);
    // The others may know what the database does not: who is idle, and the newest choices.
    presence.tell(News::RestateWanted).await;
    let verifier = TokenVerifier::new(directory);
    let routes = grpc::routes(presence.clone(), verifier, tasks);
    Ok(Service { routes, presence })
}

/// What keeps up with the other replicas, the rosters and auth.
fn spawn_followers(
    presence: &Presence,
    listener: worker::Listener,
    (position, changes): (i64, DirectoryChanges),
    tasks: &Tasks,
) {
    let soft = tasks.shutdown_token();
    let reconciler = worker::Reconciler {
        presence: presence.clone(),
        every: Duration::from_millis(presence.settings.reconcile_interval_ms),
        bell: Arc::clone(&listener.reconcile),
    };
    tasks.spawn("presence.reconciler", reconciler.run(soft.clone()));
    tasks.spawn("presence.listener", listener.run(soft.clone()));
    let roster = worker::RosterFollower {
        presence: presence.clone(),
        position,
    };
    tasks.spawn("presence.roster_follower", roster.run(soft.clone()));
    let follower = worker::DirectoryFollower {
        presence: presence.clone(),
        changes,
    };
    tasks.spawn("presence.directory_follower", follower.run(soft.clone()));
}

fn spawn_timed(presence: &Presence, settings: &PresenceSettings, tasks: &Tasks) {
    let soft = tasks.shutdown_token();
    let every = Duration::from_millis(settings.flush_interval_ms);
    let flusher = worker::Flusher {
        presence: presence.clone(),
        every,
    };
    tasks.spawn("presence.flusher", flusher.run(soft.clone()));
    let timers = worker::Timers {
        presence: presence.clone(),
    };
    tasks.spawn("presence.timers", timers.run(soft.clone()));
    let leases = worker::Leases {
        presence: presence.clone(),
    };
    tasks.spawn("presence.leases", leases.run(soft.clone()));
    let counting = worker::Counting {
        presence: presence.clone(),
    };
    tasks.spawn("presence.counting", counting.run(soft.clone()));
    let retention = worker::Retention {
        presence: presence.clone(),
    };
    tasks.spawn("presence.retention", retention.run(soft));
}
