//! The groups of a person.

use std::collections::BTreeSet;

use ldap3::{Scope, SearchEntry};

use super::directory::groups_filter;
use super::entry::{dn_of, group_name, groups_of};
use super::link::Question;
use super::pool::Lease;
use super::store::LdapStore;
use crate::Class;
use crate::answer::Person;

/// More groups of one person are an error: what is left out would be taken away from the account.
const GROUPS_MAX: usize = 1_000;
/// Groups that are asked about in one search.
const MEMBERS_MAX: usize = 50;

impl LdapStore {
    /// Names, sorted, each once.
    pub(super) async fn groups(
        &self,
        lease: &mut Lease<'_>,
        entry: &SearchEntry,
        person: &Person,
    ) -> Result<Vec<String>, Class> {
        let mut names: BTreeSet<String> = groups_of(&self.directory, entry).into_iter().collect();
        if let Some(template) = &self.directory.groups {
            let dn = dn_of(person).unwrap_or_default().to_owned();
            // Circles are walked once: a group that is known is not asked about again.
            let mut known = BTreeSet::new();
            let mut members = vec![(dn, person.login.clone())];
            for _ in 0..=self.directory.nested_depth {
                let mut next = Vec::new();
                for some in members.chunks(MEMBERS_MAX) {
                    let some: Vec<_> = some
                        .iter()
                        .map(|(dn, name)| (dn.as_str(), name.as_str()))
                        .collect();
                    for group in self
                        .groups_by(lease, &groups_filter(template, &some))
                        .await?
                    {
                        let Some(name) = group_name(&self.directory, &group) else {
                            continue;
                        };
                        if known.insert(group.dn.clone()) {
                            next.push((group.dn, name.clone()));
                            names.insert(name);
                        }
                    }
                }
                if known.len() > GROUPS_MAX {
                    return Err(Class::Incomplete);
                }
                members = next;
                if members.is_empty() {
                    break;
                }
            }
        }
        Ok(names.into_iter().collect())
    }

    async fn groups_by(
        &self,
        lease: &mut Lease<'_>,
        filter: &str,
    ) -> Result<Vec<SearchEntry>, Class> {
        let question = Question {
            base: &self.groups_base,
            scope: Scope::Subtree,
            filter,
            attributes: std::slice::from_ref(&self.directory.group_name),
            entries_max: GROUPS_MAX,
        };
        let found = lease.search(&question).await?;
        if found.is_cut {
            Err(Class::Incomplete)
        } else {
            Ok(found.entries)
        }
    }
}
