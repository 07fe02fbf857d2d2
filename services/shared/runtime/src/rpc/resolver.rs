//! Keeps a channel's set of endpoints equal to the addresses that answer.
//!
//! The balancer itself takes an endpoint that refuses connections for an idle one and prefers it,
//! so half of the calls would fail while one replica of two is down. Hence every address is tried
//! with a TCP connection before it may serve, and again in every round.

use std::{collections::BTreeSet, net::SocketAddr};

use futures_util::future::join_all;
use http::Uri;
use tokio::{
    net::{TcpStream, lookup_host},
    sync::mpsc::Sender,
    time::{MissedTickBehavior, interval, timeout},
};
use tonic::transport::{Endpoint, channel::Change};

use super::{RemoteConfig, RemoteError};

/// Most endpoints of one service.
const ENDPOINTS_MAX: usize = 256;

/// One endpoint: which configured URL, at which address.
type EndpointKey = (usize, SocketAddr);

struct Target {
    uri: Uri,
    host: String,
    port: u16,
}

pub(super) struct Resolver {
    config: RemoteConfig,
    targets: Vec<Target>,
    current: BTreeSet<EndpointKey>,
}

impl Resolver {
    pub(super) fn new(config: &RemoteConfig) -> Result<Self, RemoteError> {
        if config.urls.is_empty() {
            return Err(RemoteError::NoUrl);
        }
        let targets = config
            .urls
            .iter()
            .map(|url| target(url))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            config: config.clone(),
            targets,
            current: BTreeSet::new(),
        })
    }

    /// Looks up and tries the addresses until the channel is gone.
    pub(super) async fn run(mut self, changes: Sender<Change<EndpointKey, Endpoint>>) {
        let mut ticks = interval(self.config.resolve_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let wanted = self.wanted().await;
            for key in self.current.difference(&wanted) {
                if changes.send(Change::Remove(*key)).await.is_err() {
                    return;
                }
            }
            for key in wanted.difference(&self.current) {
                let Some(endpoint) = self.endpoint(*key) else {
                    continue;
                };
                if changes.send(Change::Insert(*key, endpoint)).await.is_err() {
                    return;
                }
            }
            self.current = wanted;
        }
    }

    /// The addresses that accept connections; if none does, all that are known, so that calls fail
    /// at once and say so.
    async fn wanted(&self) -> BTreeSet<EndpointKey> {
        let found = join_all(self.targets.iter().map(|target| self.addresses(target))).await;
        let keys: BTreeSet<EndpointKey> = found
            .into_iter()
            .enumerate()
            .flat_map(|(index, addresses)| addresses.into_iter().map(move |a| (index, a)))
            .take(ENDPOINTS_MAX)
            .collect();
        let keys = if keys.is_empty() {
            self.current.clone()
        } else {
            keys
        };
        let tried = join_all(keys.iter().map(|key| async {
            let attempt = timeout(self.config.connect_timeout, TcpStream::connect(key.1)).await;
            matches!(attempt, Ok(Ok(_))).then_some(*key)
        }));
        let alive: BTreeSet<EndpointKey> = tried.await.into_iter().flatten().collect();
        if alive.is_empty() { keys } else { alive }
    }

    async fn addresses(&self, target: &Target) -> Vec<SocketAddr> {
        let lookup = lookup_host((target.host.as_str(), target.port));
        match timeout(self.config.connect_timeout, lookup).await {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(error)) => {
                tracing::warn!(host = target.host, %error, "address look-up failed");
                Vec::new()
            }
            Err(_elapsed) => Vec::new(),
        }
    }

    /// An endpoint that connects to the address and names the configured host in its requests.
    fn endpoint(&self, key: EndpointKey) -> Option<Endpoint> {
        let target = self.targets.get(key.0)?;
        let scheme = target.uri.scheme_str().unwrap_or("http");
        let endpoint = Endpoint::from_shared(format!("{scheme}://{}", key.1)).ok()?;
        Some(self.config.tuned(endpoint.origin(target.uri.clone())))
    }
}

fn target(url: &str) -> Result<Target, RemoteError> {
    let invalid = || RemoteError::InvalidUrl {
        url: url.to_owned(),
    };
    let uri: Uri = url.parse().map_err(|_not_a_uri| invalid())?;
    // TLS between the services needs certificates per process, which the deployment's service
    // mesh or network layer provides; the identity header does not depend on it.
    if uri.scheme_str() != Some("http") {
        return Err(invalid());
    }
    let host = uri
        .host()
        .ok_or_else(invalid)?
        .trim_matches(['[', ']'])
        .to_owned();
    let port = uri.port_u16().ok_or_else(invalid)?;
    Ok(Target { uri, host, port })
}
