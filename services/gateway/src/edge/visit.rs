//! Who asks, from where, on which site.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::{HeaderMap, header};
use im_directory::Actor;
use im_runtime::rpc::RequestContext;
use im_types::{DeviceId, Secret, SessionId, SiteId, UserId};

use super::connections::Place;

/// The other end of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// Its address; that of a proxy, if there is one.
    pub(crate) address: SocketAddr,
    /// Name of the listener.
    pub(crate) listener: Arc<str>,
    /// Whether the connection is encrypted by us.
    pub(crate) is_encrypted: bool,
    /// Its place among the connections.
    pub(crate) place: Arc<Place>,
}

/// A request as far as it concerns the edge.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// The site it belongs to.
    pub(crate) site_id: SiteId,
    /// Address of the client.
    pub(crate) client_address: IpAddr,
    /// Id of the request.
    pub(crate) request_id: Arc<str>,
}

/// A person whose token or ticket was good here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "ids are called ids")]
pub(crate) struct Caller {
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    pub(crate) site_id: SiteId,
    pub(crate) device_id: DeviceId,
}

impl From<Actor> for Caller {
    fn from(actor: Actor) -> Self {
        Self {
            user_id: actor.user_id,
            session_id: actor.session_id,
            site_id: actor.site_id,
            device_id: actor.device_id,
        }
    }
}

impl Visit {
    /// What the services behind are told, with the token of `headers`.
    pub(crate) fn context(&self, headers: &HeaderMap) -> RequestContext {
        RequestContext {
            site: Some(self.site_id.to_string()),
            client_address: Some(self.client_address),
            bearer: bearer(headers),
            request_id: Some(self.request_id.to_string()),
            deadline: None,
        }
    }
}

/// The token of `authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<Secret<String>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let is_bearer = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    is_bearer.then(|| Secret::new(token.to_owned()))
}
