//! Sites, roles and the rest of what mirrors hold.

use std::collections::{BTreeMap, HashMap};

use im_policy::{Effective, Permission, PermissionSet, StoredValue, Values};
use im_types::{RoleId, SiteId};

/// The id of the identity store that is always there.
pub const LOCAL_STORE: &str = "local";
/// The folded name of the role that may do everything.
pub const ADMINISTRATOR: &str = "administrator";

/// Where a site answers; an empty field fits everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name of a listener.
    pub listener: String,
    /// Host name without port.
    pub host: String,
    /// First segments of the path.
    pub path_prefix: String,
}

/// An address of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its slug.
    pub id: SiteId,
    /// What people call it.
    pub name: String,
    /// Where it answers.
    pub addresses: Vec<Address>,
    /// Identity stores, in the order in which they are asked.
    pub stores: Vec<String>,
    /// Links for people, by what they are for.
    pub links: BTreeMap<String, String>,
}

/// A bundle of permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// Its name.
    pub name: String,
    /// What it allows. The built-in role allows everything, also what a newer version adds.
    pub permissions: PermissionSet,
    /// Cannot be removed or lose permissions.
    pub is_builtin: bool,
    /// How many people hold it.
    pub holder_count: i64,
}

/// Everything that every request may need and that changes seldom. Replaced as a whole.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Up to which change it is true.
    pub revision: i64,
    /// `default` first, then by id.
    pub sites: Vec<Site>,
    /// By name.
    pub roles: Vec<Role>,
    /// Policy values as they are stored.
    pub stored_values: Vec<StoredValue>,
    /// The same, ready to be resolved.
    pub values: Values,
    permissions: HashMap<RoleId, PermissionSet>,
}

impl Snapshot {
    /// Puts a snapshot together. Policy values that this version does not understand do not count;
    /// they are named in the second part of the answer.
    pub fn new(
        revision: i64,
        mut sites: Vec<Site>,
        roles: Vec<Role>,
        stored_values: Vec<StoredValue>,
    ) -> (Self, Vec<im_policy::Problem>) {
        sites.sort_by_key(|site| (!site.id.is_default(), site.id.clone()));
        let permissions = roles
            .iter()
            .map(|role| (role.id, role.permissions))
            .collect();
        let (values, problems) = Values::from_stored(stored_values.iter().cloned());
        (
            Self {
                revision,
                sites,
                roles,
                stored_values,
                values,
                permissions,
            },
            problems,
        )
    }

    /// A site; `None` if there is none of this id.
    pub fn site(&self, id: &SiteId) -> Option<&Site> {
        self.sites.iter().find(|site| site.id == *id)
    }

    /// The built-in role; `None` only in a database that was tampered with.
    pub fn administrator(&self) -> Option<RoleId> {
        self.roles
            .iter()
            .find(|role| role.is_builtin)
            .map(|role| role.id)
    }

    /// What roles allow together.
    pub fn permissions(&self, roles: &[RoleId]) -> PermissionSet {
        let of = |role: &RoleId| self.permissions.get(role).copied().unwrap_or_default();
        roles
            .iter()
            .map(of)
            .fold(PermissionSet::EMPTY, PermissionSet::union)
    }

    /// The values that count for somebody with these roles on a site.
    pub fn policy(&self, site: &SiteId, roles: &[RoleId]) -> Effective {
        self.values.resolve(site, roles)
    }
}

/// The permissions of a stored role.
pub fn role_permissions<'a>(
    is_builtin: bool,
    names: impl IntoIterator<Item = &'a str>,
) -> PermissionSet {
    if is_builtin {
        return Permission::ALL.iter().copied().collect();
    }
    PermissionSet::from_names(names)
}
