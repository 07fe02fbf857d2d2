//! Everything that can go wrong, each with its stable reason.
//!
//! The texts are read by people; programs go by [`Error::reason`]. Unknown user and wrong password
//! are one reason on purpose.

use std::time::Duration;

use im_runtime::error::{ErrorKind, FieldViolation, ServiceError};
use im_store::StoreError;
use im_types::DeviceId;

use crate::domain::login::Refusal;
use crate::domain::password::PasswordFault;
use crate::usecase::admin::AdminError;

/// Why auth refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field is not what it has to be.
    #[error("{field}: {description}")]
    InvalidField {
        /// Path of the field in the request.
        field: &'static str,
        /// What is wrong with it.
        description: String,
    },
    /// A new password breaks rules.
    #[error("the password breaks the rules of this site")]
    PasswordTooWeak {
        /// Path of the field in the request.
        field: &'static str,
        /// All rules that it breaks.
        faults: Vec<PasswordFault>,
    },
    /// A sign-in was refused.
    #[error("{}", refusal_text(.0))]
    Refused(Refusal),
    /// A sign-in was refused because its device waits for approval.
    #[error("an administrator, or you on another device, has to approve this device")]
    DeviceWaitingApproval {
        /// To be sent with the next attempt.
        device_id: DeviceId,
    },
    /// Too many passwords are being checked.
    #[error("too many people are signing in at this moment")]
    LoginBusy {
        /// When it is worth trying again.
        wait: Duration,
    },
    /// The identity store that knows this person cannot be asked.
    #[error("the identity store cannot be asked")]
    IdentityStoreUnavailable,
    /// The name of a person of an identity store belongs to another account.
    #[error("the username belongs to another account; an administrator can resolve this")]
    UsernameConflict,
    /// The identity store does not tell what accounts need.
    #[error("the identity store does not know your {attribute}, which is needed here")]
    StoreAttributeMissing {
        /// What is missing.
        attribute: &'static str,
    },
    /// Nobody may make an account here.
    #[error("accounts cannot be made here")]
    RegistrationClosed,
    /// An account can only be made with an invite.
    #[error("the invite is missing, used up or expired")]
    InviteRequired,
    /// Somebody has this name.
    #[error("this username is taken")]
    UsernameTaken,
    /// Only the installation itself may use this name.
    #[error("this username is reserved")]
    UsernameReserved,
    /// Too many accounts were made from this address.
    #[error("too many accounts were made from this address")]
    RegistrationThrottled {
        /// When the next one is allowed.
        wait: Duration,
    },
    /// The address that was called belongs to no site.
    #[error("there is no such site")]
    SiteNotFound,
    /// The call has no access token.
    #[error("sign in first: the call has no access token")]
    TokenMissing,
    /// The access token is not one of ours.
    #[error("the access token is not valid")]
    TokenInvalid,
    /// The access token is over.
    #[error("the access token has expired")]
    TokenExpired,
    /// The access token belongs to another site.
    #[error("the access token belongs to another site")]
    WrongSite,
    /// The session has ended, or its owner may not use the system.
    #[error("the session has ended")]
    SessionRevoked,
    /// The session can do nothing but change the password.
    #[error("the password has expired and has to be changed first")]
    PasswordChangeRequired,
    /// The refresh token is not one of ours, or its session is over.
    #[error("the refresh token is not valid; sign in again")]
    RefreshTokenInvalid,
    /// The refresh token was used before.
    #[error("the refresh token was used before; the session has been ended")]
    RefreshTokenReused,
    /// The ticket is unknown, used or too old.
    #[error("the ticket is not valid; get a new one")]
    TicketInvalid,
    /// The caller's roles do not allow it.
    #[error("permission {permission} is needed")]
    PermissionMissing {
        /// Which permission.
        permission: &'static str,
    },
    /// No such account, or one that the caller may not see.
    #[error("there is no such user")]
    UserNotFound,
    /// No such session, or somebody else's.
    #[error("there is no such session")]
    SessionNotFound,
    /// No such device, or somebody else's.
    #[error("there is no such device")]
    DeviceNotFound,
    /// All devices of the person are in use, and there may be no more.
    #[error("you are signed in on as many devices as you may be")]
    DeviceLimitReached,
    /// A device can only be approved from an approved one.
    #[error("approve it from a device that is approved itself")]
    DeviceNotApproved,
    /// The account's state does not allow it.
    #[error("the account is {state}")]
    UserStateConflict {
        /// Its state.
        state: &'static str,
    },
    /// The account has no password here.
    #[error("this account signs in with an identity store; its password is changed there")]
    PasswordNotLocal,
    /// The old password was wrong.
    #[error("the present password is wrong")]
    OldPasswordWrong,
    /// Policy does not allow it.
    #[error("your organisation does not allow this")]
    ForbiddenByPolicy {
        /// The policy key that says so.
        key: &'static str,
    },
    /// There would be nobody left to administer.
    #[error("there has to be an administrator")]
    LastAdministrator,
    /// Only the account's own hands may touch it.
    #[error("nobody may do this to an account with more rights than their own")]
    MoreRightsThanOwn,
    /// The token for the first administrator is wrong, or there is an administrator.
    #[error("the link is not valid any more")]
    SetupTokenInvalid,
    /// What only the administration and groups refuse.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The database.
    #[error("database")]
    Store(#[from] StoreError),
    /// Tickets or renewals could not be stored; the log says why.
    #[error("the session lane failed")]
    LaneFailed,
    /// A background task has ended; the process is stopping.
    #[error("stopping")]
    Stopping,
    /// Cryptography that cannot fail has failed.
    #[error("cryptography: {0}")]
    Crypto(String),
}

impl Error {
    /// A field that was refused.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "calls read better without a reference"
    )]
    pub fn invalid(field: &'static str, description: impl ToString) -> Self {
        Self::InvalidField {
            field,
            description: description.to_string(),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

const fn refusal_text(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Maintenance => "only administrators can sign in at present",
        Refusal::Banned => "you may not sign in",
        Refusal::SitePasswordRequired => "this site has a password of its own",
        Refusal::Throttled { .. } => "too many attempts",
        Refusal::InvalidCredentials => "the username or the password is wrong",
        Refusal::WaitingApproval => "an administrator has to approve the account",
        Refusal::Suspended => "the account is suspended",
        Refusal::Deactivated => "the account is switched off",
        Refusal::Locked { .. } => "the account is locked after too many wrong passwords",
        Refusal::SiteAccountsFull => "this site may have no more accounts",
        Refusal::DeviceWaitingApproval => "the device waits for approval",
    }
}

const fn refusal_reason(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Maintenance => "MAINTENANCE",
        Refusal::Banned => "BANNED",
        Refusal::SitePasswordRequired => "SITE_PASSWORD_REQUIRED",
        Refusal::Throttled { .. } => "THROTTLED",
        Refusal::InvalidCredentials => "INVALID_CREDENTIALS",
        Refusal::WaitingApproval => "WAITING_APPROVAL",
        Refusal::Suspended | Refusal::Deactivated => "DISABLED",
        Refusal::Locked { .. } => "LOCKED",
        Refusal::SiteAccountsFull => "SITE_ACCOUNTS_FULL",
        Refusal::DeviceWaitingApproval => "DEVICE_WAITING_APPROVAL",
    }
}

const fn refusal_kind(refusal: &Refusal) -> ErrorKind {
    match refusal {
        Refusal::Maintenance => ErrorKind::FailedPrecondition,
        Refusal::Throttled { .. } | Refusal::SiteAccountsFull => ErrorKind::ResourceExhausted,
        Refusal::InvalidCredentials => ErrorKind::Unauthenticated,
        Refusal::Banned
        | Refusal::SitePasswordRequired
        | Refusal::WaitingApproval
        | Refusal::Suspended
        | Refusal::Deactivated
        | Refusal::Locked { .. }
        | Refusal::DeviceWaitingApproval => ErrorKind::PermissionDenied,
    }
}

const fn store_kind(error: &StoreError) -> ErrorKind {
    match error {
        StoreError::Serialization(_) => ErrorKind::Aborted,
        StoreError::Unavailable(_) | StoreError::Timeout(_) => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    }
}

impl ServiceError for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidField { .. } | Self::PasswordTooWeak { .. } | Self::UsernameReserved => {
                ErrorKind::InvalidArgument
            }
            Self::Refused(refusal) => refusal_kind(refusal),
            Self::LoginBusy { .. }
            | Self::RegistrationThrottled { .. }
            | Self::DeviceLimitReached => ErrorKind::ResourceExhausted,
            Self::IdentityStoreUnavailable | Self::LaneFailed | Self::Stopping => {
                ErrorKind::Unavailable
            }
            Self::UsernameTaken => ErrorKind::AlreadyExists,
            Self::DeviceWaitingApproval { .. }
            | Self::RegistrationClosed
            | Self::InviteRequired
            | Self::PasswordChangeRequired
            | Self::PermissionMissing { .. }
            | Self::DeviceNotApproved
            | Self::OldPasswordWrong
            | Self::ForbiddenByPolicy { .. }
            | Self::MoreRightsThanOwn
            | Self::SetupTokenInvalid => ErrorKind::PermissionDenied,
            Self::TokenMissing
            | Self::TokenInvalid
            | Self::TokenExpired
            | Self::WrongSite
            | Self::SessionRevoked
            | Self::RefreshTokenInvalid
            | Self::RefreshTokenReused
            | Self::TicketInvalid => ErrorKind::Unauthenticated,
            Self::SiteNotFound
            | Self::UserNotFound
            | Self::SessionNotFound
            | Self::DeviceNotFound => ErrorKind::NotFound,
            Self::UsernameConflict
            | Self::UserStateConflict { .. }
            | Self::StoreAttributeMissing { .. }
            | Self::PasswordNotLocal
            | Self::LastAdministrator => ErrorKind::FailedPrecondition,
            Self::Admin(error) => error.kind(),
            Self::Store(error) => store_kind(error),
            Self::Crypto(_) => ErrorKind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::InvalidField { .. } => "INVALID_FIELD",
            Self::PasswordTooWeak { .. } => "PASSWORD_TOO_WEAK",
            Self::Refused(refusal) => refusal_reason(refusal),
            Self::DeviceWaitingApproval { .. } => "DEVICE_WAITING_APPROVAL",
            Self::LoginBusy { .. } => "LOGIN_BUSY",
            Self::IdentityStoreUnavailable => "IDENTITY_STORE_UNAVAILABLE",
            Self::UsernameConflict => "USERNAME_CONFLICT",
            Self::StoreAttributeMissing { .. } => "STORE_ATTRIBUTE_MISSING",
            Self::RegistrationClosed => "REGISTRATION_CLOSED",
            Self::InviteRequired => "INVITE_REQUIRED",
            Self::UsernameTaken => "USERNAME_TAKEN",
            Self::UsernameReserved => "USERNAME_RESERVED",
            Self::RegistrationThrottled { .. } => "REGISTRATION_THROTTLED",
            Self::SiteNotFound => "SITE_NOT_FOUND",
            Self::TokenMissing => "TOKEN_MISSING",
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::WrongSite => "WRONG_SITE",
            Self::SessionRevoked => "SESSION_REVOKED",
            Self::PasswordChangeRequired => "PASSWORD_CHANGE_REQUIRED",
            Self::RefreshTokenInvalid => "REFRESH_TOKEN_INVALID",
            Self::RefreshTokenReused => "REFRESH_TOKEN_REUSED",
            Self::TicketInvalid => "TICKET_INVALID",
            Self::PermissionMissing { .. } => "PERMISSION_DENIED",
            Self::UserNotFound => "USER_NOT_FOUND",
            Self::SessionNotFound => "SESSION_NOT_FOUND",
            Self::DeviceNotFound => "DEVICE_NOT_FOUND",
            Self::DeviceLimitReached => "DEVICE_LIMIT_REACHED",
            Self::DeviceNotApproved => "DEVICE_NOT_APPROVED",
            Self::UserStateConflict { .. } => "USER_STATE_CONFLICT",
            Self::PasswordNotLocal => "PASSWORD_NOT_LOCAL",
            Self::OldPasswordWrong => "OLD_PASSWORD_WRONG",
            Self::ForbiddenByPolicy { .. } => "FORBIDDEN_BY_POLICY",
            Self::LastAdministrator => "LAST_ADMINISTRATOR",
            Self::MoreRightsThanOwn => "MORE_RIGHTS_THAN_OWN",
            Self::SetupTokenInvalid => "SETUP_TOKEN_INVALID",
            Self::Admin(error) => error.reason(),
            Self::LaneFailed => "STORE_UNAVAILABLE",
            Self::Store(error) if error.is_unavailable() => "STORE_UNAVAILABLE",
            Self::Store(error) if error.is_retryable() => "CONCURRENT_CHANGE",
            Self::Store(_) => "STORE_FAILED",
            Self::Stopping => "STOPPING",
            Self::Crypto(_) => "CRYPTO",
        }
    }

    fn field_violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::InvalidField { field, description } => {
                vec![FieldViolation::new(*field, description.clone())]
            }
            Self::PasswordTooWeak { field, faults } => {
                let violation =
                    |fault: &PasswordFault| FieldViolation::new(*field, fault.to_string());
                faults.iter().map(violation).collect()
            }
            Self::UsernameReserved => vec![FieldViolation::new("username", self.to_string())],
            Self::Admin(error) => error.field_violations(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(Refusal::Locked { wait }) => *wait,
            Self::Refused(Refusal::Throttled { wait })
            | Self::LoginBusy { wait }
            | Self::RegistrationThrottled { wait } => Some(*wait),
            _ => None,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::DeviceWaitingApproval { device_id } => vec![("device_id", device_id.to_string())],
            Self::PermissionMissing { permission } => {
                vec![("permission", (*permission).to_owned())]
            }
            Self::StoreAttributeMissing { attribute } => {
                vec![("attribute", (*attribute).to_owned())]
            }
            Self::ForbiddenByPolicy { key } => vec![("policy_key", (*key).to_owned())],
            Self::UserStateConflict { state } => vec![("state", (*state).to_owned())],
            Self::Refused(refusal) => refusal
                .state()
                .map(|state| ("state", state.as_str().to_owned()))
                .into_iter()
                .collect(),
            Self::Admin(error) => error.metadata(),
            _ => Vec::new(),
        }
    }
}
