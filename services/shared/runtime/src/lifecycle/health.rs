//! `health`: is the process that runs with this configuration ready? For container health checks,
//! so that an image needs no HTTP client.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// Time for the connection, and for the answer.
const LIMIT: Duration = Duration::from_secs(2);
/// More than the answer of `/readyz` has.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

/// Asks `/readyz` of the admin port. The error says what is missing.
pub(super) fn ask(admin_listen: SocketAddr) -> Result<(), String> {
    let address = reachable(admin_listen);
    let answer = get(address).map_err(|error| format!("{address} does not answer: {error}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let mut status = head.split_whitespace().skip(1);
    if status.next() == Some("200") {
        Ok(())
    } else {
        Err(body.trim().to_owned())
    }
}

/// An address that stands for all of the machine is reached by that of the machine itself.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn get(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::reachable;

    #[test]
    fn an_address_of_all_interfaces_is_asked_on_the_machine_itself() {
        let asked = |listen: &str| reachable(listen.parse().unwrap()).to_string();
        assert_eq!(asked("0.0.0.0:9100"), "127.0.0.1:9100");
        assert_eq!(asked("[::]:9100"), "[::1]:9100");
        assert_eq!(asked("10.0.0.7:9100"), "10.0.0.7:9100");
    }
}
