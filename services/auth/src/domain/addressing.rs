//! What a site may look like.

use std::collections::{BTreeMap, HashSet};

use super::site::{Address, LOCAL_STORE};

/// Most addresses of a site.
pub const ADDRESSES_MAX: usize = 32;
/// Most identity stores of a site.
pub const STORES_MAX: usize = 16;
/// Most links of a site.
pub const LINKS_MAX: usize = 16;
const HOST_BYTES_MAX: usize = 253;
const PATH_BYTES_MAX: usize = 128;
const WORD_BYTES_MAX: usize = 64;
const LINK_BYTES_MAX: usize = 500;
/// First segments of paths that belong to the server.
const RESERVED_PATHS: [&str; 6] = ["v1", "livez", "readyz", "metrics", "docs", "openapi.json"];

/// A field of a site that is not as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteFault {
    /// Path of the field.
    pub field: &'static str,
    /// What it has to be.
    pub description: String,
}

fn fault(field: &'static str, description: impl Into<String>) -> SiteFault {
    SiteFault {
        field,
        description: description.into(),
    }
}

/// Brings the addresses of a site to the form in which requests are compared with them.
pub fn addresses(given: Vec<Address>, is_default: bool) -> Result<Vec<Address>, SiteFault> {
    if given.len() > ADDRESSES_MAX {
        return Err(fault("site.addresses", format!("at most {ADDRESSES_MAX}")));
    }
    if given.is_empty() && !is_default {
        return Err(fault(
            "site.addresses",
            "a site needs an address, except default",
        ));
    }
    let addresses: Vec<Address> = given.into_iter().map(address).collect::<Result<_, _>>()?;
    let mut seen = HashSet::new();
    for address in &addresses {
        if !seen.insert((&address.listener, &address.host, &address.path_prefix)) {
            return Err(fault("site.addresses", "an address stands there twice"));
        }
    }
    Ok(addresses)
}

fn address(given: Address) -> Result<Address, SiteFault> {
    let host = given.host.trim().trim_end_matches('.').to_ascii_lowercase();
    let is_host_byte =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    if host.len() > HOST_BYTES_MAX || !host.bytes().all(is_host_byte) {
        return Err(fault(
            "site.addresses.host",
            "must be a host name without port",
        ));
    }
    let is_port = |host: &str| {
        host.rsplit_once(':')
            .is_some_and(|(name, _)| !name.contains(':'))
    };
    if is_port(&host) {
        return Err(fault(
            "site.addresses.host",
            "must be a host name without port",
        ));
    }
    let path_prefix = path_prefix(&given.path_prefix)?;
    let listener = given.listener;
    if !listener.is_empty() && !is_word(&listener) {
        return Err(fault(
            "site.addresses.listener",
            "must be the name of a listener",
        ));
    }
    if listener.is_empty() && host.is_empty() && path_prefix.is_empty() {
        let text = "listener, host or path_prefix has to be set";
        return Err(fault("site.addresses", text));
    }
    Ok(Address {
        listener,
        host,
        path_prefix,
    })
}

fn path_prefix(given: &str) -> Result<String, SiteFault> {
    const FIELD: &str = "site.addresses.path_prefix";
    let path = given.trim_end_matches('/');
    if path.is_empty() {
        return Ok(String::new());
    }
    let is_segment_byte =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    let is_segment =
        |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(is_segment_byte);
    let segments = path.strip_prefix('/').unwrap_or_default();
    if path.len() > PATH_BYTES_MAX || !segments.split('/').all(is_segment) {
        return Err(fault(
            FIELD,
            "must be like /b, of letters, digits and - _ . ~",
        ));
    }
    let first = segments.split('/').next().unwrap_or_default();
    if RESERVED_PATHS.contains(&first) || first.starts_with("im.") {
        return Err(fault(FIELD, format!("/{first} belongs to the server")));
    }
    Ok(path.to_owned())
}

fn is_word(text: &str) -> bool {
    (1..=WORD_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Checks the chain of identity stores against those there are; an empty one is the local store.
pub fn stores(given: Vec<String>, known: &[String]) -> Result<Vec<String>, SiteFault> {
    const FIELD: &str = "site.store_ids";
    if given.is_empty() {
        return Ok(vec![LOCAL_STORE.to_owned()]);
    }
    if given.len() > STORES_MAX {
        return Err(fault(FIELD, format!("at most {STORES_MAX}")));
    }
    let mut seen = HashSet::new();
    for store in &given {
        if store != LOCAL_STORE && !known.contains(store) {
            return Err(fault(
                FIELD,
                format!("there is no identity store \"{store}\""),
            ));
        }
        if !seen.insert(store) {
            return Err(fault(FIELD, format!("\"{store}\" stands there twice")));
        }
    }
    Ok(given)
}

/// Checks links for people.
pub fn links(
    given: impl IntoIterator<Item = (String, String)>,
) -> Result<BTreeMap<String, String>, SiteFault> {
    const FIELD: &str = "site.links";
    let links: BTreeMap<String, String> = given
        .into_iter()
        .filter(|(_, url)| !url.is_empty())
        .collect();
    if links.len() > LINKS_MAX {
        return Err(fault(FIELD, format!("at most {LINKS_MAX}")));
    }
    for (kind, url) in &links {
        let is_http = url.starts_with("https://") || url.starts_with("http://");
        let is_clean = !url.contains(|c: char| c.is_whitespace() || c.is_control());
        if !is_word(kind) || !is_http || !is_clean || url.len() > LINK_BYTES_MAX {
            return Err(fault(
                FIELD,
                "must be addresses that begin with http:// or https://",
            ));
        }
    }
    Ok(links)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, path_prefix: &str) -> Address {
        let (host, path_prefix) = (host.to_owned(), path_prefix.to_owned());
        Address {
            listener: String::new(),
            host,
            path_prefix,
        }
    }

    #[test]
    fn addresses_are_brought_to_one_form() {
        let found = addresses(vec![at("Chat.Example.ORG.", "/b/")], false).unwrap();
        assert_eq!(found, [at("chat.example.org", "/b")]);
        assert!(addresses(vec![], true).is_ok());
        assert!(addresses(vec![], false).is_err());
        assert!(addresses(vec![at("[2001:db8::1]", "")], false).is_ok());
    }

    #[test]
    fn addresses_that_cannot_be_are_refused() {
        for (host, path) in [
            ("", ""),
            ("a:8080", ""),
            ("a/b", ""),
            ("", "b"),
            ("", "/a//b"),
            ("", "/../x"),
            ("", "/v1"),
            ("", "/v1/x"),
            ("", "/im.auth.v1.AuthService"),
            ("ä.example", ""),
        ] {
            assert!(
                addresses(vec![at(host, path)], false).is_err(),
                "{host:?} {path:?}"
            );
        }
        assert!(addresses(vec![at("a", "/b"), at("A", "/b/")], false).is_err());
        let many = (0..=ADDRESSES_MAX)
            .map(|n| at(&format!("h{n}"), ""))
            .collect();
        assert!(addresses(many, false).is_err());
    }

    #[test]
    fn only_known_stores_are_asked_and_each_once() {
        let known = ["forum".to_owned()];
        let stores =
            |given: &[&str]| stores(given.iter().map(|s| (*s).to_owned()).collect(), &known);
        assert_eq!(stores(&[]).unwrap(), ["local"]);
        assert_eq!(stores(&["forum", "local"]).unwrap(), ["forum", "local"]);
        assert!(stores(&["cms"]).is_err());
        assert!(stores(&["forum", "forum"]).is_err());
    }

    #[test]
    fn links_lead_to_the_web() {
        let links = |url: &str| links([("help".to_owned(), url.to_owned())]);
        assert!(links("https://help.example/").is_ok());
        assert!(links("").unwrap().is_empty());
        assert!(links("javascript:alert(1)").is_err());
        assert!(links("https://a b").is_err());
    }
}
