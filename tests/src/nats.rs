//! A throw-away nats-server.

use crate::{Process, Program, Ready, environment, free_port};

/// A nats-server of its own; killed when dropped.
#[derive(Debug)]
pub struct NatsServer {
    port: u16,
    /// To kill, freeze and resume it; it comes back on the same port.
    pub process: Process,
}

impl NatsServer {
    /// Starts `IM_TEST_NATS_BIN`.
    ///
    /// # Panics
    /// When the variable is not set or the server does not start.
    pub async fn start() -> Self {
        let port = free_port();
        let process = Program::at("nats-server", environment::required("IM_TEST_NATS_BIN"))
            .args(["-a", "127.0.0.1", "-p", &port.to_string()])
            .ready(Ready::Port(port))
            .start()
            .await;
        Self { port, process }
    }

    /// For `bus.url`.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }
}
