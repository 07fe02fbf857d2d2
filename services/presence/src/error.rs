//! What can go wrong, and what callers are told about it.

use std::time::Duration;

use im_runtime::error::{ErrorKind, FieldViolation, ServiceError};
use im_store::{Retryable, StoreError};
use im_types::Timestamp;

use crate::domain::contact::ContactError;

/// An error of the service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the request cannot be understood or is out of bounds.
    #[error("{field}: {description}")]
    InvalidField {
        /// Path of the field in the request.
        field: &'static str,
        /// What is wrong, for people.
        description: String,
    },
    /// No such person, or one who left.
    #[error("there is no such person")]
    UserNotFound,
    /// A change of a roster is refused.
    #[error(transparent)]
    Contact(#[from] ContactError),
    /// The same, with the time it was refused at, which tells how long to wait.
    #[error("this person declined; ask again later")]
    RequestPaused {
        /// How long.
        retry_after: Duration,
    },
    /// A list to watch is too long.
    #[error("at most {watched_max} people can be watched, {found} were given")]
    WatchTooLarge {
        /// How many were given.
        found: usize,
        /// How many may be.
        watched_max: usize,
    },
    /// The site does not offer this state.
    #[error("this site does not let people be invisible")]
    InvisibleNotAllowed,
    /// The site has a list of reasons, and this is none of them.
    #[error("this site lets people choose from its list of reasons only")]
    ReasonNotOffered,
    /// So many requests are waiting that another one would only wait longer.
    #[error("too many connections are being opened; try again")]
    Overloaded,
    /// The service is about to stop.
    #[error("the service is stopping")]
    Stopping,
    /// Auth, or its mirror here, cannot be asked.
    #[error("the directory is not available")]
    Directory(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

impl Error {
    /// A field that is wrong.
    pub fn field(field: &'static str, description: impl Into<String>) -> Self {
        Self::InvalidField {
            field,
            description: description.into(),
        }
    }

    /// Replaces a time to wait for by how long that is.
    pub(crate) fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Contact(ContactError::Paused { until }) => Self::RequestPaused {
                retry_after: until.since(now),
            },
            other => other,
        }
    }
}

impl Retryable for Error {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_retryable())
    }
}

impl ServiceError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidField { .. }
            | Self::WatchTooLarge { .. }
            | Self::Contact(ContactError::OneSelf) => ErrorKind::InvalidArgument,
            Self::UserNotFound
            | Self::Contact(ContactError::NotFound | ContactError::NotRequested) => {
                ErrorKind::NotFound
            }
            Self::Contact(ContactError::Exists) => ErrorKind::AlreadyExists,
            Self::Contact(ContactError::Hierarchy | ContactError::Blocked)
            | Self::InvisibleNotAllowed
            | Self::ReasonNotOffered => ErrorKind::PermissionDenied,
            Self::Contact(ContactError::Limit { .. } | ContactError::Paused { .. })
            | Self::RequestPaused { .. }
            | Self::Overloaded => ErrorKind::ResourceExhausted,
            Self::Stopping | Self::Directory(_) => ErrorKind::Unavailable,
            Self::Store(error) if error.is_unavailable() || error.is_retryable() => {
                ErrorKind::Unavailable
            }
            Self::Store(_) => ErrorKind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::InvalidField { .. } => "INVALID_FIELD",
            Self::UserNotFound => "USER_NOT_FOUND",
            Self::Contact(ContactError::OneSelf) => "CONTACT_WITH_ONESELF",
            Self::Contact(ContactError::Exists) => "CONTACT_EXISTS",
            Self::Contact(ContactError::Blocked) => "BLOCKED",
            Self::Contact(ContactError::NotFound) => "CONTACT_NOT_FOUND",
            Self::Contact(ContactError::NotRequested) => "CONTACT_NOT_REQUESTED",
            Self::Contact(ContactError::Hierarchy) => "HIERARCHY",
            Self::Contact(ContactError::Paused { .. }) | Self::RequestPaused { .. } => {
                "CONTACT_REQUEST_PAUSED"
            }
            Self::Contact(ContactError::Limit { .. }) => "CONTACT_LIMIT",
            Self::WatchTooLarge { .. } => "WATCH_TOO_LARGE",
            Self::InvisibleNotAllowed => "INVISIBLE_NOT_ALLOWED",
            Self::ReasonNotOffered => "STATUS_REASON_NOT_OFFERED",
            Self::Overloaded => "OVERLOADED",
            Self::Stopping => "STOPPING",
            Self::Directory(_) => "AUTH_UNAVAILABLE",
            Self::Store(error) if error.is_unavailable() || error.is_retryable() => {
                "STORE_UNAVAILABLE"
            }
            Self::Store(_) => "STORE_FAILED",
        }
    }

    fn field_violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::InvalidField { field, description } => {
                vec![FieldViolation::new(*field, description.clone())]
            }
            Self::WatchTooLarge { .. } => vec![FieldViolation::new("user_ids", self.to_string())],
            Self::Contact(ContactError::OneSelf) => {
                vec![FieldViolation::new("user_id", self.to_string())]
            }
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RequestPaused { retry_after } => Some(*retry_after),
            Self::Overloaded => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Contact(ContactError::Limit {
                is_own,
                contacts_max,
            }) => vec![
                ("contacts_max", contacts_max.to_string()),
                ("whose", if *is_own { "own" } else { "other" }.to_owned()),
            ],
            Self::WatchTooLarge { watched_max, .. } => {
                vec![("watched_max", watched_max.to_string())]
            }
            _ => Vec::new(),
        }
    }
}
