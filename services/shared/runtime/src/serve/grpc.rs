//! The gRPC port.

use std::time::Duration;

use tokio::net::TcpListener;
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};

use super::health;
use crate::{config::ServerSettings, lifecycle::Tasks, rpc::ServerLayers};

/// What one connection may do.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Streams at once on one connection.
    pub concurrent_streams_max: u32,
    /// Time between HTTP/2 pings.
    pub keepalive_interval: Duration,
    /// Time a ping may take before the connection counts as dead.
    pub keepalive_timeout: Duration,
}

impl From<&ServerSettings> for ServerLimits {
    fn from(settings: &ServerSettings) -> Self {
        Self {
            concurrent_streams_max: settings.concurrent_streams_max,
            keepalive_interval: Duration::from_millis(settings.keepalive_interval_ms),
            keepalive_timeout: Duration::from_millis(settings.keepalive_timeout_ms),
        }
    }
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self::from(&ServerSettings::default())
    }
}

/// A port cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener or a connection.
    #[error("gRPC port")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptor set is not one.
    #[error("descriptor set")]
    Descriptor(#[from] prost::DecodeError),
    /// Reflection refuses the descriptor set.
    #[error("reflection")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves routes over HTTP/2 without TLS, with health and reflection beside them.
#[derive(Debug)]
pub struct GrpcServer {
    routes: Routes,
    limits: ServerLimits,
}

impl GrpcServer {
    /// `routes` as the services made them (the layers are put on here), `descriptor_set` the
    /// encoded `FileDescriptorSet` for reflection and for the names in health.
    pub fn new(
        routes: Routes,
        descriptor_set: &[u8],
        layers: &ServerLayers,
        limits: ServerLimits,
        tasks: &Tasks,
    ) -> Result<Self, ServeError> {
        let routes = layers.wrap(health::add(routes, descriptor_set, tasks)?);
        Ok(Self { routes, limits })
    }

    /// Serves as an essential task of `tasks`. On shutdown no connection is accepted any more and
    /// those there are end when their calls have; services end their open streams by the same
    /// token.
    pub fn spawn(self, listener: TcpListener, tasks: &Tasks) {
        let soft = tasks.shutdown_token();
        tasks.spawn_essential("grpc server", async move {
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            Server::builder()
                .max_concurrent_streams(self.limits.concurrent_streams_max)
                .http2_keepalive_interval(Some(self.limits.keepalive_interval))
                .http2_keepalive_timeout(Some(self.limits.keepalive_timeout))
                .add_routes(self.routes)
                .serve_with_incoming_shutdown(incoming, soft.cancelled_owned())
                .await
                .map_err(ServeError::from)
        });
    }
}
