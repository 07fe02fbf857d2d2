//! Pages for people, documents for tools, probes for operators. All of them are part of the
//! program: nothing is fetched from elsewhere.

mod client;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::HttpResponse;
use crate::service::Gateway;

pub(super) use client::lead;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const METRICS: &str = "text/plain; version=0.0.4";

/// The page at a path, if there is one.
pub(super) fn find(
    gateway: &Gateway,
    method: &Method,
    headers: &HeaderMap,
    path: &str,
) -> Option<HttpResponse> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    if let Some(file) = client::find(headers, path) {
        return Some(file);
    }
    let (kind, body) = match path {
        "/" => (HTML, Bytes::from_static(include_bytes!("index.html"))),
        "/docs" => (HTML, Bytes::from_static(include_bytes!("docs.html"))),
        "/docs/docs.js" => (SCRIPT, Bytes::from_static(include_bytes!("docs.js"))),
        "/docs/style.css" => (STYLE, Bytes::from_static(include_bytes!("style.css"))),
        "/setup" => (HTML, Bytes::from_static(include_bytes!("setup.html"))),
        "/setup/setup.js" => (SCRIPT, Bytes::from_static(include_bytes!("setup.js"))),
        "/openapi.json" => (super::JSON, gateway.openapi.clone()),
        "/livez" => (TEXT, Bytes::from_static(b"ok\n")),
        "/readyz" => return Some(ready(gateway)),
        "/metrics" if gateway.settings.metrics_public => {
            (METRICS, Bytes::from(gateway.telemetry.text()))
        }
        _ => return None,
    };
    Some(page(StatusCode::OK, kind, body))
}

fn ready(gateway: &Gateway) -> HttpResponse {
    let readiness = gateway.tasks.readiness();
    if readiness.is_ready() {
        return page(StatusCode::OK, TEXT, Bytes::from_static(b"ready\n"));
    }
    let missing = readiness.missing().join(", ");
    page(
        StatusCode::SERVICE_UNAVAILABLE,
        TEXT,
        Bytes::from(format!("not ready: {missing}\n")),
    )
}

fn page(status: StatusCode, kind: &'static str, body: Bytes) -> HttpResponse {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
