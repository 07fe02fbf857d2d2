//! Why a value is what it is.

use im_types::{RoleId, SiteId};

use crate::{Key, Origin, Scope, Value, Values};

/// All levels that have a value of a key, and the one that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The key.
    pub key: Key,
    /// The value that counts.
    pub effective: (Value, Origin),
    /// All values that are set, the default first, then global, site and roles.
    pub levels: Vec<(Value, Origin)>,
}

impl Values {
    /// Why the value of a key is what it is for a person with these roles on a site.
    pub fn explain(&self, key: Key, site: &SiteId, roles: &[RoleId]) -> Explanation {
        let mut roles = roles.to_vec();
        roles.sort_unstable();
        roles.dedup();
        let effective = self.resolve(site, &roles);
        let mut levels = vec![(key.definition().default.clone(), Origin::Default)];
        let mut add = |scope: &Scope, origin: Origin| {
            levels.extend(self.get(scope, key).map(|value| (value.clone(), origin)));
        };
        add(&Scope::Global, Origin::Global);
        add(&Scope::Site(site.clone()), Origin::Site(site.clone()));
        for role in roles {
            add(&Scope::Role(role), Origin::Role(role));
        }
        Explanation {
            key,
            effective: (effective.get(key).clone(), effective.origin(key)),
            levels,
        }
    }
}
