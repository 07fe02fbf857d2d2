//! Errors over HTTP: `google.rpc.Status` as JSON, with the fields that most clients look at laid
//! open beside it.

use http::{HeaderValue, StatusCode, header};
use im_runtime::{
    error::{ERROR_DOMAIN, ReasonedStatus, http_status, status},
    rpc::scope,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::{HttpResponse, json_response};
use crate::error::GatewayError;

/// The reason of a status without `ErrorInfo`: no service of ours made it.
const REASON_UNKNOWN: &str = "UNKNOWN";

/// An error of the gateway as a response.
pub(crate) fn refuse(error: &GatewayError) -> HttpResponse {
    let mut response = from_status(&status(error));
    if let Some(code) = error
        .http_status()
        .and_then(|code| StatusCode::from_u16(code).ok())
    {
        *response.status_mut() = code;
    }
    if let GatewayError::MethodNotAllowed { allow } = error
        && let Ok(value) = HeaderValue::from_str(allow)
    {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

/// A status as a response.
pub(crate) fn from_status(status: &Status) -> HttpResponse {
    let reasoned = ReasonedStatus::of(status);
    let code = StatusCode::from_u16(http_status(status.code()))
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(code, body(status, &reasoned).to_string().into());
    let headers = response.headers_mut();
    if let Some(retry_after) = reasoned.retry_after {
        // Whole seconds, rounded up: whoever comes earlier would be refused again.
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status.code() == Code::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn body(status: &Status, reasoned: &ReasonedStatus) -> Value {
    let reason = reasoned.reason.as_deref().unwrap_or(REASON_UNKNOWN);
    let mut details = vec![json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": ERROR_DOMAIN,
        "metadata": reasoned.metadata,
    })];
    if let Some(delay) = reasoned.retry_after {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": format!("{}.{:03}s", delay.as_secs(), delay.subsec_millis()),
        }));
    }
    if !reasoned.field_violations.is_empty() {
        let violations: Vec<Value> = reasoned
            .field_violations
            .iter()
            .map(|v| json!({ "field": v.field, "description": v.description }))
            .collect();
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": violations,
        }));
    }
    json!({
        "code": i32::from(status.code()),
        "status": code_name(status.code()),
        "reason": reason,
        "message": reasoned.message,
        "details": details,
        "requestId": scope::request_id().as_deref().unwrap_or_default(),
    })
}

/// The name of a code in `google.rpc.Code`.
pub(crate) const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
