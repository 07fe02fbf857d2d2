//! Waiting for conditions, and things every test needs its own of.

use std::fs::File;
use std::future::Future;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

/// How often a condition is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Waits until the condition holds, looking at it every 20 ms.
///
/// # Panics
/// When it does not hold within `deadline`; `what` says in the message what was waited for.
pub async fn wait_until<F, Fut>(what: &str, deadline: Duration, mut condition: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let end = Instant::now() + deadline;
    loop {
        // The condition itself may hang, such as a request to a frozen process.
        match tokio::time::timeout_at(end, condition()).await {
            Ok(true) => return,
            Ok(false) if Instant::now() < end => tokio::time::sleep(POLL_INTERVAL).await,
            Ok(false) | Err(_) => panic!("in vain for {deadline:?}: {what}"),
        }
    }
}

/// A TCP port of 127.0.0.1 that nobody uses now. Prefer port 0 where a program says which it took;
/// this is for programs that must come back on the same port.
///
/// # Panics
/// When the system has none.
pub fn free_port() -> u16 {
    let directory = std::env::temp_dir().join("im-test-ports");
    std::fs::create_dir_all(&directory).expect("a directory for the locks of ports");
    // Where this process begins to look, so that processes seldom meet.
    let start = u16::try_from(std::process::id() % u32::from(PORTS)).expect("below the range");
    for step in 0..PORTS {
        let port = FIRST_PORT + (start + step) % PORTS;
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        if held.iter().any(|(of, _)| *of == port) {
            continue;
        }
        let lock = File::create(directory.join(port.to_string())).expect("the lock of a port");
        if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            held.push((port, lock));
            return port;
        }
    }
    panic!("no free port from {FIRST_PORT} on");
}

/// Below the ports that the system gives to outgoing connections and to `:0`: those would be taken
/// between the choice of a port and its use.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 10_000;

/// Ports given out, each with the lock that keeps other test processes from it until this one ends.
static HELD: Mutex<Vec<(u16, File)>> = Mutex::new(Vec::new());

/// An empty directory that goes with the value.
///
/// # Panics
/// When it cannot be made.
pub fn data_dir() -> TempDir {
    tempfile::Builder::new()
        .prefix("im-test-")
        .tempdir()
        .expect("a temporary directory")
}
