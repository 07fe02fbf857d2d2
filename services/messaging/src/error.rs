//! Everything that can go wrong, with the reasons that clients know it by.

use std::time::Duration;

use im_directory::{AuthnError, DirectoryError};
use im_runtime::error::{ErrorKind, FieldViolation, ServiceError};
use im_types::UserId;

use crate::domain::command::Unreachable;
use crate::domain::values::TEXT_BYTES_MAX;
use crate::domain::{CursorError, InvalidValue, Refusal, Text};
use crate::ports::{PresenceFault, StoreFault};

/// An error of this service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A field of the request cannot be what it is.
    #[error("{field}: {description}")]
    Invalid {
        /// Its path.
        field: &'static str,
        /// What is wrong.
        description: String,
    },
    /// A cursor cannot be used.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// More messages than policy `messages_per_minute_max`.
    #[error("too many messages in a minute")]
    RateLimited {
        /// When the next one may be sent.
        retry_after: Duration,
    },
    /// More requests under way than this replica takes.
    #[error("too much at once; try again")]
    Overloaded,
    /// A reader did not take what came for it.
    #[error("what came was not taken for too long; come again from the last cursor")]
    SlowReader,
    /// The process stops.
    #[error("the service stops")]
    Stopping,
    /// The caller is not let in.
    #[error(transparent)]
    Authn(#[from] AuthnError),
    /// The person in whose name a gateway asks does not exist or may not use the system.
    #[error("this person may not send messages ({0})")]
    SenderInactive(UserId),
    /// Auth is needed and away.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Presence is needed and away.
    #[error(transparent)]
    Presence(#[from] PresenceFault),
    /// The database.
    #[error(transparent)]
    Store(#[from] SharedFault),
}

/// A fault that several commands of one batch share.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct SharedFault(std::sync::Arc<StoreFault>);

impl From<StoreFault> for SharedFault {
    fn from(fault: StoreFault) -> Self {
        Self(std::sync::Arc::new(fault))
    }
}

impl From<StoreFault> for Error {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault.into())
    }
}

impl Error {
    /// For a field that could not be parsed.
    pub fn invalid(field: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Invalid {
            field,
            description: why.to_string(),
        }
    }

    /// Takes a text; one that no policy allows is refused like one that policy forbids.
    pub fn text(text: String) -> Result<Text, Self> {
        let bytes = text.len();
        if bytes > TEXT_BYTES_MAX {
            let bytes_max = TEXT_BYTES_MAX;
            return Err(Refusal::TextTooLong { bytes, bytes_max }.into());
        }
        Text::parse(text).map_err(Self::value("text"))
    }

    /// [`Error::invalid`] for values of the domain.
    pub fn value(field: &'static str) -> impl FnOnce(InvalidValue) -> Self {
        move |why| Self::invalid(field, why)
    }
}

impl ServiceError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(refusal) => kind_of(*refusal),
            Self::Invalid { .. } | Self::Cursor(CursorError::Invalid) => ErrorKind::InvalidArgument,
            Self::Cursor(CursorError::TooOld) => ErrorKind::FailedPrecondition,
            Self::RateLimited { .. } | Self::Overloaded | Self::SlowReader => {
                ErrorKind::ResourceExhausted
            }
            Self::Stopping | Self::Presence(_) => ErrorKind::Unavailable,
            Self::Authn(error) => error.kind(),
            Self::SenderInactive(_) => ErrorKind::PermissionDenied,
            Self::Directory(error) => error.kind(),
            Self::Store(SharedFault(fault)) => match **fault {
                StoreFault::Unavailable(_) => ErrorKind::Unavailable,
                StoreFault::Broken(_) => ErrorKind::Internal,
            },
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => reason_of(*refusal),
            Self::Invalid { .. } => "INVALID_FIELD",
            Self::Cursor(CursorError::Invalid) => "CURSOR_INVALID",
            Self::Cursor(CursorError::TooOld) => "CURSOR_TOO_OLD",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::Overloaded => "OVERLOADED",
            Self::SlowReader => "SLOW_READER",
            Self::Stopping => "STOPPING",
            Self::Authn(error) => error.reason(),
            Self::SenderInactive(_) => "SENDER_INACTIVE",
            Self::Directory(error) => error.reason(),
            Self::Presence(_) => "PRESENCE_UNAVAILABLE",
            Self::Store(SharedFault(fault)) => match **fault {
                StoreFault::Unavailable(_) => "STORE_UNAVAILABLE",
                StoreFault::Broken(_) => "STORE_FAILED",
            },
        }
    }

    fn field_violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::Invalid { field, description } => {
                vec![FieldViolation::new(*field, description.clone())]
            }
            Self::Refused(Refusal::TextTooLong { .. } | Refusal::Censored) => {
                vec![FieldViolation::new("text", self.to_string())]
            }
            Self::Refused(Refusal::SeqOutOfRange { .. }) => {
                vec![FieldViolation::new("seq", self.to_string())]
            }
            Self::Refused(Refusal::ReplyNotFound) => {
                vec![FieldViolation::new("reply_to_seq", self.to_string())]
            }
            Self::Cursor(CursorError::Invalid) => {
                vec![FieldViolation::new("cursor", self.to_string())]
            }
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => Some(*retry_after),
            Self::Overloaded => Some(Duration::from_millis(500)),
            Self::Stopping | Self::Presence(_) | Self::Directory(_) | Self::Store(_) => {
                Some(Duration::from_secs(1))
            }
            Self::Authn(error) => error.retry_after(),
            _ => None,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Refused(Refusal::NotReachable { user_id, .. }) => {
                vec![("user_id", user_id.to_string())]
            }
            Self::Refused(Refusal::TextTooLong { bytes_max, .. }) => {
                vec![("message_bytes_max", bytes_max.to_string())]
            }
            Self::Refused(Refusal::TooManyMembers { members_max }) => {
                vec![("conversation_members_max", members_max.to_string())]
            }
            Self::Refused(Refusal::SeqOutOfRange { last_seq }) => {
                vec![("last_seq", last_seq.to_string())]
            }
            Self::Authn(error) => error.metadata(),
            _ => Vec::new(),
        }
    }
}

const fn kind_of(refusal: Refusal) -> ErrorKind {
    use Refusal as R;
    match refusal {
        R::ConversationNotFound
        | R::MessageNotFound
        | R::MemberNotFound
        | R::NotReachable {
            why: Unreachable::UserNotFound,
            ..
        } => ErrorKind::NotFound,
        R::NotReachable { .. }
        | R::NotAnOwner
        | R::GroupsDisabled
        | R::NotTheSender
        | R::ReactionsDisabled => ErrorKind::PermissionDenied,
        R::ClientKeyReused => ErrorKind::AlreadyExists,
        R::TextTooLong { .. } | R::Censored | R::SeqOutOfRange { .. } | R::ReplyNotFound => {
            ErrorKind::InvalidArgument
        }
        R::NotAGroup | R::EditClosed | R::DeleteClosed | R::MessageRemoved => {
            ErrorKind::FailedPrecondition
        }
        R::TooManyMembers { .. } | R::TooManyReactions => ErrorKind::ResourceExhausted,
        R::Stale => ErrorKind::Aborted,
    }
}

const fn reason_of(refusal: Refusal) -> &'static str {
    use Refusal as R;
    match refusal {
        R::ConversationNotFound => "CONVERSATION_NOT_FOUND",
        R::MessageNotFound => "MESSAGE_NOT_FOUND",
        R::MemberNotFound => "MEMBER_NOT_FOUND",
        R::NotReachable { why, .. } => match why {
            Unreachable::NotAContact => "NOT_A_CONTACT",
            Unreachable::Blocked => "BLOCKED",
            Unreachable::Hierarchy => "HIERARCHY",
            Unreachable::NoCommonGroup => "NO_COMMON_GROUP",
            Unreachable::UserNotFound => "USER_NOT_FOUND",
        },
        R::ClientKeyReused => "CLIENT_KEY_REUSED",
        R::TextTooLong { .. } => "MESSAGE_TOO_LONG",
        R::Censored => "MESSAGE_CENSORED",
        R::NotAGroup => "NOT_A_GROUP",
        R::NotAnOwner => "NOT_AN_OWNER",
        R::TooManyMembers { .. } => "TOO_MANY_MEMBERS",
        R::GroupsDisabled => "GROUP_CONVERSATIONS_DISABLED",
        R::NotTheSender => "NOT_THE_SENDER",
        R::EditClosed => "MESSAGE_EDIT_CLOSED",
        R::DeleteClosed => "MESSAGE_DELETE_CLOSED",
        R::MessageRemoved => "MESSAGE_REMOVED",
        R::ReactionsDisabled => "REACTIONS_DISABLED",
        R::TooManyReactions => "TOO_MANY_REACTIONS",
        R::SeqOutOfRange { .. } => "SEQ_OUT_OF_RANGE",
        R::ReplyNotFound => "REPLY_NOT_FOUND",
        R::Stale => "CONCURRENT_CHANGE",
    }
}
