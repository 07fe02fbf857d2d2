//! The web client: files that the build put into the program, as browsers want them.
//!
//! Names below `/assets/` have a hash of their content in them and never change; the page and what
//! it names without a hash are asked for anew each time, by their `ETag`.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use crate::http::HttpResponse;

/// A file of the client.
struct Asset {
    path: &'static str,
    etag: &'static str,
    body: &'static [u8],
    gzip: Option<&'static [u8]>,
}

/// All files; empty if the program was built without the client.
static CLIENT: &[Asset] = &include!(concat!(env!("OUT_DIR"), "/client.rs"));

const PAGE: &str = "/index.html";
const HASHED: &str = "/assets/";
/// The page runs nothing and loads nothing but its own files; what it writes into itself passes
/// the one policy of its framework.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; \
    require-trusted-types-for 'script'; trusted-types svelte-trusted-html";
/// Paths that belong to programs: what is not found there is told in their language.
const NOT_PAGES: [&str; 5] = ["v1", "docs", "setup", "metrics", "assets"];

/// The file of the client at a path; `/` is its page.
pub(super) fn find(headers: &HeaderMap, path: &str) -> Option<HttpResponse> {
    answer(CLIENT, headers, path)
}

/// Sends a browser that asks for an unknown page to the client: its own places stand after the `#`,
/// so whoever comes with another path has an old or a mistaken address.
pub(in crate::http) fn lead(
    method: &Method,
    headers: &HeaderMap,
    path: &str,
) -> Option<HttpResponse> {
    if CLIENT.is_empty() || !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    way(headers, path)
}

fn answer(files: &'static [Asset], headers: &HeaderMap, path: &str) -> Option<HttpResponse> {
    let name = if path == "/" { PAGE } else { path };
    let asset = files.iter().find(|asset| asset.path == name)?;
    let is_known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == asset.etag);
    let mut response = Response::new(Body::empty());
    let fields = response.headers_mut();
    fields.insert(header::ETAG, HeaderValue::from_static(asset.etag));
    fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let caching = if asset.path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if asset.path == PAGE {
        fields.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        );
    }
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Some(response);
    }
    fields.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(kind(asset.path)),
    );
    let body = match asset.gzip.filter(|_| takes_gzip(headers)) {
        Some(packed) => {
            fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            packed
        }
        None => asset.body,
    };
    *response.body_mut() = Body::from(Bytes::from_static(body));
    Some(response)
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => super::HTML,
        Some("js") => super::SCRIPT,
        Some("css") => super::STYLE,
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let is_gzip = parts.next() == Some("gzip");
            is_gzip && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
}

/// Relative, so that it leads right behind every prefix of a site.
fn way(headers: &HeaderMap, path: &str) -> Option<HttpResponse> {
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let mut segments = path.trim_start_matches('/').split('/');
    let first = segments.next().unwrap_or_default();
    let depth = segments.clone().count();
    let last = segments.next_back().unwrap_or(first);
    if !wants_page || NOT_PAGES.contains(&first) || last.contains('.') || first.contains(':') {
        return None;
    }
    let target = if depth == 0 {
        "./".to_owned()
    } else {
        "../".repeat(depth)
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response
        .headers_mut()
        .insert(header::LOCATION, HeaderValue::try_from(target).ok()?);
    Some(response)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    static FILES: &[Asset] = &[
        Asset {
            path: "/assets/app-1a2b.js",
            etag: "\"a\"",
            body: b"script",
            gzip: Some(b"packed"),
        },
        Asset {
            path: "/index.html",
            etag: "\"i\"",
            body: b"page",
            gzip: None,
        },
    ];

    fn headers(list: &[(http::HeaderName, &'static str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    fn field(response: &HttpResponse, name: http::HeaderName) -> &str {
        response
            .headers()
            .get(name)
            .map_or("", |v| v.to_str().unwrap())
    }

    async fn body(response: HttpResponse) -> Bytes {
        response.into_body().collect().await.unwrap().to_bytes()
    }

    #[tokio::test]
    async fn what_has_a_hash_is_kept_for_ever_and_the_page_is_asked_for_each_time() {
        let script = answer(FILES, &HeaderMap::new(), "/assets/app-1a2b.js").unwrap();
        assert!(field(&script, header::CACHE_CONTROL).contains("immutable"));
        assert_eq!(field(&script, header::CONTENT_TYPE), super::super::SCRIPT);
        assert_eq!(body(script).await, "script");

        let page = answer(FILES, &HeaderMap::new(), "/").unwrap();
        assert_eq!(field(&page, header::CACHE_CONTROL), "no-cache");
        assert!(field(&page, header::CONTENT_SECURITY_POLICY).starts_with("default-src 'none'"));
        assert_eq!(body(page).await, "page");
        assert!(answer(FILES, &HeaderMap::new(), "/assets/other.js").is_none());
    }

    #[tokio::test]
    async fn it_is_sent_packed_to_those_who_take_that() {
        for (accepted, expected) in [
            ("gzip, br", "packed"),
            ("br;q=1, gzip;q=0.5", "packed"),
            ("gzip;q=0", "script"),
            ("xgzip", "script"),
            ("identity", "script"),
        ] {
            let asked = headers(&[(header::ACCEPT_ENCODING, accepted)]);
            let response = answer(FILES, &asked, "/assets/app-1a2b.js").unwrap();
            let is_packed = field(&response, header::CONTENT_ENCODING) == "gzip";
            assert_eq!(is_packed, expected == "packed", "{accepted}");
            assert_eq!(body(response).await, expected, "{accepted}");
        }
    }

    #[tokio::test]
    async fn who_has_the_page_gets_it_not_again() {
        for (tag, status) in [
            ("\"i\"", StatusCode::NOT_MODIFIED),
            ("W/\"i\", \"x\"", StatusCode::NOT_MODIFIED),
            ("\"older\"", StatusCode::OK),
        ] {
            let asked = headers(&[(header::IF_NONE_MATCH, tag)]);
            let response = answer(FILES, &asked, "/").unwrap();
            assert_eq!(response.status(), status, "{tag}");
            assert_eq!(body(response).await.is_empty(), status != StatusCode::OK);
        }
    }

    #[test]
    fn unknown_pages_lead_to_the_client_and_unknown_calls_do_not() {
        let browser = headers(&[(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")]);
        for (path, target) in [("/chat", "./"), ("/a/b", "../"), ("/a/b/", "../../")] {
            let response = way(&browser, path).unwrap();
            assert_eq!(response.status(), StatusCode::SEE_OTHER);
            assert_eq!(field(&response, header::LOCATION), target, "{path}");
        }
        for path in [
            "/v1/nothing",
            "/docs/x",
            "/logo.png",
            "/a/b.js",
            "/v1",
            "/x:y",
        ] {
            assert!(way(&browser, path).is_none(), "{path}");
        }
        assert!(way(&headers(&[(header::ACCEPT, "application/json")]), "/chat").is_none());
        assert!(way(&HeaderMap::new(), "/chat").is_none());
    }
}
