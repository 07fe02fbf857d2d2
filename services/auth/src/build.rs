//! Putting the service together: the only place where everything meets.

use std::sync::Arc;

use im_bus::EventBus;
use im_runtime::lifecycle::Tasks;
use im_store::{Database, StoreError};
use im_types::{Clock, Ids, Secret};
use tonic::service::Routes;

use crate::AuthMetrics;
use crate::config::AuthSettings;
use crate::connector::Connectors;
use crate::crypto::{HashParameters, PasswordHasher};
use crate::ports::IdentityStore;
use crate::store::SqlStore;
use crate::usecase::lane::SessionLane;
use crate::usecase::{App, AppParts, LocalStore, open_sealer};
use crate::{Error, grpc, worker};

/// What auth needs from its process.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Tells the time.
    pub clock: Clock,
    /// Makes ids and randomness.
    pub ids: Ids,
    /// Auth's own database, open; its schema is brought up to date here.
    pub database: Database,
    /// The bell.
    pub bus: EventBus,
    /// The owner of the workers.
    pub tasks: Tasks,
}

/// The service, ready to be served.
#[derive(Debug)]
pub struct Service {
    /// All tonic services, public and internal ones. The server's layers go around them.
    pub routes: Routes,
    /// While no administrator exists: the one-time token to become one. Whoever starts the service
    /// shows it to whoever started that.
    pub first_admin_token: Option<Secret<String>>,
    /// The use cases, for tests and for programs that hold more than the rpcs.
    pub app: Arc<App>,
}

/// Why auth cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The database cannot be brought to the schema of this program.
    #[error("auth's database cannot be used")]
    Store(#[from] StoreError),
    /// Something that has to be there before the first request cannot be made.
    #[error("auth cannot start")]
    Start(#[from] Error),
}

/// Builds auth and starts its workers.
pub async fn build(settings: AuthSettings, deps: Deps) -> Result<Service, BuildError> {
    build_with_stores(settings, deps, Vec::new()).await
}

/// The same with identity stores besides the local one.
pub(crate) async fn build_with_stores(
    settings: AuthSettings,
    deps: Deps,
    mut stores: Vec<Arc<dyn IdentityStore>>,
) -> Result<Service, BuildError> {
    let Deps {
        clock,
        ids,
        database,
        bus,
        tasks,
    } = deps;
    let store = SqlStore::new(database);
    store.migrate().await?;
    let parameters = HashParameters {
        memory_kib: settings.password_memory_kib,
        passes: settings.password_passes,
        lanes: settings.password_lanes,
    };
    let metrics = AuthMetrics::new();
    let hasher = PasswordHasher::new(
        parameters,
        settings.password_threads,
        settings.password_queue_max,
        ids.clone(),
        metrics.clone(),
    )?;
    stores.push(Arc::new(LocalStore::new(store.clone(), hasher.clone())));
    let sealer = Arc::new(open_sealer(&store, &ids, clock.now()).await?);
    let factory = Connectors::new(
        clock.clone(),
        Arc::clone(&sealer),
        settings.store_secrets_dir.clone(),
    );
    let (lane, lane_worker) = SessionLane::new(store.clone());
    let parts = AppParts {
        clock,
        ids,
        store,
        bus,
        settings,
        hasher,
        lane,
        metrics,
        factory: Arc::new(factory),
        sealer,
    };
    let app = Arc::new(App::new(parts, stores));
    app.ensure_basics().await?;
    app.rotate_keys().await?;
    let seen = app.newest_revision().await?;
    app.load_mirror().await?;
    let first_admin_token = app.first_admin_token().await?;
    worker::spawn(&app, lane_worker, seen, &tasks);
    let routes = grpc::routes(&app);
    Ok(Service {
        routes,
        first_admin_token,
        app,
    })
}
