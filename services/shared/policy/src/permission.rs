//! What roles allow.

use std::fmt;

macro_rules! permissions {
    ($( $(#[doc = $doc:literal])+ $variant:ident $name:literal; )*) => {
        /// Something that only holders of a role with it may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $( $(#[doc = $doc])+ $variant, )*
        }

        impl Permission {
            /// All permissions.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The permission as text, `users.manage`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// One sentence about it.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+)),* }.trim_ascii()
            }
        }
    };
}

permissions! {
    /// See all accounts with all that administrators may know.
    UsersView "users.view";
    /// Make, change, suspend and deactivate accounts.
    UsersManage "users.manage";
    /// Let waiting accounts and devices in.
    UsersApprove "users.approve";
    /// Make invites.
    UsersInvite "users.invite";
    /// See and end the sessions of others.
    SessionsManage "sessions.manage";
    /// Make and change sites.
    SitesManage "sites.manage";
    /// Connect identity stores.
    StoresManage "stores.manage";
    /// Set limits and options.
    PolicyManage "policy.manage";
    /// Make roles, give and take them.
    RolesManage "roles.manage";
    /// Manage all groups.
    GroupsManage "groups.manage";
    /// Keep names, addresses and devices out.
    BansManage "bans.manage";
    /// Read the audit log.
    AuditView "audit.view";
    /// Delete messages of others.
    MessagesModerate "messages.moderate";
    /// Write to everybody at once.
    AnnouncementsSend "announcements.send";
}

/// No permission has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no permission \"{name}\"")]
pub struct UnknownPermissionError {
    /// The name.
    pub name: String,
}

impl Permission {
    /// The permission of a name.
    ///
    /// # Errors
    /// [`UnknownPermissionError`].
    pub fn parse(name: &str) -> Result<Self, UnknownPermissionError> {
        let found = Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.name() == name);
        found.ok_or_else(|| UnknownPermissionError {
            name: name.to_owned(),
        })
    }

    const fn bit(self) -> u32 {
        1 << (self as u32)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(u32);

impl PermissionSet {
    /// None.
    pub const EMPTY: Self = Self(0);

    /// All there are.
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// The permissions of these names; unknown names (of a newer version) are left out.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names
            .into_iter()
            .filter_map(|name| Permission::parse(name).ok())
            .collect()
    }

    /// Whether a permission is among them.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Whether all of another set are among them.
    pub const fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Those of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of this set that the other one lacks.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The permissions, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.contains(*permission))
    }

    /// Their names.
    pub fn names(self) -> Vec<String> {
        self.iter()
            .map(|permission| permission.name().to_owned())
            .collect()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(
            permissions
                .into_iter()
                .fold(0, |bits, permission| bits | permission.bit()),
        )
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.name()), Ok(*permission));
            assert!(permission.description().ends_with('.'));
        }
        assert!(Permission::parse("users").is_err());
        assert_eq!(PermissionSet::all().iter().count(), Permission::ALL.len());
    }

    #[test]
    fn sets_are_sets() {
        let some: PermissionSet = [Permission::UsersView, Permission::AuditView]
            .into_iter()
            .collect();
        assert!(some.contains(Permission::AuditView) && !some.contains(Permission::UsersManage));
        assert!(
            PermissionSet::all().contains_all(some) && !some.contains_all(PermissionSet::all())
        );
        assert_eq!(
            PermissionSet::from_names(["audit.view", "users.view", "nonsense"]),
            some
        );
        assert_eq!(some.without(some), PermissionSet::EMPTY);
        assert_eq!(some.names(), ["users.view", "audit.view"]);
    }
}
