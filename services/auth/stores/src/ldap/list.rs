//! Everybody in a directory, for a sync.
//!
//! A server has no order of ids, and its place in a long answer belongs to one connection. So all
//! people are read at once, page by page, and kept for as long as somebody reads on.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use ldap3::{Scope, SearchEntry};
use tokio::time::Instant;

use super::entry::{id_of, person_of};
use super::link::{Bound, Question};
use super::pool::Lease;
use super::store::LdapStore;
use crate::answer::{Class, ExternalId, Page, Person, StoredRow};

/// Most people of one directory that are read.
const PEOPLE_MAX: usize = 100_000;
/// Most people of one page.
const PAGE_PEOPLE_MAX: usize = 1_000;
/// The time for reading everybody.
const READ_MAX: Duration = Duration::from_mins(2);
/// Whoever reads on more slowly begins with fresh facts.
const KEPT_FOR: Duration = Duration::from_mins(10);

#[derive(Debug)]
pub(super) struct Snapshot {
    people: Arc<[Person]>,
    at: Instant,
}

impl LdapStore {
    /// The people behind `after` in the order of their ids, at most `limit` (and 1,000), without
    /// groups. A set that is not whole is an error ([`Class::Incomplete`]), never a short list.
    pub async fn list(&self, after: Option<&ExternalId>, limit: usize) -> Result<Page, Class> {
        let limit = limit.clamp(1, PAGE_PEOPLE_MAX);
        let people = match after.and_then(|_| self.kept()) {
            Some(people) => people,
            None => self.read_all().await?,
        };
        let begin = after.map_or(0, |id| people.partition_point(|one| one.external_id <= *id));
        let rest = people.get(begin..).unwrap_or_default();
        let page = rest.get(..limit).unwrap_or(rest).to_vec();
        let next = page
            .last()
            .filter(|_| rest.len() > limit)
            .map(|last| last.external_id.clone());
        let snapshot = next.is_some().then(|| Snapshot {
            people,
            at: Instant::now(),
        });
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(Page { people: page, next })
    }

    fn kept(&self) -> Option<Arc<[Person]>> {
        let snapshot = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = snapshot
            .as_ref()
            .filter(|snapshot| snapshot.at.elapsed() < KEPT_FOR)?;
        Some(Arc::clone(&fresh.people))
    }

    async fn read_all(&self) -> Result<Arc<[Person]>, Class> {
        let deadline = Instant::now() + READ_MAX;
        loop {
            let mut lease = self.pool.take(Bound::Searcher, deadline).await?;
            let people = self.read_all_on(&mut lease).await;
            let again = lease.is_worth_another(&people);
            lease.done(&people);
            if !again {
                return people;
            }
        }
    }

    async fn read_all_on(&self, lease: &mut Lease<'_>) -> Result<Arc<[Person]>, Class> {
        let everybody = &self.directory.people;
        let entries = self.everyone(lease, everybody, &self.requested).await?;
        let active = match self.directory.active_filter() {
            Some(filter) => {
                let id = std::slice::from_ref(&self.directory.id);
                let entries = self.everyone(lease, &filter, id).await?;
                let ids = entries
                    .iter()
                    .filter_map(|entry| id_of(&self.directory, entry));
                Some(ids.collect::<HashSet<_>>())
            }
            None => None,
        };
        let mut people = Vec::with_capacity(entries.len());
        for entry in &entries {
            let mut person = person_of(&self.directory, &self.logins, entry, None)?;
            person.is_active = active
                .as_ref()
                .is_none_or(|ids| ids.contains(&person.external_id));
            person.row = StoredRow::default();
            people.push(person);
        }
        people.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        // Two with one id: then it is not an id.
        if people.is_sorted_by(|a, b| a.external_id < b.external_id) {
            Ok(people.into())
        } else {
            Err(Class::Protocol)
        }
    }

    /// All entries that pass the filter.
    pub(super) async fn everyone(
        &self,
        lease: &mut Lease<'_>,
        filter: &str,
        attributes: &[String],
    ) -> Result<Vec<SearchEntry>, Class> {
        let question = Question {
            base: &self.base,
            scope: Scope::Subtree,
            filter,
            attributes,
            entries_max: PEOPLE_MAX,
        };
        lease.search_all(&question).await
    }
}
