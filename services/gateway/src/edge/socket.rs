//! Making a dead peer known to the kernel.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// Ends the connection when the peer has been silent for `limit`: probed when idle, and given up
/// when what was sent is not acknowledged. Streams in one direction have no other way to notice.
pub(super) fn bound_silence(stream: &TcpStream, limit: Duration) {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(limit / 2)
        .with_interval(limit / 8)
        .with_retries(4);
    // Not every system has all of it; without, the peer is given up later.
    let _unsupported = socket.set_tcp_keepalive(&keepalive);
    #[cfg(target_os = "linux")]
    let _unsupported = socket.set_tcp_user_timeout(Some(limit));
}
