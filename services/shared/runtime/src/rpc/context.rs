//! The person behind a call, as the gateway passes it on.

use std::net::IpAddr;

use im_types::Secret;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};

/// Metadata key of the request id.
pub(super) const REQUEST_ID: &str = "im-request-id";
const SITE: &str = "im-site";
const CLIENT_ADDRESS: &str = "im-client-address";
const AUTHORIZATION: &str = "authorization";
const BEARER: &str = "Bearer ";
/// Longest request id accepted from a caller.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// What a service may know about the person behind a call before it has checked the token.
///
/// Site and address are the gateway's word: believe them only behind
/// [`super::ServerLayers::internal`], which admits nobody but our own processes.
#[derive(Debug, Clone, Default)]
pub struct RequestContext {
    /// Id or name of the site the client came through.
    pub site: Option<String>,
    /// Address of the client, as the gateway saw it.
    pub client_address: Option<IpAddr>,
    /// The token of `authorization: Bearer …`, not verified here.
    pub bearer: Option<Secret<String>>,
    /// Id of the request.
    pub request_id: Option<String>,
    /// When the caller stops waiting.
    pub deadline: Option<tokio::time::Instant>,
}

impl RequestContext {
    /// The context of an incoming request.
    pub fn from_request<T>(request: &tonic::Request<T>) -> Self {
        Self::from_metadata(request.metadata())
    }

    /// The context in metadata. What cannot be parsed counts as absent.
    pub fn from_metadata(metadata: &MetadataMap) -> Self {
        let text = |key: &str| metadata.get(key).and_then(|value| value.to_str().ok());
        Self {
            site: text(SITE)
                .filter(|site| !site.is_empty())
                .map(str::to_owned),
            client_address: text(CLIENT_ADDRESS).and_then(|address| address.parse().ok()),
            bearer: text(AUTHORIZATION).and_then(bearer),
            request_id: super::scope::request_id()
                .map(|id| id.to_string())
                .or_else(|| {
                    text(REQUEST_ID)
                        .filter(|id| is_request_id(id))
                        .map(str::to_owned)
                }),
            deadline: super::scope::deadline(),
        }
    }

    /// Writes the context into an outgoing request. The deadline goes by the scope.
    pub fn attach<T>(&self, request: &mut tonic::Request<T>) {
        let metadata = request.metadata_mut();
        let mut put = |key: &'static str, text: &str, is_sensitive: bool| {
            // A value that is not ASCII cannot be a site, an address or a token of ours.
            if let Ok(mut value) = text.parse::<AsciiMetadataValue>() {
                value.set_sensitive(is_sensitive);
                metadata.insert(key, value);
            }
        };
        if let Some(site) = &self.site {
            put(SITE, site, false);
        }
        if let Some(address) = self.client_address {
            put(CLIENT_ADDRESS, &address.to_string(), false);
        }
        if let Some(token) = &self.bearer {
            put(AUTHORIZATION, &format!("{BEARER}{}", token.expose()), true);
        }
        if let Some(request_id) = &self.request_id {
            put(REQUEST_ID, request_id, false);
        }
    }

    /// `message` as an outgoing request with this context.
    pub fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        self.attach(&mut request);
        request
    }
}

fn bearer(value: &str) -> Option<Secret<String>> {
    let (scheme, token) = value.split_at_checked(BEARER.len())?;
    let is_bearer = scheme.eq_ignore_ascii_case(BEARER) && !token.is_empty();
    is_bearer.then(|| Secret::new(token.to_owned()))
}

/// Whether a caller's id may enter our logs.
pub(super) fn is_request_id(id: &str) -> bool {
    (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_survives_the_round_trip() {
        let context = RequestContext {
            site: Some("main".to_owned()),
            client_address: Some(IpAddr::from([10, 0, 0, 7])),
            bearer: Some(Secret::new("abc.def".to_owned())),
            request_id: Some("req-1".to_owned()),
            deadline: None,
        };
        let read = RequestContext::from_request(&context.request(()));
        assert_eq!(read.site.as_deref(), Some("main"));
        assert_eq!(read.client_address, context.client_address);
        assert_eq!(
            read.bearer.as_ref().map(|token| token.expose().as_str()),
            Some("abc.def")
        );
        assert_eq!(read.request_id.as_deref(), Some("req-1"));
        assert!(!format!("{context:?}").contains("abc.def"));
    }

    #[test]
    fn nonsense_counts_as_absent() {
        let mut metadata = MetadataMap::new();
        metadata.insert(AUTHORIZATION, AsciiMetadataValue::from_static("Basic abc"));
        metadata.insert(CLIENT_ADDRESS, AsciiMetadataValue::from_static("somewhere"));
        metadata.insert(REQUEST_ID, AsciiMetadataValue::from_static("a b"));
        let read = RequestContext::from_metadata(&metadata);
        assert!(read.bearer.is_none());
        assert!(read.client_address.is_none());
        assert!(read.request_id.is_none());
    }
}
