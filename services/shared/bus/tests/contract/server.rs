//! A throw-away nats-server.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) struct NatsServer {
    binary: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl NatsServer {
    /// `None`, with a word on standard error, when this machine has no nats-server. The test
    /// command of the repository always sets `IM_TEST_NATS_BIN`, and then absence is a failure.
    #[expect(
        clippy::disallowed_methods,
        reason = "the test command names the server here"
    )]
    pub(crate) async fn start() -> Option<Self> {
        let named = std::env::var_os("IM_TEST_NATS_BIN").map(PathBuf::from);
        let Some(binary) = named.or_else(find_on_path) else {
            eprintln!("skipped: no nats-server on the PATH");
            return None;
        };
        let mut server = Self {
            binary,
            port: free_port(),
            process: None,
        };
        server.resume().await;
        Some(server)
    }

    /// A server that is not there yet, on a port kept for it.
    pub(crate) async fn absent() -> Option<Self> {
        let mut server = Self::start().await?;
        server.kill();
        Some(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Starts (again) on the same port and waits until it accepts.
    pub(crate) async fn resume(&mut self) {
        let child = Command::new(&self.binary)
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server starts");
        self.process = Some(child);
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port))
            .await
            .is_err()
        {
            assert!(
                tokio::time::Instant::now() < deadline,
                "nats-server does not listen"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.process.take() {
            child.kill().expect("kill");
            child.wait().expect("wait");
        }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "looks for a program as a shell would"
)]
fn find_on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join("nats-server"))
        .find(|file| file.is_file())
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
