//! `[gateway]` of the configuration.

use std::{net::SocketAddr, path::PathBuf, str::FromStr as _};

use im_runtime::config::{Faults, Structured};
use im_types::NodeId;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// The name of the listener at `[server] listen`.
pub const MAIN_LISTENER: &str = "main";

/// A port beside `[server] listen`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// What sites call it.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// PEM file with the certificate and those that signed it; no TLS if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_cert_file: Option<PathBuf>,
    /// PEM file with the private key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_key_file: Option<PathBuf>,
}

im_runtime::settings! {
    /// The door to the outside: ports, limits, streams.
    pub struct GatewaySettings("gateway") {
        /// Ports beside [server] listen (which sites know as "main"): name, address, and with TLS
        /// tls_cert_file and tls_key_file.
        listeners: Structured<Vec<Listener>> = Structured(Vec::new()),
        /// PEM file with the certificate of [server] listen; no TLS if unset.
        tls_cert_file: Option<PathBuf> = None,
        /// PEM file with its private key.
        tls_key_file: Option<PathBuf> = None,
        /// How often the files of certificates are looked at for new ones, in milliseconds.
        tls_reload_ms: u64 = 10_000 => 100..=3_600_000,
        /// How long browsers use nothing but TLS for this host once they have been here, in seconds;
        /// told over TLS if no listener is without it. 0 for never.
        hsts_max_age_s: u64 = 31_536_000 => 0..=63_072_000,
        /// Networks of the proxies in front, as 10.0.0.0/8; only they are believed what they say of
        /// the client's address, host and scheme.
        trusted_proxies: Vec<String> = Vec::new(),
        /// Web addresses whose pages may call this server, as https://intra.example; * for all.
        /// Pages from this server itself need no entry.
        cors_origins: Vec<String> = Vec::new(),
        /// Identifier of this node, nod_…; unset means one that is made at the first start.
        node_id: Option<String> = None,
        /// Whether /metrics is served here, and not only at [server] admin_listen.
        metrics_public: bool = true,
        /// Connections at once.
        connections_max: usize = 50_000 => 1..=1_000_000,
        /// Connections at once from one address.
        connections_per_address_max: usize = 50_000 => 1..=1_000_000,
        /// Longest head of a request, in bytes.
        header_bytes_max: usize = 32_768 => 8_192..=1_048_576,
        /// Longest body of a request, in bytes.
        body_bytes_max: usize = 1_048_576 => 1_024..=4_194_304,
        /// Longest frame from a client on a stream, in bytes.
        frame_bytes_max: usize = 65_536 => 1_024..=1_048_576,
        /// Time for the head of a request, and for a TLS handshake, in milliseconds.
        head_timeout_ms: u64 = 10_000 => 100..=600_000,
        /// Time for a request that comes without a deadline, in milliseconds.
        request_timeout_ms: u64 = 30_000 => 100..=600_000,
        /// Requests a second from one address; 0 for no limit.
        requests_per_address_per_s: u32 = 5_000 => 0..=1_000_000,
        /// Requests at once from one address.
        requests_per_address_burst: u32 = 20_000 => 1..=10_000_000,
        /// Requests a second of one person; 0 for no limit.
        requests_per_user_per_s: u32 = 1_000 => 0..=1_000_000,
        /// Requests at once of one person.
        requests_per_user_burst: u32 = 5_000 => 1..=10_000_000,
        /// Calls a second from one address without a token (sign-in and the like); 0 for no limit.
        open_calls_per_address_per_s: u32 = 200 => 0..=1_000_000,
        /// Calls at once from one address without a token.
        open_calls_per_address_burst: u32 = 2_000 => 1..=10_000_000,
        /// Mean time between two signs of life on a stream, in milliseconds; spread by a fifth.
        heartbeat_ms: u64 = 25_000 => 100..=300_000,
        /// Time until a stream stands, in milliseconds.
        open_timeout_ms: u64 = 10_000 => 100..=60_000,
        /// Time that one frame may take to be written before the reader counts as too slow, in
        /// milliseconds.
        write_timeout_ms: u64 = 20_000 => 100..=300_000,
        /// Things that may wait for a reader before it counts as too slow.
        inbox_max: usize = 512 => 8..=65_536,
        /// Mailbox entries that may be under way to a reader.
        credit_entries: u32 = 256 => 1..=10_000,
        /// Frames a second from one client; 0 for no limit.
        frames_per_s: u32 = 1_000 => 0..=1_000_000,
        /// Frames at once from one client.
        frames_burst: u32 = 2_000 => 1..=1_000_000,
        /// Messages of one client that may wait for their answer.
        sends_pending_max: u32 = 64 => 1..=10_000,
        /// Messages of all clients that may wait to be sent.
        sends_queue_max: usize = 8_192 => 1..=1_000_000,
        /// Batches of messages under way at once.
        send_lanes: usize = 4 => 1..=64,
        /// People that one client may watch.
        watch_max: usize = 500 => 1..=500,
        /// Longest time until clients of a stopping node come again, in milliseconds.
        reconnect_spread_ms: u64 = 20_000 => 0..=300_000,
        /// How often open streams are checked against auth without a bell, in milliseconds.
        session_check_ms: u64 = 5_000 => 100..=60_000,
    }
    check(check)
}

impl GatewaySettings {
    /// [`Self::trusted_proxies`] as networks; the check has refused what is none.
    pub fn trusted_networks(&self) -> Vec<IpNet> {
        self.trusted_proxies
            .iter()
            .filter_map(|text| network(text))
            .collect()
    }
}

/// `10.0.0.0/8` or a single address.
fn network(text: &str) -> Option<IpNet> {
    IpNet::from_str(text)
        .ok()
        .or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

fn check(settings: &GatewaySettings, faults: &mut Faults) {
    for text in &settings.trusted_proxies {
        if network(text).is_none() {
            faults.add("trusted_proxies", text, "networks such as 10.0.0.0/8");
        }
    }
    if let Some(id) = &settings.node_id
        && NodeId::parse(id).is_err()
    {
        faults.add("node_id", id, "an identifier that begins with nod_");
    }
    if settings.tls_cert_file.is_some() != settings.tls_key_file.is_some() {
        faults.add("tls_key_file", "", "set together with tls_cert_file");
    }
    let mut names = vec![MAIN_LISTENER];
    for listener in &settings.listeners.0 {
        if listener.name.is_empty() || names.contains(&listener.name.as_str()) {
            faults.add(
                "listeners",
                &listener.name,
                "names that differ from each other and from main",
            );
        }
        if listener.tls_cert_file.is_some() != listener.tls_key_file.is_some() {
            faults.add(
                "listeners",
                &listener.name,
                "tls_cert_file and tls_key_file together",
            );
        }
        names.push(&listener.name);
    }
}

#[cfg(test)]
mod tests {
    use im_runtime::config::{Sources, load};

    use super::*;

    #[test]
    fn networks_may_be_single_addresses() {
        assert_eq!(network("10.0.0.0/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(network("::1").unwrap().to_string(), "::1/128");
        assert!(network("proxy.example").is_none());
    }

    #[test]
    fn defaults_are_within_their_ranges() {
        let sources = Sources::default();
        assert!(load::<GatewaySettings>(&sources).is_ok());
    }
}
