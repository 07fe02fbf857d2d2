//! What mirrors have to read anew.

use im_types::{GroupId, SessionId, UserId};

/// A thing that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Sites, policy or roles.
    Snapshot,
    /// A person.
    User(UserId),
    /// A session that ended.
    SessionRevoked(SessionId, UserId),
    /// The members of a group.
    Group(GroupId),
    /// Signing keys.
    SigningKeys,
}

impl Change {
    /// The number of `im.auth.v1.Change.Kind`, which is also the stored one.
    pub const fn kind(self) -> i64 {
        match self {
            Self::Snapshot => 1,
            Self::User(_) => 2,
            Self::SessionRevoked(..) => 3,
            Self::Group(_) => 4,
            Self::SigningKeys => 5,
        }
    }

    /// Which thing, as text; empty where there is only one.
    pub fn reference(self) -> String {
        match self {
            Self::Snapshot | Self::SigningKeys => String::new(),
            Self::User(id) => id.to_string(),
            Self::SessionRevoked(id, _) => id.to_string(),
            Self::Group(id) => id.to_string(),
        }
    }

    /// Whose session ended.
    pub const fn user_id(self) -> Option<UserId> {
        match self {
            Self::SessionRevoked(_, user_id) => Some(user_id),
            Self::Snapshot | Self::User(_) | Self::Group(_) | Self::SigningKeys => None,
        }
    }
}

/// A change with its number, as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedChange {
    /// Contiguous, from 1.
    pub revision: i64,
    /// See [`Change::kind`].
    pub kind: i64,
    /// See [`Change::reference`].
    pub reference: String,
    /// See [`Change::user_id`].
    pub user_id: Option<UserId>,
}
