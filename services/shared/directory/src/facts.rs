//! What auth tells, as types.

use std::collections::BTreeMap;

use im_policy::PermissionSet;
use im_proto::im::auth::v1 as proto;
use im_types::{GroupId, RoleId, SiteId, UserId};

/// What services know of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFacts {
    /// Who.
    pub user_id: UserId,
    /// Sign-in name.
    pub username: String,
    /// What others see.
    pub display_name: String,
    /// Whether the person may sign in and be reached.
    pub is_active: bool,
    /// 0 (highest) to 9.
    pub hierarchy_level: i32,
    /// Roles held, sorted.
    pub role_ids: Vec<RoleId>,
    /// Groups belonged to, sorted.
    pub group_ids: Vec<GroupId>,
}

impl UserFacts {
    /// `None` for somebody who does not exist.
    pub(crate) fn from_proto(facts: proto::UserFacts) -> Option<Self> {
        if !facts.exists {
            return None;
        }
        let mut role_ids = parse_all(&facts.role_ids, RoleId::parse);
        let mut group_ids = parse_all(&facts.group_ids, GroupId::parse);
        role_ids.sort_unstable();
        role_ids.dedup();
        group_ids.sort_unstable();
        group_ids.dedup();
        Some(Self {
            user_id: UserId::parse(&facts.user_id).ok()?,
            username: facts.username,
            display_name: facts.display_name,
            is_active: facts.is_active,
            hierarchy_level: facts.hierarchy_level,
            role_ids,
            group_ids,
        })
    }

    /// Whether this person and another one belong to a common group.
    pub fn shares_group_with(&self, other: &Self) -> bool {
        let (few, many) = if self.group_ids.len() <= other.group_ids.len() {
            (&self.group_ids, &other.group_ids)
        } else {
            (&other.group_ids, &self.group_ids)
        };
        few.iter().any(|group| many.binary_search(group).is_ok())
    }
}

/// Identifiers of another version of the program may be unreadable; they are left out.
fn parse_all<T, E>(texts: &[String], parse: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
    texts.iter().filter_map(|text| parse(text).ok()).collect()
}

/// A group of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMembers {
    /// Which group.
    pub group_id: GroupId,
    /// Its name.
    pub name: String,
    /// Its members.
    pub user_ids: Vec<UserId>,
}

impl GroupMembers {
    pub(crate) fn from_proto(
        group: proto::list_common_groups_response::GroupMembers,
    ) -> Option<Self> {
        Some(Self {
            group_id: GroupId::parse(&group.group_id).ok()?,
            name: group.name,
            user_ids: parse_all(&group.user_ids, UserId::parse),
        })
    }
}

/// An address of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its slug.
    pub id: SiteId,
    /// What people call it.
    pub name: String,
    /// Where it answers.
    pub addresses: Vec<SiteAddress>,
    /// Identity stores asked at sign-in, in order.
    pub store_ids: Vec<String>,
    /// Links by kind.
    pub links: BTreeMap<String, String>,
}

/// Where a site answers; an empty field fits everything, a filled one has to be equal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SiteAddress {
    /// Name of a listener in the configuration.
    pub listener: String,
    /// Host name of the request, without port.
    pub host: String,
    /// First segments of the path, `/b`.
    pub path_prefix: String,
}

impl Site {
    pub(crate) fn from_proto(site: proto::Site) -> Option<Self> {
        let addresses = site.addresses.into_iter().map(|address| SiteAddress {
            listener: address.listener,
            host: address.host,
            path_prefix: address.path_prefix,
        });
        Some(Self {
            id: SiteId::parse(&site.id).ok()?,
            name: site.name,
            addresses: addresses.collect(),
            store_ids: site.store_ids,
            links: site.links.into_iter().collect(),
        })
    }
}

/// A bundle of permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Which role.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// What it allows.
    pub permissions: PermissionSet,
}

impl Role {
    pub(crate) fn from_proto(role: proto::Role) -> Option<Self> {
        Some(Self {
            id: RoleId::parse(&role.id).ok()?,
            name: role.name,
            permissions: PermissionSet::from_names(role.permissions.iter().map(String::as_str)),
        })
    }
}
