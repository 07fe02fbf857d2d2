//! The client's own address, host and scheme, where a proxy stands in between.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_HOST: &str = "x-forwarded-host";
/// Most hops looked at; a longer chain is no chain of proxies.
const HOPS_MAX: usize = 16;

/// The address of the client: the last one in `x-forwarded-for` that is not a trusted proxy's. The
/// header counts only if the peer itself is one, and what an untrusted hop claims never counts.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut address = canonical(peer);
    if !is_trusted(&address) {
        return address;
    }
    let values = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    for hop in hops.iter().rev().take(HOPS_MAX) {
        let Some(next) = parse(hop) else { break };
        address = canonical(next);
        if !is_trusted(&address) {
            break;
        }
    }
    address
}

/// The host that the client asked for: what a trusted proxy says, else `host`.
pub(crate) fn forwarded_host<'a>(
    peer: IpAddr,
    headers: &'a HeaderMap,
    trusted: &[IpNet],
) -> Option<&'a str> {
    let is_trusted = trusted
        .iter()
        .any(|network| network.contains(&canonical(peer)));
    let value = is_trusted
        .then(|| headers.get(FORWARDED_HOST))
        .flatten()?
        .to_str()
        .ok()?;
    value
        .split(',')
        .next()
        .map(str::trim)
        .filter(|host| !host.is_empty())
}

/// `::ffff:10.0.0.1` is 10.0.0.1.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// `10.0.0.1`, `10.0.0.1:1234`, `[::1]:1234`, `::1`.
fn parse(hop: &str) -> Option<IpAddr> {
    hop.parse()
        .ok()
        .or_else(|| {
            hop.parse::<std::net::SocketAddr>()
                .ok()
                .map(|address| address.ip())
        })
        .or_else(|| hop.trim_matches(['[', ']']).parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(peer: &str, forwarded: &[&str]) -> String {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let cases: [(&str, &[&str], &str); 9] = [
            ("192.0.2.1", &[], "192.0.2.1"),
            // Forged by the client itself.
            ("192.0.2.1", &["198.51.100.9"], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.9"], "198.51.100.9"),
            // The client forged the first, the proxy wrote the second.
            ("10.0.0.1", &["203.0.113.5, 198.51.100.9"], "198.51.100.9"),
            (
                "10.0.0.1",
                &["203.0.113.5", "198.51.100.9, 10.0.0.2"],
                "198.51.100.9",
            ),
            ("10.0.0.1", &["nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.5, nonsense, 10.0.0.2"], "10.0.0.2"),
            ("::ffff:10.0.0.1", &["[2001:db8::7]:443"], "2001:db8::7"),
            ("fd00::1", &[], "fd00::1"),
        ];
        for (peer, forwarded, expected) in cases {
            assert_eq!(found(peer, forwarded), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn the_forwarded_host_needs_a_trusted_peer_too() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED_HOST, "forum.example, inner".parse().unwrap());
        let host = |peer: &str| forwarded_host(peer.parse().unwrap(), &headers, &trusted);
        assert_eq!(host("10.0.0.1"), Some("forum.example"));
        assert_eq!(host("192.0.2.1"), None);
    }
}
