//! The closed list of error kinds.

use tonic::Code;

/// What went wrong, as far as a caller needs to tell cases apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request can never succeed as it is.
    InvalidArgument,
    /// No valid credentials.
    Unauthenticated,
    /// Known caller, missing right.
    PermissionDenied,
    /// No such thing, or one the caller may not know of.
    NotFound,
    /// The thing to create exists.
    AlreadyExists,
    /// The state of the system must change first.
    FailedPrecondition,
    /// A concurrent change won; read again and retry.
    Aborted,
    /// A limit or quota.
    ResourceExhausted,
    /// Try again later; nothing is wrong with the request.
    Unavailable,
    /// The time given was not enough.
    DeadlineExceeded,
    /// This server does not do that.
    Unimplemented,
    /// A fault of ours.
    Internal,
}

impl ErrorKind {
    /// The gRPC code of this kind.
    pub const fn code(self) -> Code {
        match self {
            Self::InvalidArgument => Code::InvalidArgument,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::PermissionDenied => Code::PermissionDenied,
            Self::NotFound => Code::NotFound,
            Self::AlreadyExists => Code::AlreadyExists,
            Self::FailedPrecondition => Code::FailedPrecondition,
            Self::Aborted => Code::Aborted,
            Self::ResourceExhausted => Code::ResourceExhausted,
            Self::Unavailable => Code::Unavailable,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::Unimplemented => Code::Unimplemented,
            Self::Internal => Code::Internal,
        }
    }

    /// The kind of a code. Codes this system never sends map to the nearest kind.
    pub const fn of(code: Code) -> Self {
        match code {
            Code::InvalidArgument | Code::OutOfRange => Self::InvalidArgument,
            Code::Unauthenticated => Self::Unauthenticated,
            Code::PermissionDenied => Self::PermissionDenied,
            Code::NotFound => Self::NotFound,
            Code::AlreadyExists => Self::AlreadyExists,
            Code::FailedPrecondition => Self::FailedPrecondition,
            Code::Aborted | Code::Cancelled => Self::Aborted,
            Code::ResourceExhausted => Self::ResourceExhausted,
            Code::Unavailable => Self::Unavailable,
            Code::DeadlineExceeded => Self::DeadlineExceeded,
            Code::Unimplemented => Self::Unimplemented,
            Code::Internal | Code::DataLoss | Code::Unknown | Code::Ok => Self::Internal,
        }
    }

    /// Whether the text of such an error stays inside (log) instead of going to the caller.
    pub const fn is_confidential(self) -> bool {
        matches!(self, Self::Internal | Self::Unavailable)
    }

    /// Whether an idempotent call may be repeated after this error.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Unavailable)
    }
}
