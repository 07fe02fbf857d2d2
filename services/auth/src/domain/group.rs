//! Groups of people: who sees them, who joins, who manages.

use im_types::{DisplayName, GroupId, Timestamp, UserId};

use super::people::UnknownWordError;

/// Longest description of a group, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 500;

/// Who sees a group and who may join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind {
    /// Everybody sees it and may join.
    Public,
    /// Everybody sees it; joining is asked for and granted.
    Official,
    /// Only members see it; managers add people.
    Private,
}

impl GroupKind {
    /// The kind as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Official => "official",
            Self::Private => "private",
        }
    }

    /// Reads the stored kind.
    pub fn parse(text: &str) -> Result<Self, UnknownWordError> {
        match text {
            "public" => Ok(Self::Public),
            "official" => Ok(Self::Official),
            "private" => Ok(Self::Private),
            _ => Err(UnknownWordError),
        }
    }
}

/// What somebody is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberRole {
    /// Belongs to it.
    Member,
    /// Adds and removes people as well.
    Manager,
    /// Has asked to join.
    Requested,
}

impl MemberRole {
    /// The role as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Manager => "manager",
            Self::Requested => "requested",
        }
    }

    /// Reads the stored role.
    pub fn parse(text: &str) -> Result<Self, UnknownWordError> {
        match text {
            "member" => Ok(Self::Member),
            "manager" => Ok(Self::Manager),
            "requested" => Ok(Self::Requested),
            _ => Err(UnknownWordError),
        }
    }

    /// Whether somebody with this role belongs to the group.
    pub const fn belongs(self) -> bool {
        matches!(self, Self::Member | Self::Manager)
    }
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Unique without regard to case.
    pub name: DisplayName,
    /// The key of that, and the place in lists.
    pub name_folded: String,
    /// Who sees it and who may join.
    pub kind: GroupKind,
    /// At most [`DESCRIPTION_CHARS_MAX`] characters.
    pub description: String,
    /// How many belong to it.
    pub member_count: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Somebody's place in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Whose place it is.
    pub user_id: UserId,
    /// What the person is there.
    pub role: MemberRole,
    /// Since when.
    pub created_at: Timestamp,
}

/// A member of a group of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommonMember {
    /// The group.
    pub group_id: GroupId,
    /// Its name.
    pub group_name: String,
    /// The member.
    pub user_id: UserId,
}

/// What the one who asks is to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The own place in it.
    pub role: Option<MemberRole>,
    /// Has the permission to manage all groups.
    pub manages_all: bool,
}

impl Standing {
    /// Whether the person belongs to the group.
    pub fn belongs(self) -> bool {
        self.role.is_some_and(MemberRole::belongs)
    }

    /// Whether the person may know of the group.
    pub fn may_see(self, kind: GroupKind) -> bool {
        kind != GroupKind::Private || self.belongs() || self.manages_all
    }

    /// Whether the person may know who belongs to the group: whoever belongs to it, or could do so
    /// at once.
    pub fn may_list_members(self, kind: GroupKind) -> bool {
        kind == GroupKind::Public || self.belongs() || self.manages_all
    }

    /// Whether the person may change the group and its members.
    pub fn may_manage(self) -> bool {
        self.role == Some(MemberRole::Manager) || self.manages_all
    }

    /// What somebody who wants to join becomes. The own place stays if there is one; a private
    /// group cannot be joined, and nobody is told that it exists.
    pub fn joining(self, kind: GroupKind) -> Option<MemberRole> {
        match (self.role, kind) {
            (Some(role), _) if role.belongs() => Some(role),
            (_, GroupKind::Public) => Some(MemberRole::Member),
            (_, GroupKind::Official) => Some(MemberRole::Requested),
            (_, GroupKind::Private) => None,
        }
    }
}

/// Whether a manager may go, or become a mere member: not the last one while others belong to the
/// group, unless somebody who manages all groups says so.
pub const fn may_lose_manager(
    role: Option<MemberRole>,
    other_managers: i64,
    other_members: i64,
    manages_all: bool,
) -> bool {
    let is_manager = matches!(role, Some(MemberRole::Manager));
    !is_manager || manages_all || other_managers > 0 || other_members == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: Standing = Standing {
        role: None,
        manages_all: false,
    };
    const KINDS: [GroupKind; 3] = [GroupKind::Public, GroupKind::Official, GroupKind::Private];

    fn with(role: MemberRole) -> Standing {
        Standing {
            role: Some(role),
            manages_all: false,
        }
    }

    #[test]
    fn a_private_group_does_not_exist_for_strangers() {
        assert_eq!(
            KINDS.map(|kind| STRANGER.may_see(kind)),
            [true, true, false]
        );
        assert_eq!(
            KINDS.map(|kind| STRANGER.may_list_members(kind)),
            [true, false, false]
        );
        let asked = with(MemberRole::Requested);
        assert!(!asked.may_see(GroupKind::Private) && !asked.may_list_members(GroupKind::Official));
        assert!(
            KINDS
                .iter()
                .all(|kind| with(MemberRole::Member).may_list_members(*kind))
        );
    }

    #[test]
    fn joining_depends_on_the_kind_and_never_takes_a_place_away() {
        let (member, requested) = (Some(MemberRole::Member), Some(MemberRole::Requested));
        assert_eq!(
            KINDS.map(|kind| STRANGER.joining(kind)),
            [member, requested, None]
        );
        let manager = with(MemberRole::Manager);
        assert_eq!(
            KINDS.map(|kind| manager.joining(kind)),
            [Some(MemberRole::Manager); 3]
        );
        // A group that has become public lets those in who had asked.
        assert_eq!(
            with(MemberRole::Requested).joining(GroupKind::Public),
            member
        );
    }

    #[test]
    fn the_last_manager_stays_while_others_are_there() {
        let manager = Some(MemberRole::Manager);
        assert!(!may_lose_manager(manager, 0, 1, false));
        assert!(may_lose_manager(manager, 1, 5, false));
        assert!(may_lose_manager(manager, 0, 0, false));
        assert!(may_lose_manager(manager, 0, 5, true));
        assert!(may_lose_manager(Some(MemberRole::Member), 0, 5, false));
    }

    #[test]
    fn stored_words_read_back() {
        for kind in KINDS {
            assert_eq!(GroupKind::parse(kind.as_str()), Ok(kind));
        }
        for role in [
            MemberRole::Member,
            MemberRole::Manager,
            MemberRole::Requested,
        ] {
            assert_eq!(MemberRole::parse(role.as_str()), Ok(role));
        }
    }
}
