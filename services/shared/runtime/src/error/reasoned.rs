//! The way back: what a client learns from a status.

use std::{collections::BTreeMap, time::Duration};

use tonic::Status;
use tonic_types::StatusExt as _;

use super::{ErrorKind, FieldViolation};

/// A status taken apart: what a caller may act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonedStatus {
    /// The kind, from the code.
    pub kind: ErrorKind,
    /// `ErrorInfo.reason`; `None` if the status carries none (transport faults, foreign servers).
    pub reason: Option<String>,
    /// The sentence for people.
    pub message: String,
    /// `RetryInfo.retry_delay`.
    pub retry_after: Option<Duration>,
    /// `BadRequest.field_violations`.
    pub field_violations: Vec<FieldViolation>,
    /// `ErrorInfo.metadata`.
    pub metadata: BTreeMap<String, String>,
}

impl ReasonedStatus {
    /// Takes a status apart. Details that cannot be decoded count as absent.
    pub fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let (reason, metadata) = details.error_info().map_or_else(
            || (None, BTreeMap::new()),
            |info| {
                (
                    Some(info.reason.clone()),
                    info.metadata.clone().into_iter().collect(),
                )
            },
        );
        let field_violations = details
            .bad_request()
            .map(|bad_request| {
                bad_request
                    .field_violations
                    .iter()
                    .map(|v| FieldViolation::new(v.field.clone(), v.description.clone()))
                    .collect()
            })
            .unwrap_or_default();
        Self {
            kind: ErrorKind::of(status.code()),
            reason,
            message: status.message().to_owned(),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
            field_violations,
            metadata,
        }
    }

    /// Whether this status carries `reason`.
    pub fn has_reason(&self, reason: &str) -> bool {
        self.reason.as_deref() == Some(reason)
    }
}
