//! Which site an address belongs to: the most specific match of path prefix, host and listener.

use im_directory::{Site, SiteAddress};
use im_types::SiteId;

/// Where a request arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival<'a> {
    /// Name of the listener.
    pub listener: &'a str,
    /// The host that was asked for, as the client wrote it.
    pub host: &'a str,
    /// The path.
    pub path: &'a str,
}

/// The site of a request, and the path within it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    /// The site.
    pub site_id: SiteId,
    /// The path without the site's prefix; begins with a slash.
    pub path: &'a str,
}

/// The site that a request belongs to; `default` if no address fits.
///
/// A longer path prefix outweighs a host name, and that the name of a listener: who names a prefix
/// means only what is below it, on whatever host.
pub(crate) fn find<'a>(sites: &[Site], arrival: Arrival<'a>) -> Found<'a> {
    let host = host_name(arrival.host);
    let addresses = sites
        .iter()
        .flat_map(|site| site.addresses.iter().map(move |address| (site, address)));
    let best = addresses
        .filter_map(|(site, address)| {
            let rest = fits(address, arrival, &host)?;
            Some((weight(address), site, rest))
        })
        // Of two equal addresses the first in the order of the sites counts, always the same.
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    match best {
        Some((_, site, path)) => Found {
            site_id: site.id.clone(),
            path,
        },
        None => Found {
            site_id: SiteId::default(),
            path: arrival.path,
        },
    }
}

/// The rest of the path, if the address fits.
fn fits<'a>(address: &SiteAddress, arrival: Arrival<'a>, host: &str) -> Option<&'a str> {
    let is_here = (address.listener.is_empty() || address.listener == arrival.listener)
        && (address.host.is_empty() || host_name(&address.host) == host);
    if !is_here {
        return None;
    }
    let prefix = address.path_prefix.trim_end_matches('/');
    let rest = arrival.path.strip_prefix(prefix)?;
    match rest.as_bytes().first() {
        None => Some("/"),
        Some(b'/') => Some(rest),
        // `/b` is no prefix of `/bc`.
        Some(_) => None,
    }
}

fn weight(address: &SiteAddress) -> (usize, bool, bool) {
    let segments = address
        .path_prefix
        .split('/')
        .filter(|segment| !segment.is_empty())
        .count();
    (
        segments,
        !address.host.is_empty(),
        !address.listener.is_empty(),
    )
}

/// A host without port, in lower case, without the dot of a full name.
pub(crate) fn host_name(host: &str) -> String {
    let name = match host.strip_prefix('[') {
        // [::1]:8080
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn site(id: &str, addresses: &[(&str, &str, &str)]) -> Site {
        let addresses = addresses
            .iter()
            .map(|(listener, host, path_prefix)| SiteAddress {
                listener: (*listener).to_owned(),
                host: (*host).to_owned(),
                path_prefix: (*path_prefix).to_owned(),
            });
        Site {
            id: SiteId::parse(id).unwrap(),
            name: id.to_owned(),
            addresses: addresses.collect(),
            store_ids: Vec::new(),
            links: BTreeMap::new(),
        }
    }

    #[test]
    fn the_most_specific_address_wins() {
        let sites = [
            site("default", &[]),
            site("lan", &[("lan", "", "")]),
            site("forum", &[("", "forum.example", "")]),
            site("b", &[("", "", "/b")]),
            site("deep", &[("", "", "/b/deep/")]),
            site("forum-lan", &[("lan", "Forum.Example:8080", "")]),
        ];
        let cases = [
            ("main", "intra.example", "/v1/site", "default", "/v1/site"),
            ("lan", "intra.example", "/v1/site", "lan", "/v1/site"),
            (
                "main",
                "FORUM.example:8080",
                "/v1/site",
                "forum",
                "/v1/site",
            ),
            ("main", "forum.example.", "/", "forum", "/"),
            ("lan", "forum.example", "/v1/site", "forum-lan", "/v1/site"),
            ("main", "x", "/b/v1/site", "b", "/v1/site"),
            ("main", "x", "/b", "b", "/"),
            ("main", "x", "/bc/v1/site", "default", "/bc/v1/site"),
            ("lan", "forum.example", "/b/v1/site", "b", "/v1/site"),
            ("main", "x", "/b/deep/v1/site", "deep", "/v1/site"),
            ("main", "[::1]:80", "/", "default", "/"),
        ];
        for (listener, host, path, id, rest) in cases {
            let found = find(
                &sites,
                Arrival {
                    listener,
                    host,
                    path,
                },
            );
            assert_eq!(
                (found.site_id.as_str(), found.path),
                (id, rest),
                "{listener} {host} {path}"
            );
        }
    }

    #[test]
    fn hosts_are_compared_as_names() {
        for (text, name) in [
            ("A.b:80", "a.b"),
            ("a.b.", "a.b"),
            ("[2001:DB8::1]:443", "2001:db8::1"),
            ("", ""),
        ] {
            assert_eq!(host_name(text), name);
        }
    }
}
