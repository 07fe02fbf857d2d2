//! What every program of the system does with the common settings: open its database and the bus,
//! find its neighbours, serve its routes. The four services and the standalone program differ in
//! which `build` they call, not in how they come to what they hand to it.
//!
//! Everything opened here is closed when the last task has ended.
#![warn(missing_docs)]

use std::net::SocketAddr;

use anyhow::Context as _;
use im_bus::{BusConfig, EventBus};
use im_directory::Directory;
use im_proto::auth::auth_internal_service_client::AuthInternalServiceClient;
use im_runtime::{
    config::Common,
    lifecycle::Tasks,
    rpc::{ClientLayers, InternalKey, RpcChannel, ServerLayers, ServiceIdentity},
    serve::{GrpcServer, serve_admin},
    telemetry::Metrics,
};
use im_store::{Database, StoreConfig};
use im_types::{Clock, Ids, Secret};
use tokio::net::TcpListener;
use tonic::service::Routes;

/// A running program's surroundings.
#[derive(Debug, Clone)]
pub struct Process {
    /// Time.
    pub clock: Clock,
    /// Identifiers and randomness.
    pub ids: Ids,
    /// The bus.
    pub bus: EventBus,
    /// The owner of all tasks.
    pub tasks: Tasks,
    common: Common,
    key: InternalKey,
}

/// A service that can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Who you are.
    Auth,
    /// Who sees whom.
    Presence,
    /// Who said what.
    Messaging,
}

impl Process {
    /// Opens the bus. Fails if the services are apart and share no key.
    pub async fn open(common: Common, tasks: Tasks) -> anyhow::Result<Self> {
        let key = common.server.internal_key().context(
            "[server] internal_key is not set: make one (openssl rand -hex 32) and give it to all \
             services of this installation",
        )?;
        Self::open_with_key(common, tasks, key).await
    }

    /// The same for a program that is all services: nobody outside has to know the key.
    pub async fn open_alone(common: Common, tasks: Tasks) -> anyhow::Result<Self> {
        let key = common
            .server
            .internal_key()
            .unwrap_or_else(InternalKey::random);
        Self::open_with_key(common, tasks, key).await
    }

    async fn open_with_key(common: Common, tasks: Tasks, key: InternalKey) -> anyhow::Result<Self> {
        let clock = Clock::system();
        let ids = Ids::system(clock.clone());
        let bus = EventBus::open(&bus_config(&common))
            .await
            .context("[bus]")?;
        let closing = bus.clone();
        tasks.at_end(async move { closing.close().await });
        Ok(Self {
            clock,
            ids,
            bus,
            tasks,
            common,
            key,
        })
    }

    /// The common settings.
    pub const fn common(&self) -> &Common {
        &self.common
    }

    /// Opens the database of a service: `NAME.db` in the data directory, or schema `NAME`.
    pub async fn database(&self, name: &str) -> anyhow::Result<Database> {
        let database = Database::connect(&store_config(&self.common, name))
            .await
            .with_context(|| format!("[store] the database of {name}"))?;
        let closing = database.clone();
        self.tasks.at_end(async move { closing.close().await });
        Ok(database)
    }

    /// What a service called `name` puts on its outgoing calls.
    pub fn client_layers(&self, name: &'static str) -> ClientLayers {
        let identity = ServiceIdentity::new(name, self.key.clone(), self.clock.clone());
        ClientLayers::internal(identity).with_call_timeout(self.common.peers.call_timeout())
    }

    /// What a service puts around its routes.
    pub fn server_layers(&self) -> ServerLayers {
        ServerLayers::internal(self.key.clone(), self.clock.clone())
            .with_request_timeout(self.common.server.request_timeout())
    }

    /// The way of service `name` to a peer in another process.
    pub fn remote(&self, name: &'static str, peer: Peer) -> anyhow::Result<RpcChannel> {
        let peers = &self.common.peers;
        let (urls, key) = match peer {
            Peer::Auth => (&peers.auth_urls, "[peers] auth_urls"),
            Peer::Presence => (&peers.presence_urls, "[peers] presence_urls"),
            Peer::Messaging => (&peers.messaging_urls, "[peers] messaging_urls"),
        };
        RpcChannel::remote(&peers.remote(urls), &self.client_layers(name), &self.tasks).context(key)
    }

    /// The mirror of auth, filling itself from now on.
    pub fn directory(&self, auth: RpcChannel) -> Directory {
        let source = AuthInternalServiceClient::new(auth);
        Directory::start(source, &self.bus, self.clock.clone(), &self.tasks)
    }

    /// Serves the routes of a service to the others, and metrics to the operator.
    pub async fn serve(
        &self,
        name: &str,
        routes: Routes,
        listen: SocketAddr,
        metrics: Metrics,
    ) -> anyhow::Result<()> {
        let layers = self.server_layers();
        let limits = (&self.common.server).into();
        let descriptors = im_proto::DESCRIPTOR_SET;
        let server = GrpcServer::new(routes, descriptors, &layers, limits, &self.tasks)?;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("[peers] {name}_listen: cannot listen at {listen}"))?;
        let address = listener.local_addr()?;
        server.spawn(listener, &self.tasks);
        self.serve_admin(metrics).await?;
        tracing::info!(%address, "{name} is ready");
        Ok(())
    }

    /// Serves `/livez`, `/readyz` and `/metrics` where `[server] admin_listen` says.
    pub async fn serve_admin(&self, metrics: Metrics) -> anyhow::Result<()> {
        let Some(address) = self.common.server.admin_listen else {
            return Ok(());
        };
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("[server] admin_listen: cannot listen at {address}"))?;
        serve_admin(listener, metrics, &self.tasks);
        Ok(())
    }
}

/// Where the database of service `name` is.
pub fn store_config(common: &Common, name: &str) -> StoreConfig {
    let store = &common.store;
    let (url, schema) = if let Some(url) = &store.url {
        (url.clone(), Some(name.to_owned()))
    } else {
        let path = store.data_dir.join(format!("{name}.db"));
        (Secret::new(format!("sqlite://{}", path.display())), None)
    };
    StoreConfig {
        url,
        schema,
        max_connections: store.connections_max,
        acquire_timeout_ms: store.acquire_timeout_ms,
        ..StoreConfig::default()
    }
}

/// Which bus to use.
pub fn bus_config(common: &Common) -> BusConfig {
    let bus = &common.bus;
    let url = bus
        .url
        .as_ref()
        .map(|url| url.expose().clone())
        .unwrap_or_default();
    BusConfig {
        url,
        prefix: bus.prefix.clone(),
        ..BusConfig::default()
    }
}
