//! What the administration refuses, beyond what all of auth does.

use im_policy::{NotOverridableError, ParseValueError, Permission};
use im_runtime::error::{ErrorKind, FieldViolation, ServiceError};
use im_types::SiteId;

/// Why an act of the administration, or of the manager of a group, is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// No entry of the registry has this name.
    #[error("there is no policy key \"{key}\"")]
    PolicyKeyNotFound {
        /// What was asked for, cut short.
        key: String,
    },
    /// The value does not fit the key.
    #[error(transparent)]
    PolicyValue(#[from] ParseValueError),
    /// The key cannot be set on this level.
    #[error(transparent)]
    PolicyScope(#[from] NotOverridableError),
    /// A site of this id exists.
    #[error("there is a site of this id")]
    SiteExists,
    /// Another site answers at one of the addresses.
    #[error("the site {site} answers at one of these addresses")]
    SiteAddressTaken {
        /// Which one.
        site: SiteId,
    },
    /// `default` is needed for whatever fits no other site.
    #[error("the default site stays")]
    DefaultSiteStays,
    /// The installation may have no more of them.
    #[error("there may be at most {max} {things}")]
    TooMany {
        /// What there are too many of.
        things: &'static str,
        /// How many there may be.
        max: i64,
    },
    /// No such role.
    #[error("there is no such role")]
    RoleNotFound,
    /// A role of this name exists.
    #[error("there is a role of this name")]
    RoleNameTaken,
    /// Built-in roles stay as they are.
    #[error("a built-in role cannot be changed")]
    RoleBuiltin,
    /// Nobody gives, changes or takes a right that they lack.
    #[error("you do not have the permission {permission} yourself")]
    PermissionNotHeld {
        /// Which one.
        permission: Permission,
    },
    /// No such group, or one that the caller may not know of.
    #[error("there is no such group")]
    GroupNotFound,
    /// A group of this name exists.
    #[error("there is a group of this name")]
    GroupNameTaken,
    /// Only managers of the group may do this.
    #[error("only managers of the group may do this")]
    NotAManager,
    /// The person has no place in the group.
    #[error("this person is not in the group")]
    GroupMemberNotFound,
    /// The group would be without a manager.
    #[error("the group needs a manager: make somebody else one first")]
    LastGroupManager,
    /// The person belongs to as many groups as policy allows.
    #[error("this person may belong to at most {max} groups")]
    TooManyGroups {
        /// How many.
        max: u64,
    },
    /// No such ban.
    #[error("there is no such ban")]
    BanNotFound,
    /// The ban would keep its maker out.
    #[error("this ban would keep you out yourself")]
    BanHitsSelf,
    /// No such invite.
    #[error("there is no such invite")]
    InviteNotFound,
    /// No such identity store, or one that the site does not list.
    #[error("there is no such identity store")]
    IdentityStoreNotFound,
    /// A store of this id exists.
    #[error("there is an identity store of this id")]
    IdentityStoreExists,
    /// A site lists the store.
    #[error("the site {site} lists this identity store")]
    IdentityStoreInUse {
        /// Which one.
        site: SiteId,
    },
    /// The store knows nobody of this name, or the account has no such identity.
    #[error("there is no such identity")]
    IdentityNotFound,
    /// The person of the store has another account.
    #[error("this identity belongs to another account")]
    IdentityTaken,
    /// The account could not sign in any more.
    #[error("the account needs an identity to sign in with")]
    LastIdentity,
    /// No store may touch this account.
    #[error("this administrator signs in with a password of this server only")]
    BreakGlassIsLocal,
}

impl ServiceError for AdminError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::PolicyKeyNotFound { .. }
            | Self::RoleNotFound
            | Self::GroupNotFound
            | Self::GroupMemberNotFound
            | Self::BanNotFound
            | Self::InviteNotFound
            | Self::IdentityStoreNotFound
            | Self::IdentityNotFound => ErrorKind::NotFound,
            Self::PolicyValue(_) | Self::PolicyScope(_) => ErrorKind::InvalidArgument,
            Self::SiteExists
            | Self::RoleNameTaken
            | Self::GroupNameTaken
            | Self::IdentityStoreExists
            | Self::IdentityTaken => ErrorKind::AlreadyExists,
            Self::SiteAddressTaken { .. }
            | Self::DefaultSiteStays
            | Self::RoleBuiltin
            | Self::LastGroupManager
            | Self::BanHitsSelf
            | Self::IdentityStoreInUse { .. }
            | Self::LastIdentity
            | Self::BreakGlassIsLocal => ErrorKind::FailedPrecondition,
            Self::TooMany { .. } | Self::TooManyGroups { .. } => ErrorKind::ResourceExhausted,
            Self::PermissionNotHeld { .. } | Self::NotAManager => ErrorKind::PermissionDenied,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::PolicyKeyNotFound { .. } => "POLICY_KEY_NOT_FOUND",
            Self::PolicyValue(_) => "POLICY_VALUE_INVALID",
            Self::PolicyScope(_) => "POLICY_NOT_OVERRIDABLE",
            Self::SiteExists => "SITE_EXISTS",
            Self::SiteAddressTaken { .. } => "SITE_ADDRESS_TAKEN",
            Self::DefaultSiteStays => "DEFAULT_SITE_STAYS",
            Self::TooMany { .. } => "TOO_MANY",
            Self::RoleNotFound => "ROLE_NOT_FOUND",
            Self::RoleNameTaken => "ROLE_NAME_TAKEN",
            Self::RoleBuiltin => "ROLE_BUILTIN",
            Self::PermissionNotHeld { .. } => "PERMISSION_NOT_HELD",
            Self::GroupNotFound => "GROUP_NOT_FOUND",
            Self::GroupNameTaken => "GROUP_NAME_TAKEN",
            Self::NotAManager => "NOT_A_MANAGER",
            Self::GroupMemberNotFound => "GROUP_MEMBER_NOT_FOUND",
            Self::LastGroupManager => "LAST_GROUP_MANAGER",
            Self::TooManyGroups { .. } => "TOO_MANY_GROUPS",
            Self::BanNotFound => "BAN_NOT_FOUND",
            Self::BanHitsSelf => "BAN_HITS_SELF",
            Self::InviteNotFound => "INVITE_NOT_FOUND",
            Self::IdentityStoreNotFound => "IDENTITY_STORE_NOT_FOUND",
            Self::IdentityStoreExists => "IDENTITY_STORE_EXISTS",
            Self::IdentityStoreInUse { .. } => "IDENTITY_STORE_IN_USE",
            Self::IdentityNotFound => "IDENTITY_NOT_FOUND",
            Self::IdentityTaken => "IDENTITY_TAKEN",
            Self::LastIdentity => "LAST_IDENTITY",
            Self::BreakGlassIsLocal => "BREAK_GLASS_IS_LOCAL",
        }
    }

    fn field_violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::PolicyValue(_) => vec![FieldViolation::new("value", self.to_string())],
            Self::PolicyScope(_) => vec![FieldViolation::new("scope", self.to_string())],
            _ => Vec::new(),
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::PolicyValue(error) => vec![("policy_key", error.key().to_owned())],
            Self::PermissionNotHeld { permission } => {
                vec![("permission", permission.name().to_owned())]
            }
            Self::SiteAddressTaken { site } | Self::IdentityStoreInUse { site } => {
                vec![("site_id", site.to_string())]
            }
            Self::TooMany { max, .. } => vec![("max", max.to_string())],
            Self::TooManyGroups { max } => vec![("max", max.to_string())],
            _ => Vec::new(),
        }
    }
}
