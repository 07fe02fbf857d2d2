//! Effective policy, computed once for each site and set of roles.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use im_policy::{Effective, Values};
use im_types::{RoleId, SiteId};

/// Most combinations of site and roles that are kept. There are few in practice; the bound only
/// keeps an installation with a role per person from filling memory.
const COMBINATIONS_MAX: usize = 10_000;

type BySite = HashMap<SiteId, HashMap<Box<[RoleId]>, Arc<Effective>>>;

#[derive(Debug, Default)]
pub(crate) struct PolicyCache {
    values: Values,
    computed: RwLock<BySite>,
}

impl PolicyCache {
    pub(crate) fn new(values: Values) -> Self {
        Self {
            values,
            computed: RwLock::default(),
        }
    }

    /// What counts on a site for holders of these roles, which are sorted.
    pub(crate) fn effective(&self, site: &SiteId, role_ids: &[RoleId]) -> Arc<Effective> {
        {
            let computed = self.computed.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = computed.get(site).and_then(|roles| roles.get(role_ids)) {
                return Arc::clone(found);
            }
        }
        let effective = Arc::new(self.values.resolve(site, role_ids));
        let mut computed = self
            .computed
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if computed.values().map(HashMap::len).sum::<usize>() >= COMBINATIONS_MAX {
            computed.clear();
        }
        let by_roles = computed.entry(site.clone()).or_default();
        by_roles.insert(role_ids.into(), Arc::clone(&effective));
        effective
    }
}
