//! W3C trace context: from the headers into the span, from the span into the headers.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    propagation::{Extractor, Injector, TextMapPropagator as _},
    trace::TraceContextExt as _,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::scope;

pub(super) const TRACEPARENT: &str = "traceparent";

struct HeaderExtractor<'a>(&'a HeaderMap);

impl Extractor for HeaderExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct HeaderInjector<'a>(&'a mut HeaderMap);

impl Injector for HeaderInjector<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = HeaderName::from_bytes(key.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            self.0.insert(name, value);
        }
    }
}

/// Makes the caller's span the parent of `span`.
pub(super) fn adopt(span: &tracing::Span, headers: &HeaderMap) {
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    if parent.span().span_context().is_valid() {
        // Fails only when traces are not exported, which is not a fault.
        let _not_exported = span.set_parent(parent);
    }
}

/// Writes the current span into the headers; without exported traces the caller's own header goes
/// on unchanged, so that a proxy in front can still join the log lines.
pub(super) fn inject(headers: &mut HeaderMap) {
    let current = tracing::Span::current().context();
    if current.span().span_context().is_valid() {
        TraceContextPropagator::new().inject_context(&current, &mut HeaderInjector(headers));
    } else if let Some(value) = scope::traceparent() {
        headers.entry(TRACEPARENT).or_insert(value);
    }
}
