//! What the head of a request says: method, request id, deadline, trace.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;
use tracing::Span;

use crate::rpc::{
    context::{REQUEST_ID, is_request_id},
    deadline,
    scope::RequestScope,
    trace,
};

/// How much earlier than the caller we give up (at most a tenth of the time): the answer has to be
/// there before the caller and the transport's own timers, which would say `CANCELLED`.
const ANSWER_MARGIN: Duration = Duration::from_millis(10);

/// `/im.messaging.v1.MessagingService/SendMessage`, taken apart.
#[derive(Debug, Clone)]
pub(super) struct Method {
    pub(super) service: String,
    pub(super) method: String,
}

impl Method {
    pub(super) fn of(path: &str) -> Self {
        let (service, method) = path
            .trim_start_matches('/')
            .split_once('/')
            .unwrap_or((path.trim_start_matches('/'), ""));
        Self {
            service: service.to_owned(),
            method: method.to_owned(),
        }
    }

    /// `messaging.send_message`: the package's own name and the method, as in files and SQL.
    fn span_name(&self) -> String {
        let package = self
            .service
            .split('.')
            .rev()
            .skip(1)
            .find(|part| !is_version(part))
            .unwrap_or(self.service.as_str());
        format!("{package}.{}", snake_case(&self.method))
    }
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn snake_case(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}

/// The scope of a request: the caller's id or a fresh one, the caller's time or `timeout`.
pub(super) fn scope(headers: &HeaderMap, timeout: Duration) -> RequestScope {
    let request_id = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_request_id(id))
        .map_or_else(
            || format!("req_{:032x}", rand::random::<u128>()),
            str::to_owned,
        );
    let timeout = deadline::parse(headers)
        .unwrap_or(timeout)
        .min(deadline::TIMEOUT_MAX);
    let timeout = timeout.saturating_sub(ANSWER_MARGIN.min(timeout / 10));
    let mut scope = RequestScope::new(&request_id, Some(Instant::now() + timeout));
    scope.traceparent = headers.get(trace::TRACEPARENT).cloned();
    scope
}

/// The span of a call: names and ids, never content.
pub(super) fn span(method: &Method, scope: &RequestScope) -> Span {
    tracing::info_span!(
        "rpc",
        otel.name = method.span_name(),
        otel.kind = "server",
        rpc.service = method.service,
        rpc.method = method.method,
        request.id = &*scope.request_id,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_named_after_the_operation() {
        let name = |path| Method::of(path).span_name();
        assert_eq!(
            name("/im.messaging.v1.MessagingService/SendMessage"),
            "messaging.send_message"
        );
        assert_eq!(name("/grpc.health.v1.Health/Check"), "health.check");
        assert_eq!(name("/Echo/Say"), "Echo.say");
        assert_eq!(name("/Echo"), "Echo.");
    }
}
