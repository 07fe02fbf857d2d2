//! Connections to services in other processes.

use std::time::Duration;

use tonic::transport::{Channel, Endpoint};

use super::resolver::Resolver;
use crate::lifecycle::Tasks;

/// Where a service is and how to keep the connection alive.
#[derive(Debug, Clone)]
pub struct RemoteConfig {
    /// One or more of `http://host:port`. A name that has several addresses
    /// counts as several endpoints.
    pub urls: Vec<String>,
    /// Time for one connection attempt.
    pub connect_timeout: Duration,
    /// Time between HTTP/2 pings, also while idle.
    pub keepalive_interval: Duration,
    /// Time a ping may take before the connection counts as dead.
    pub keepalive_timeout: Duration,
    /// Time between two look-ups of the addresses.
    pub resolve_interval: Duration,
}

impl RemoteConfig {
    /// The defaults for `urls`.
    pub fn new(urls: Vec<String>) -> Self {
        Self {
            urls,
            connect_timeout: Duration::from_secs(3),
            keepalive_interval: Duration::from_secs(10),
            keepalive_timeout: Duration::from_secs(5),
            resolve_interval: Duration::from_secs(3),
        }
    }

    /// An endpoint with these settings.
    pub(super) fn tuned(&self, endpoint: Endpoint) -> Endpoint {
        endpoint
            .connect_timeout(self.connect_timeout)
            .http2_keep_alive_interval(self.keepalive_interval)
            .keep_alive_timeout(self.keepalive_timeout)
            .keep_alive_while_idle(true)
            .tcp_nodelay(true)
    }
}

/// The address of a service is unusable.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// There is none.
    #[error("no address is configured for the service")]
    NoUrl,
    /// One cannot be parsed.
    #[error("{url:?} is not an address of the form http://host:port")]
    InvalidUrl {
        /// The text in question.
        url: String,
    },
}

/// Most endpoint changes under way to a channel; more wait.
const CHANGES_MAX: usize = 64;

pub(super) fn channel(config: &RemoteConfig, tasks: &Tasks) -> Result<Channel, RemoteError> {
    let resolver = Resolver::new(config)?;
    let (channel, changes) = Channel::balance_channel(CHANGES_MAX);
    // What drains still has to call its neighbours, so this ends last.
    tasks.spawn_background("rpc resolver", resolver.run(changes));
    Ok(channel)
}
