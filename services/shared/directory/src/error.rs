//! What can go wrong.

use im_policy::Permission;
use im_runtime::error::{ErrorKind, ServiceError};

/// Auth could not be asked for something the mirror does not hold.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DirectoryError {
    /// Auth did not answer, or refused.
    #[error("auth did not answer")]
    Unavailable(#[source] Box<tonic::Status>),
    /// The mirror has never been loaded.
    #[error("nothing is known of auth yet")]
    NotReady,
}

impl From<tonic::Status> for DirectoryError {
    fn from(status: tonic::Status) -> Self {
        Self::Unavailable(Box::new(status))
    }
}

impl ServiceError for DirectoryError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "AUTH_UNAVAILABLE",
            Self::NotReady => "AUTH_NOT_READY",
        }
    }
}

/// Why a call is not let in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuthnError {
    /// The call has no access token.
    #[error("sign in first: the call has no access token")]
    TokenMissing,
    /// The token is not one of ours, or for something else.
    #[error("the access token is not valid")]
    TokenInvalid,
    /// The token is over; a new one comes from Refresh.
    #[error("the access token has expired")]
    TokenExpired,
    /// The session has ended, or its owner may not use the system at present.
    #[error("the session has ended")]
    SessionRevoked,
    /// The token belongs to another address of the installation.
    #[error("the access token belongs to another site")]
    WrongSite,
    /// The session can do nothing but change the password.
    #[error("the password has expired and has to be changed first")]
    PasswordChangeRequired,
    /// The caller's roles do not allow it.
    #[error("permission {permission} is needed")]
    PermissionDenied {
        /// What is missing.
        permission: Permission,
    },
    /// Auth could not be asked about the caller.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl ServiceError for AuthnError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::TokenMissing
            | Self::TokenInvalid
            | Self::TokenExpired
            | Self::SessionRevoked
            | Self::WrongSite => ErrorKind::Unauthenticated,
            Self::PasswordChangeRequired | Self::PermissionDenied { .. } => {
                ErrorKind::PermissionDenied
            }
            Self::Directory(error) => error.kind(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::TokenMissing => "TOKEN_MISSING",
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::SessionRevoked => "SESSION_REVOKED",
            Self::WrongSite => "WRONG_SITE",
            Self::PasswordChangeRequired => "PASSWORD_CHANGE_REQUIRED",
            Self::PermissionDenied { .. } => "PERMISSION_DENIED",
            Self::Directory(error) => error.reason(),
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::PermissionDenied { permission } => {
                vec![("permission", permission.name().to_owned())]
            }
            _ => Vec::new(),
        }
    }
}
