//! Which foreign pages may call, and headers that keep browsers from guessing.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use crate::http::HttpResponse;

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const HEADERS: &str = "authorization, content-type, x-request-id, x-grpc-web, x-user-agent, \
    grpc-timeout, connect-protocol-version, last-event-id";
/// gRPC-Web clients read the outcome of a call from these.
const EXPOSED: &str =
    "grpc-status, grpc-message, grpc-status-details-bin, x-request-id, retry-after";
const MAX_AGE_S: u32 = 600;

/// The pages that may call.
#[derive(Debug, Clone)]
pub(crate) struct Cors {
    origins: Vec<String>,
}

impl Cors {
    pub(crate) fn new(origins: &[String]) -> Self {
        Self {
            origins: origins
                .iter()
                .map(|origin| origin.trim_end_matches('/').to_owned())
                .collect(),
        }
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        let allowed = |text| {
            let mut origins = self.origins.iter();
            origins.any(|allowed| allowed == "*" || allowed == text)
        };
        origin.to_str().is_ok_and(allowed)
    }

    /// The answer to a browser's question before the call, if it is one.
    pub(crate) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<HttpResponse> {
        let is_preflight = *method == Method::OPTIONS
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight {
            return None;
        }
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let origin = headers.get(header::ORIGIN);
        if origin.is_some_and(|origin| self.allows(origin)) {
            let answer = response.headers_mut();
            answer.insert(
                header::ACCESS_CONTROL_ALLOW_METHODS,
                HeaderValue::from_static(METHODS),
            );
            answer.insert(
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static(HEADERS),
            );
            answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(MAX_AGE_S));
        }
        Some(response)
    }

    /// What every answer to a page from `origin` says.
    pub(crate) fn decorate(&self, origin: Option<&HeaderValue>, response: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        response.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = origin.filter(|origin| self.allows(origin)) {
            response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            response.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(EXPOSED),
            );
        }
    }
}

/// Headers of every answer: nothing is cached, framed or guessed unless the answer says so itself.
pub(crate) fn harden(headers: &mut HeaderMap) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers.insert(
            header::ACCESS_CONTROL_REQUEST_METHOD,
            HeaderValue::from_static("POST"),
        );
        headers
    }

    #[test]
    fn only_listed_origins_are_let_in() {
        let cors = Cors::new(&["https://intra.example/".to_owned()]);
        for (origin, expected) in [
            ("https://intra.example", true),
            ("https://evil.example", false),
            ("null", false),
        ] {
            let headers = request(origin);
            let mut answer = HeaderMap::new();
            cors.decorate(headers.get(header::ORIGIN), &mut answer);
            assert_eq!(
                answer.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN),
                expected,
                "{origin}"
            );
            let preflight = cors.preflight(&Method::OPTIONS, &headers).unwrap();
            assert_eq!(
                preflight
                    .headers()
                    .contains_key(header::ACCESS_CONTROL_ALLOW_HEADERS),
                expected
            );
        }
        assert!(
            cors.preflight(&Method::POST, &request("https://intra.example"))
                .is_none()
        );
    }

    #[test]
    fn exposed_headers_tell_grpc_web_the_outcome() {
        let cors = Cors::new(&["*".to_owned()]);
        let mut answer = HeaderMap::new();
        let origin = HeaderValue::from_static("https://any.example");
        cors.decorate(Some(&origin), &mut answer);
        let exposed = answer
            .get(header::ACCESS_CONTROL_EXPOSE_HEADERS)
            .unwrap()
            .to_str()
            .unwrap();
        for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
            assert!(exposed.contains(name), "{name}");
        }
    }
}
