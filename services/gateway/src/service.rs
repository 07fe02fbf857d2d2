//! The gateway as a whole: built from its dependencies, serving ports.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderValue;
use im_bus::EventBus;
use im_directory::{AllowedAudience, Directory, TokenVerifier};
use im_proto::{
    auth::auth_internal_service_client::AuthInternalServiceClient,
    gateway::stream_service_server::StreamServiceServer,
    messaging::messaging_internal_service_client::MessagingInternalServiceClient,
    presence::presence_internal_service_client::PresenceInternalServiceClient,
};
use im_runtime::{
    error::status,
    lifecycle::Tasks,
    rpc::{RequestContext, RpcChannel},
    telemetry::Metrics,
};
use im_types::{Clock, Ids, NodeId};
use ipnet::IpNet;
use prost_reflect::{DescriptorError, DescriptorPool};
use tokio::{net::TcpListener, time::interval};
use tonic::service::{AxumRouter, Routes};

use crate::{
    config::{GatewaySettings, MAIN_LISTENER},
    edge::{self, Caller, Certificate, ConnectionLimit, Cors, Port, Rates, strict_transport},
    grpc::{Access, Backends, Methods, StreamRpcs, operator_routes},
    http::{
        openapi,
        transcode::{RouteTable, RouteTableError},
    },
    metrics::GatewayMetrics,
    node::{Node, NodeParts},
};

/// Time between two rounds of forgetting rested rate limits.
const FORGET_INTERVAL: Duration = Duration::from_mins(1);

/// Longest answer of messaging, in bytes. It tells of many mailboxes at once, each with up to 200
/// messages of 32 KiB; were it refused, the link would break, be made again and break again.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What the gateway is built from.
pub struct Deps {
    /// To auth.
    pub auth: RpcChannel,
    /// To presence.
    pub presence: RpcChannel,
    /// To messaging.
    pub messaging: RpcChannel,
    /// The mirror of auth.
    pub directory: Directory,
    /// The bus.
    pub bus: EventBus,
    /// Time.
    pub clock: Clock,
    /// Identifiers and randomness.
    pub ids: Ids,
    /// The owner of its tasks; its readiness is what `/readyz` tells.
    pub tasks: Tasks,
    /// What `/metrics` tells.
    pub metrics: Metrics,
    /// The name of this node, see [`crate::node_id`].
    pub node_id: NodeId,
}

/// The gateway cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The descriptor set is not one.
    #[error("descriptor set")]
    Descriptors(#[from] DescriptorError),
    /// The annotations cannot be served.
    #[error("http annotations")]
    Routes(#[from] RouteTableError),
    /// Reflection refuses the descriptor set.
    #[error("reflection")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// A port cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be bound.
    #[error("listener {name} at {address}")]
    Bind {
        /// Name of the listener.
        name: String,
        /// Its address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its certificate cannot be used.
    #[error("certificate of listener {name}")]
    Tls {
        /// Name of the listener.
        name: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Everything that requests share.
pub(crate) struct Gateway {
    pub(crate) settings: GatewaySettings,
    pub(crate) methods: Methods,
    pub(crate) routes: RouteTable,
    pub(crate) backends: Backends,
    pub(crate) auth: AuthInternalServiceClient<RpcChannel>,
    pub(crate) directory: Directory,
    verifier: TokenVerifier,
    pub(crate) trusted: Vec<IpNet>,
    pub(crate) rates: Rates,
    pub(crate) cors: Cors,
    pub(crate) strict_transport: Option<HeaderValue>,
    pub(crate) connections: Arc<ConnectionLimit>,
    pub(crate) node: Arc<Node>,
    pub(crate) openapi: Bytes,
    pub(crate) metrics: GatewayMetrics,
    pub(crate) telemetry: Metrics,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) tasks: Tasks,
}

impl Gateway {
    /// The person behind a call, within the person's rate.
    pub(crate) async fn authenticate(
        &self,
        context: &RequestContext,
        access: Access,
    ) -> Result<Caller, tonic::Status> {
        let allowed = match access {
            Access::AnySession => AllowedAudience::ApiOrPassword,
            Access::Open | Access::Session => AllowedAudience::Api,
        };
        let actor = self.verifier.authenticate(context, allowed).await;
        let caller = Caller::from(actor.map_err(|error| status(&error))?);
        self.rates
            .user(caller.user_id)
            .map_err(|error| status(&error))?;
        Ok(caller)
    }
}

/// A built gateway.
#[derive(Clone)]
pub struct Service {
    gateway: Arc<Gateway>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Service").finish_non_exhaustive()
    }
}

/// Builds the gateway and starts its tasks; it answers nobody before [`Service::listen`].
pub fn build(settings: GatewaySettings, deps: Deps) -> Result<Service, BuildError> {
    let pool = DescriptorPool::decode(im_proto::DESCRIPTOR_SET)?;
    let methods = Methods::new(&pool);
    let routes = RouteTable::new(&pool, &methods)?;
    let document = openapi::document(&pool, &routes, env!("CARGO_PKG_VERSION"));
    let rpcs = StreamRpcs::default();
    let local = Routes::from(AxumRouter::new()).add_service(StreamServiceServer::new(rpcs.clone()));
    let local = operator_routes(local, &methods, &deps.tasks)?.prepare();
    let node = Node::start(NodeParts {
        node_id: deps.node_id,
        settings: settings.clone(),
        messaging: MessagingInternalServiceClient::new(deps.messaging.clone())
            .max_decoding_message_size(ANSWER_BYTES_MAX),
        presence: PresenceInternalServiceClient::new(deps.presence.clone()),
        directory: deps.directory.clone(),
        bus: deps.bus,
        ids: deps.ids.clone(),
        tasks: deps.tasks.clone(),
    });
    let gateway = Arc::new(Gateway {
        methods,
        routes,
        auth: AuthInternalServiceClient::new(deps.auth.clone()),
        backends: Backends {
            auth: deps.auth,
            presence: deps.presence,
            messaging: deps.messaging,
            local,
        },
        verifier: TokenVerifier::new(deps.directory.clone()),
        directory: deps.directory,
        trusted: settings.trusted_networks(),
        rates: Rates::new(&settings),
        cors: Cors::new(&settings.cors_origins),
        strict_transport: strict_transport(&settings),
        connections: ConnectionLimit::new(
            settings.connections_max,
            settings.connections_per_address_max,
        ),
        node,
        openapi: document.to_string().into(),
        metrics: GatewayMetrics::new(),
        telemetry: deps.metrics,
        clock: deps.clock,
        ids: deps.ids,
        tasks: deps.tasks,
        settings,
    });
    rpcs.serve(&gateway);
    gateway
        .tasks
        .spawn("gateway rates", forget(Arc::clone(&gateway)));
    Ok(Service { gateway })
}

async fn forget(gateway: Arc<Gateway>) {
    let soft = gateway.tasks.shutdown_token();
    let mut ticks = interval(FORGET_INTERVAL);
    loop {
        tokio::select! {
            _ = ticks.tick() => gateway.rates.forget_rested(),
            () = soft.cancelled() => return,
        }
    }
}

impl Service {
    /// Serves an open socket under a name, until shutdown. For the main one and for tests.
    pub fn serve(&self, name: &str, listener: TcpListener) {
        self.spawn(Port {
            name: name.into(),
            listener,
            certificate: None,
        });
    }

    /// Opens and serves `main` and all further listeners of the configuration; the addresses that
    /// were bound, `main`'s first.
    pub async fn listen(&self, main: SocketAddr) -> Result<Vec<SocketAddr>, ListenError> {
        let settings = &self.gateway.settings;
        let main_tls = settings
            .tls_cert_file
            .clone()
            .zip(settings.tls_key_file.clone());
        let further = settings.listeners.0.iter().map(|listener| {
            let tls = listener
                .tls_cert_file
                .clone()
                .zip(listener.tls_key_file.clone());
            (listener.name.as_str(), listener.address, tls)
        });
        let mut ports = Vec::new();
        for (name, address, tls) in std::iter::once((MAIN_LISTENER, main, main_tls)).chain(further)
        {
            ports.push(open(name, address, tls).await?);
        }
        let addresses = ports
            .iter()
            .filter_map(|port| port.listener.local_addr().ok())
            .collect();
        // None is served before all are open: half a gateway would look like a whole one.
        for port in ports {
            self.spawn(port);
        }
        Ok(addresses)
    }

    fn spawn(&self, port: Port) {
        let tasks = &self.gateway.tasks;
        if let Some(certificate) = &port.certificate {
            let interval = Duration::from_millis(self.gateway.settings.tls_reload_ms);
            let (name, soft) = (Arc::clone(&port.name), tasks.shutdown_token());
            let following = Arc::clone(certificate).follow(name, interval, soft);
            tasks.spawn("gateway certificate", following);
        }
        tasks.spawn("gateway port", edge::serve(Arc::clone(&self.gateway), port));
    }
}

async fn open(
    name: &str,
    address: SocketAddr,
    tls: Option<(PathBuf, PathBuf)>,
) -> Result<Port, ListenError> {
    let certificate = tls
        .map(|(cert_file, key_file)| Certificate::load(cert_file, key_file))
        .transpose()
        .map_err(|error| ListenError::Tls {
            name: name.to_owned(),
            source: Box::new(error),
        })?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ListenError::Bind {
            name: name.to_owned(),
            address,
            source,
        })?;
    Ok(Port {
        name: name.into(),
        listener,
        certificate: certificate.map(Arc::new),
    })
}
