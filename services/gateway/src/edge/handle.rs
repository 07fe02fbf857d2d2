//! One request: who, from where, to which site; then on to what was asked for.

use std::{net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header, uri::PathAndQuery};
use hyper::body::Incoming;
use im_runtime::{error::internal_status, rpc::scope::RequestScope};
use im_types::RequestId;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{
    Peer, Visit,
    client_address::{client_address, forwarded_host},
    cors,
};
use crate::{
    grpc,
    http::{HttpResponse, errors, serve},
    service::Gateway,
    site::{self, Arrival},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id accepted from a client, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Answers a request, whatever happens.
pub(super) async fn handle(
    gateway: Arc<Gateway>,
    peer: Peer,
    request: Request<Incoming>,
) -> HttpResponse {
    let started = Instant::now();
    let request_id = request_id(&gateway, request.headers());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let kind = kind(&request);
    // The path without the query, which may hold a ticket.
    let span = tracing::info_span!(
        "http",
        otel.kind = "server",
        http.method = %request.method(),
        http.path = request.uri().path(),
        request.id = &*request_id,
    );
    let deadline = started + Duration::from_millis(gateway.settings.request_timeout_ms);
    let scope = RequestScope::new(&request_id, Some(deadline));
    let metrics = gateway.metrics.clone();
    let is_encrypted = peer.is_encrypted;
    let answer = async {
        if let Some(response) = gateway.cors.preflight(request.method(), request.headers()) {
            return response;
        }
        let answering = route(Arc::clone(&gateway), peer, Arc::clone(&request_id), request);
        AssertUnwindSafe(answering)
            .catch_unwind()
            .await
            .unwrap_or_else(|_panic| {
                errors::from_status(&internal_status("PANIC", "a request handler panicked"))
            })
    };
    let mut response = scope.run(answer).instrument(span).await;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    gateway.cors.decorate(origin.as_ref(), headers);
    if kind == "http" {
        // Pages are made of what comes over HTTP; gRPC would carry these for nobody.
        cors::harden(headers);
    }
    if let Some(value) = gateway.strict_transport.as_ref().filter(|_| is_encrypted) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value.clone());
    }
    metrics.request(
        kind,
        response.status().as_u16(),
        started.elapsed().as_secs_f64(),
    );
    response
}

async fn route(
    gateway: Arc<Gateway>,
    peer: Peer,
    request_id: Arc<str>,
    request: Request<Incoming>,
) -> HttpResponse {
    let mut request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(Arc::clone(&peer.place));
    let peer_address = peer.address.ip();
    let address = client_address(peer_address, request.headers(), &gateway.trusted);
    if let Err(refused) = gateway.rates.request(address) {
        gateway.metrics.refused("RATE_LIMITED");
        return errors::refuse(&refused);
    }
    let visit = visit(&gateway, &peer, address, request_id, &mut request);
    if is_grpc(request.headers()) {
        return grpc::serve(gateway, visit, request).await;
    }
    serve(gateway, visit, request).await
}

/// Finds the site and takes its prefix off the path.
fn visit<B>(
    gateway: &Gateway,
    peer: &Peer,
    client_address: IpAddr,
    request_id: Arc<str>,
    request: &mut Request<B>,
) -> Visit {
    let headers = request.headers();
    let host = forwarded_host(peer.address.ip(), headers, &gateway.trusted)
        .or_else(|| request.uri().host())
        .or_else(|| {
            headers
                .get(header::HOST)
                .and_then(|value| value.to_str().ok())
        })
        .unwrap_or_default();
    let sites = gateway.directory.sites();
    let arrival = Arrival {
        listener: &peer.listener,
        host,
        path: request.uri().path(),
    };
    let found = site::find(&sites, arrival);
    let rest = (found.path != request.uri().path()).then(|| with_path(request.uri(), found.path));
    let site_id = found.site_id;
    if let Some(Some(uri)) = rest {
        *request.uri_mut() = uri;
    }
    Visit {
        site_id,
        client_address,
        request_id,
    }
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| text.starts_with("application/grpc"))
}

fn kind<B>(request: &Request<B>) -> &'static str {
    if is_grpc(request.headers()) {
        "grpc"
    } else {
        "http"
    }
}

/// The client's id, if it may enter our logs, or a new one.
fn request_id(gateway: &Gateway, headers: &HeaderMap) -> Arc<str> {
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        })
        .map_or_else(
            || gateway.ids.new_id::<RequestId>().to_string().into(),
            Arc::from,
        )
}
