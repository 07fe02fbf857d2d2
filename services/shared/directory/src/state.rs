//! The mirrored snapshot: immutable, replaced as a whole.

use std::collections::HashMap;
use std::sync::Arc;

use im_policy::{PermissionSet, Scope, StoredValue, Values};
use im_proto::im::auth::v1 as proto;
use im_types::{RoleId, SiteId};

use crate::policies::PolicyCache;
use crate::{Role, Site};

/// Sites, policy and roles of one moment.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) sites: Arc<Vec<Site>>,
    pub(crate) roles: HashMap<RoleId, Role>,
    /// The values, with what was computed from them: a new state begins with an empty cache.
    pub(crate) policies: PolicyCache,
}

impl State {
    /// Takes a snapshot over. What this version cannot read is left out and logged.
    pub(crate) fn from_proto(snapshot: proto::GetSnapshotResponse) -> Self {
        let stored = snapshot.policy_values.into_iter().filter_map(stored_value);
        let (values, problems) = Values::from_stored(stored);
        for problem in problems {
            tracing::warn!(%problem, "a policy value of auth does not count here");
        }
        let roles = snapshot.roles.into_iter().filter_map(Role::from_proto);
        Self {
            sites: Arc::new(
                snapshot
                    .sites
                    .into_iter()
                    .filter_map(Site::from_proto)
                    .collect(),
            ),
            roles: roles.map(|role| (role.id, role)).collect(),
            policies: PolicyCache::new(values),
        }
    }

    /// What holders of these roles may do.
    pub(crate) fn permissions(&self, role_ids: &[RoleId]) -> PermissionSet {
        role_ids
            .iter()
            .filter_map(|role| self.roles.get(role))
            .fold(PermissionSet::EMPTY, |all, role| {
                all.union(role.permissions)
            })
    }
}

fn stored_value(value: proto::StoredPolicyValue) -> Option<StoredValue> {
    let scope = if !value.role_id.is_empty() {
        Scope::Role(RoleId::parse(&value.role_id).ok()?)
    } else if !value.site_id.is_empty() {
        Scope::Site(SiteId::parse(&value.site_id).ok()?)
    } else {
        Scope::Global
    };
    Some(StoredValue {
        scope,
        key: value.key,
        value: value.value,
    })
}
