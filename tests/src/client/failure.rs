//! How a call failed.

use std::collections::BTreeMap;

use serde_json::Value;
use tonic_types::StatusExt as _;

/// A refusal, the same over all transports.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Failure {
    /// `google.rpc.Code`.
    pub code: i32,
    /// One of the catalogue; empty if none was given.
    pub reason: String,
    /// For people.
    pub message: String,
    /// `ErrorInfo.domain`.
    pub domain: String,
    /// `ErrorInfo.metadata`.
    pub metadata: BTreeMap<String, String>,
    /// `RetryInfo.retry_delay`, in milliseconds.
    pub retry_after_ms: Option<u128>,
    /// Names of the fields that were refused.
    pub fields: Vec<String>,
}

impl Failure {
    /// From the JSON body of an HTTP answer.
    ///
    /// # Panics
    /// When it is no error body.
    pub fn of_json(body: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let code = body["code"]
            .as_i64()
            .and_then(|code| i32::try_from(code).ok());
        let code = code.unwrap_or_else(|| panic!("no error body: {body}"));
        let mut failure = Self {
            code,
            reason: text(&body["reason"]),
            message: text(&body["message"]),
            ..Self::default()
        };
        for detail in body["details"].as_array().into_iter().flatten() {
            match detail["@type"]
                .as_str()
                .and_then(|kind| kind.rsplit('.').next())
            {
                Some("ErrorInfo") => {
                    failure.domain = text(&detail["domain"]);
                    let metadata = detail["metadata"].as_object().into_iter().flatten();
                    failure.metadata = metadata.map(|(key, v)| (key.clone(), text(v))).collect();
                }
                Some("RetryInfo") => failure.retry_after_ms = seconds(&detail["retryDelay"]),
                Some("BadRequest") => {
                    let violations = detail["fieldViolations"].as_array().into_iter().flatten();
                    failure.fields = violations.map(|v| text(&v["field"])).collect();
                }
                _ => {}
            }
        }
        failure
    }

    /// From a gRPC status.
    pub fn of_status(status: &tonic::Status) -> Self {
        let details = status.get_error_details();
        let mut failure = Self {
            code: i32::from(status.code()),
            message: status.message().to_owned(),
            ..Self::default()
        };
        if let Some(info) = details.error_info() {
            failure.reason.clone_from(&info.reason);
            failure.domain.clone_from(&info.domain);
            failure.metadata = info.metadata.clone().into_iter().collect();
        }
        let delay = details.retry_info().and_then(|info| info.retry_delay);
        failure.retry_after_ms = delay.map(|delay| delay.as_millis());
        if let Some(request) = details.bad_request() {
            let violations = request.field_violations.iter();
            failure.fields = violations
                .map(|violation| violation.field.clone())
                .collect();
        }
        failure
    }
}

/// `1.500s` in milliseconds.
fn seconds(delay: &Value) -> Option<u128> {
    let text = delay.as_str()?.strip_suffix('s')?;
    let delay = std::time::Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    Some(delay.as_millis())
}
