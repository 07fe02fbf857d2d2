//! The sections every program reads.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use im_types::Secret;

use super::Faults;
use crate::rpc::{InternalKey, RemoteConfig};

crate::setting_enum! {
    /// How log lines are written.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

crate::settings! {
    /// The process: its ports, its time limits, the key it shares with its neighbours.
    pub struct ServerSettings("server") {
        /// Address of the public port, of the gateway or the standalone program; port 0 picks a
        /// free one and prints it.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)),
        /// Address of /livez, /readyz and /metrics over HTTP; not served if unset.
        admin_listen: Option<SocketAddr> = None,
        /// Key of at least 32 bytes by which the services of this installation know each other.
        /// The standalone program makes its own.
        internal_key: Option<Secret<String>> = None,
        /// Time for a request that comes without a deadline, in milliseconds.
        request_timeout_ms: u64 = 30_000 => 100..=600_000,
        /// Time from SIGTERM to the end of the process, in milliseconds.
        shutdown_timeout_ms: u64 = 30_000 => 0..=600_000,
        /// Streams at once on one HTTP/2 connection.
        concurrent_streams_max: u32 = 10_000 => 1..=1_000_000,
        /// Time between HTTP/2 pings, in milliseconds.
        keepalive_interval_ms: u64 = 20_000 => 1_000..=3_600_000,
        /// Time a ping may take before the connection counts as dead, in milliseconds.
        keepalive_timeout_ms: u64 = 10_000 => 100..=600_000,
    }
    check(check_server)
}

crate::settings! {
    /// Where the services listen and find each other. The standalone program needs none of it.
    pub struct PeerSettings("peers") {
        /// Address of the port of auth.
        auth_listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9101)),
        /// Address of the port of presence.
        presence_listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9102)),
        /// Address of the port of messaging.
        messaging_listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9103)),
        /// Addresses of auth, `http://host:port`; a name with several addresses counts as several.
        auth_urls: Vec<String> = vec!["http://127.0.0.1:9101".to_owned()],
        /// Addresses of presence.
        presence_urls: Vec<String> = vec!["http://127.0.0.1:9102".to_owned()],
        /// Addresses of messaging.
        messaging_urls: Vec<String> = vec!["http://127.0.0.1:9103".to_owned()],
        /// Time for one connection attempt, in milliseconds.
        connect_timeout_ms: u64 = 3_000 => 50..=60_000,
        /// Time for a call whose caller set no deadline, in milliseconds.
        call_timeout_ms: u64 = 10_000 => 50..=600_000,
        /// Time between HTTP/2 pings, in milliseconds.
        keepalive_interval_ms: u64 = 10_000 => 1_000..=3_600_000,
        /// Time a ping may take before the connection counts as dead, in milliseconds.
        keepalive_timeout_ms: u64 = 5_000 => 100..=600_000,
        /// Time between two look-ups of the addresses, in milliseconds.
        resolve_interval_ms: u64 = 3_000 => 100..=600_000,
    }
}

crate::settings! {
    /// The database.
    pub struct StoreSettings("store") {
        /// `postgres://user:password@host/database`; unset means `SQLite` files in `data_dir`.
        url: Option<Secret<String>> = None,
        /// Directory of the `SQLite` files and of stored files.
        data_dir: PathBuf = "data".into(),
        /// Connections of one service to the database.
        connections_max: u32 = 10 => 1..=1_000,
        /// Time to wait for a free connection, in milliseconds.
        acquire_timeout_ms: u64 = 5_000 => 10..=60_000,
    }
}

crate::settings! {
    /// The event bus.
    pub struct BusSettings("bus") {
        /// `nats://host:port`; unset means a bus inside the process, which is right for one process only.
        url: Option<Secret<String>> = None,
        /// What every subject begins with; two installations on one NATS need two.
        prefix: String = "im".to_owned(),
    }
}

crate::settings! {
    /// Logs, traces and metrics.
    pub struct TelemetrySettings("telemetry") {
        /// What is logged: a level, or a filter such as `info,im_messaging=debug`.
        log_filter: String = "info,sqlx=warn".to_owned(),
        /// text or json.
        log_format: LogFormat = LogFormat::Text,
        /// Collector that traces go to over OTLP/gRPC, `http://host:4317`; not sent if unset.
        otlp_endpoint: Option<String> = None,
        /// Share of traces that are sent.
        sample_ratio: f64 = 1.0 => 0.0..=1.0,
        /// Name of this process among its replicas; else host name and process id.
        instance: Option<String> = None,
    }
    check(check_telemetry)
}

crate::sections! {
    /// The sections every program reads.
    pub struct Common {
        server: ServerSettings,
        peers: PeerSettings,
        store: StoreSettings,
        bus: BusSettings,
        telemetry: TelemetrySettings,
    }
}

impl ServerSettings {
    /// The internal key, if one is set.
    pub fn internal_key(&self) -> Option<InternalKey> {
        // A key that is too short was refused by the check.
        self.internal_key
            .as_ref()
            .and_then(|key| InternalKey::parse(key).ok())
    }

    /// [`Self::request_timeout_ms`] as a duration.
    pub const fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }
}

impl PeerSettings {
    /// How to reach the service at `urls`.
    pub fn remote(&self, urls: &[String]) -> RemoteConfig {
        RemoteConfig {
            urls: urls.to_vec(),
            connect_timeout: Duration::from_millis(self.connect_timeout_ms),
            keepalive_interval: Duration::from_millis(self.keepalive_interval_ms),
            keepalive_timeout: Duration::from_millis(self.keepalive_timeout_ms),
            resolve_interval: Duration::from_millis(self.resolve_interval_ms),
        }
    }

    /// [`Self::call_timeout_ms`] as a duration.
    pub const fn call_timeout(&self) -> Duration {
        Duration::from_millis(self.call_timeout_ms)
    }
}

fn check_server(settings: &ServerSettings, faults: &mut Faults) {
    if let Some(Err(error)) = settings.internal_key.as_ref().map(InternalKey::parse) {
        faults.add("internal_key", "***", error.to_string());
    }
}

fn check_telemetry(settings: &TelemetrySettings, faults: &mut Faults) {
    if let Err(error) = tracing_subscriber::EnvFilter::try_new(&settings.log_filter) {
        faults.add(
            "log_filter",
            &settings.log_filter,
            format!("a filter ({error})"),
        );
    }
}
