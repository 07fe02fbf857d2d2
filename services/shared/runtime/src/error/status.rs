//! The one way from an error to a gRPC status.

use std::{collections::HashMap, error::Error, fmt::Write as _};

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{ERROR_DOMAIN, ErrorKind, ServiceError};
use crate::rpc::scope;

/// Key of the request id in `ErrorInfo.metadata`.
const REQUEST_ID: &str = "request_id";
/// Sources followed when an error is logged; a longer chain is a loop.
const SOURCES_MAX: usize = 32;

/// Turns an error into the status that leaves the process.
///
/// Internal and unavailable errors are logged here, once, with all their sources; the caller gets
/// a fixed sentence and the request id to quote.
pub fn status(error: &impl ServiceError) -> Status {
    let kind = error.kind();
    let request_id = scope::request_id();
    let mut metadata: HashMap<String, String> = error
        .metadata()
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    let message = if kind.is_confidential() {
        log_confidential(
            kind,
            error.reason(),
            request_id.as_deref(),
            &error_chain(error),
        );
        metadata.clear();
        if let Some(request_id) = request_id {
            metadata.insert(REQUEST_ID.to_owned(), request_id.to_string());
        }
        confidential_message(kind).to_owned()
    } else {
        error.to_string()
    };

    let mut details = ErrorDetails::new();
    details.set_error_info(error.reason(), ERROR_DOMAIN, metadata);
    if let Some(delay) = error.retry_after() {
        details.set_retry_info(Some(delay));
    }
    for violation in error.field_violations() {
        details.add_bad_request_violation(violation.field, violation.description);
    }
    Status::with_error_details(kind.code(), message, details)
}

/// A status that no error type stands behind, for layers: kind, reason and a sentence.
pub fn simple_status(kind: ErrorKind, reason: &str, message: &str) -> Status {
    let mut details = ErrorDetails::new();
    let mut metadata = HashMap::new();
    if let Some(request_id) = scope::request_id() {
        metadata.insert(REQUEST_ID.to_owned(), request_id.to_string());
    }
    details.set_error_info(reason, ERROR_DOMAIN, metadata);
    Status::with_error_details(kind.code(), message, details)
}

/// Logs a fault that is not a [`ServiceError`] (a caught panic) and hides it behind an id.
pub fn internal_status(reason: &str, detail: &str) -> Status {
    log_confidential(
        ErrorKind::Internal,
        reason,
        scope::request_id().as_deref(),
        detail,
    );
    simple_status(
        ErrorKind::Internal,
        reason,
        confidential_message(ErrorKind::Internal),
    )
}

const fn confidential_message(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unavailable => "temporarily unavailable",
        _ => "internal error",
    }
}

fn log_confidential(kind: ErrorKind, reason: &str, request_id: Option<&str>, chain: &str) {
    if kind == ErrorKind::Unavailable {
        tracing::warn!(
            reason,
            request.id = request_id,
            error = chain,
            "unavailable"
        );
    } else {
        tracing::error!(
            reason,
            request.id = request_id,
            error = chain,
            "internal error"
        );
    }
}

/// `error: source: source of the source`.
pub(crate) fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    for _ in 0..SOURCES_MAX {
        let Some(cause) = source else { break };
        // Writing to a String cannot fail.
        let _infallible = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{io, time::Duration};

    use tonic::Code;

    use super::*;
    use crate::error::{FieldViolation, ReasonedStatus};

    #[derive(Debug, thiserror::Error)]
    enum SampleError {
        #[error("the body has 70000 bytes, 65536 are allowed")]
        BodyTooLong,
        #[error("slow down")]
        TooFast,
        #[error("table users is broken")]
        Store(#[source] io::Error),
    }

    impl ServiceError for SampleError {
        fn kind(&self) -> ErrorKind {
            match self {
                Self::BodyTooLong => ErrorKind::InvalidArgument,
                Self::TooFast => ErrorKind::ResourceExhausted,
                Self::Store(_) => ErrorKind::Internal,
            }
        }

        fn reason(&self) -> &'static str {
            match self {
                Self::BodyTooLong => "BODY_TOO_LONG",
                Self::TooFast => "TOO_FAST",
                Self::Store(_) => "STORE",
            }
        }

        fn field_violations(&self) -> Vec<FieldViolation> {
            match self {
                Self::BodyTooLong => vec![FieldViolation::new("body", "too long")],
                Self::TooFast | Self::Store(_) => Vec::new(),
            }
        }

        fn retry_after(&self) -> Option<Duration> {
            matches!(self, Self::TooFast).then_some(Duration::from_secs(3))
        }

        fn metadata(&self) -> Vec<(&'static str, String)> {
            vec![("body_bytes_max", "65536".to_owned())]
        }
    }

    #[test]
    fn details_survive_the_round_trip() {
        let reasoned = ReasonedStatus::of(&status(&SampleError::BodyTooLong));
        assert_eq!(reasoned.kind, ErrorKind::InvalidArgument);
        assert_eq!(reasoned.reason.as_deref(), Some("BODY_TOO_LONG"));
        assert_eq!(
            reasoned.message,
            "the body has 70000 bytes, 65536 are allowed"
        );
        assert_eq!(
            reasoned.field_violations,
            vec![FieldViolation::new("body", "too long")]
        );
        assert_eq!(
            reasoned.metadata.get("body_bytes_max").map(String::as_str),
            Some("65536")
        );
        assert_eq!(reasoned.retry_after, None);

        let reasoned = ReasonedStatus::of(&status(&SampleError::TooFast));
        assert_eq!(reasoned.kind, ErrorKind::ResourceExhausted);
        assert_eq!(reasoned.retry_after, Some(Duration::from_secs(3)));
    }

    #[test]
    fn internal_text_stays_inside() {
        let error = SampleError::Store(io::Error::other("SELECT password FROM users"));
        assert_eq!(
            error_chain(&error),
            "table users is broken: SELECT password FROM users"
        );
        let status = status(&error);
        assert_eq!(status.code(), Code::Internal);
        assert_eq!(status.message(), "internal error");
        let wire = String::from_utf8_lossy(status.details()).into_owned();
        assert!(!wire.contains("users"), "{wire}");
        assert!(wire.contains("STORE"), "{wire}");
    }

    #[test]
    fn kinds_and_codes_are_inverse() {
        for code in (0..=16).map(Code::from_i32) {
            let kind = ErrorKind::of(code);
            assert_eq!(ErrorKind::of(kind.code()), kind);
        }
        assert_eq!(crate::error::http_status(Code::Aborted), 409);
        assert_eq!(crate::error::http_status(Code::Cancelled), 499);
    }
}
