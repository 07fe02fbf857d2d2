//! The error model: a closed list of kinds, one way to a gRPC status and one way back.

mod http_status;
mod kind;
mod reasoned;
mod status;

use std::time::Duration;

pub use http_status::http_status;
pub use kind::ErrorKind;
pub use reasoned::ReasonedStatus;
pub(crate) use status::error_chain;
pub use status::{internal_status, simple_status, status};

/// The `domain` of every `google.rpc.ErrorInfo` this system sends.
pub const ERROR_DOMAIN: &str = "intramessenger";

/// One field of a request that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path of the field in the request message, for example `message.body`.
    pub field: String,
    /// What is wrong, for people.
    pub description: String,
}

impl FieldViolation {
    /// A violation of `field`.
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            description: description.into(),
        }
    }
}

/// An error of a service crate that can leave the process as a gRPC status.
///
/// `Display` is the sentence the caller reads, except for [`ErrorKind::Internal`] and
/// [`ErrorKind::Unavailable`], whose text stays in the log.
pub trait ServiceError: std::error::Error {
    /// Which of the closed list of kinds this is.
    fn kind(&self) -> ErrorKind;

    /// The stable name for machines, `UPPER_SNAKE_CASE`.
    fn reason(&self) -> &'static str;

    /// The fields at fault, for [`ErrorKind::InvalidArgument`].
    fn field_violations(&self) -> Vec<FieldViolation> {
        Vec::new()
    }

    /// When trying again makes sense.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// Values a client may show or act on, for example the limit that was exceeded. Never secrets.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}
