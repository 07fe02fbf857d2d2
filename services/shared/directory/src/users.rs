//! The cache of people.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use im_types::UserId;
use moka::sync::Cache;
use tokio::time::Instant;

use crate::{AuthSource, DirectoryError, GroupMembers, UserFacts};

/// People asked for with one call.
const USERS_PER_CALL: usize = 1000;
/// Groups with all their members are large; few are in use at a time.
const GROUP_LISTS_MAX: u64 = 1000;
/// How long somebody who did not exist is not asked for again.
const ABSENT_FOR: Duration = Duration::from_secs(1);
/// How long what is not confirmed is kept for a time when auth is away.
const KEPT_FOR: Duration = Duration::from_hours(24);

#[derive(Debug, Clone)]
struct Entry<T> {
    /// `None`: there is no such person.
    value: Option<T>,
    asked_at: Instant,
}

/// Facts of people and their groups. Entries are dropped by the feed of changes; after
/// `fresh_for` they are asked for again nevertheless, and served as they are while auth is away.
#[derive(Debug)]
pub(crate) struct UserCache {
    facts: Cache<UserId, Entry<Arc<UserFacts>>>,
    groups: Cache<UserId, Entry<Arc<Vec<GroupMembers>>>>,
    /// Counts what was dropped, so that an answer that was under way meanwhile is not kept.
    drops: AtomicU64,
    fresh_for: Duration,
}

/// What the cache had to say about the people asked for.
struct Lookup {
    found: HashMap<UserId, Arc<UserFacts>>,
    missing: Vec<UserId>,
}

impl UserCache {
    pub(crate) fn new(users_max: u64, fresh_for: Duration) -> Self {
        let facts = Cache::builder()
            .max_capacity(users_max)
            .time_to_live(KEPT_FOR);
        let groups = Cache::builder()
            .max_capacity(GROUP_LISTS_MAX)
            .time_to_live(KEPT_FOR);
        Self {
            facts: facts.build(),
            groups: groups.build(),
            drops: AtomicU64::new(0),
            fresh_for,
        }
    }

    /// A person's facts changed.
    pub(crate) fn drop_user(&self, user_id: UserId) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        self.facts.invalidate(&user_id);
        self.groups.invalidate(&user_id);
    }

    /// Anybody's facts may have changed.
    pub(crate) fn drop_all(&self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        self.facts.invalidate_all();
        self.groups.invalidate_all();
    }

    fn is_fresh<T>(&self, entry: &Entry<T>) -> bool {
        let fresh_for = if entry.value.is_some() {
            self.fresh_for
        } else {
            ABSENT_FOR
        };
        entry.asked_at.elapsed() < fresh_for
    }

    fn lookup(&self, user_ids: &[UserId], accept_stale: bool) -> Lookup {
        let mut lookup = Lookup {
            found: HashMap::with_capacity(user_ids.len()),
            missing: vec![],
        };
        for user_id in user_ids {
            match self.facts.get(user_id) {
                Some(entry) if accept_stale || self.is_fresh(&entry) => {
                    lookup
                        .found
                        .extend(entry.value.map(|facts| (*user_id, facts)));
                }
                _ => lookup.missing.push(*user_id),
            }
        }
        lookup.missing.sort_unstable();
        lookup.missing.dedup();
        lookup
    }

    /// The facts of those who exist. `is_away` says that auth did not answer lately: then what is
    /// old is good enough.
    pub(crate) async fn facts(
        &self,
        source: &dyn AuthSource,
        user_ids: &[UserId],
        is_away: bool,
    ) -> Result<HashMap<UserId, Arc<UserFacts>>, DirectoryError> {
        let Lookup { mut found, missing } = self.lookup(user_ids, is_away);
        for chunk in missing.chunks(USERS_PER_CALL) {
            match self.ask(source, chunk).await {
                Ok(answered) => found.extend(answered),
                Err(error) => {
                    let old = self.lookup(chunk, true);
                    if !old.missing.is_empty() {
                        return Err(error);
                    }
                    found.extend(old.found);
                }
            }
        }
        Ok(found)
    }

    async fn ask(
        &self,
        source: &dyn AuthSource,
        user_ids: &[UserId],
    ) -> Result<HashMap<UserId, Arc<UserFacts>>, DirectoryError> {
        let drops_before = self.drops.load(Ordering::SeqCst);
        let asked_at = Instant::now();
        let answer = source
            .users(user_ids.iter().map(ToString::to_string).collect())
            .await?;
        let found: HashMap<UserId, Arc<UserFacts>> = answer
            .into_iter()
            .filter_map(UserFacts::from_proto)
            .map(|facts| (facts.user_id, Arc::new(facts)))
            .collect();
        for user_id in user_ids {
            let value = found.get(user_id).cloned();
            self.facts.insert(*user_id, Entry { value, asked_at });
        }
        if self.drops.load(Ordering::SeqCst) != drops_before {
            for user_id in user_ids {
                self.facts.invalidate(user_id);
            }
        }
        Ok(found)
    }

    /// A person's groups.
    pub(crate) async fn groups(
        &self,
        source: &dyn AuthSource,
        user_id: UserId,
        is_away: bool,
    ) -> Result<Arc<Vec<GroupMembers>>, DirectoryError> {
        let known = self.groups.get(&user_id);
        let old = known.as_ref().and_then(|entry| entry.value.clone());
        if let Some(groups) = &old
            && (is_away || known.as_ref().is_some_and(|entry| self.is_fresh(entry)))
        {
            return Ok(Arc::clone(groups));
        }
        let drops_before = self.drops.load(Ordering::SeqCst);
        let asked_at = Instant::now();
        let answer = match source.common_groups(user_id.to_string()).await {
            Ok(answer) => answer,
            Err(status) => return old.ok_or_else(|| status.into()),
        };
        let groups: Arc<Vec<GroupMembers>> = Arc::new(
            answer
                .groups
                .into_iter()
                .filter_map(GroupMembers::from_proto)
                .collect(),
        );
        self.groups.insert(
            user_id,
            Entry {
                value: Some(Arc::clone(&groups)),
                asked_at,
            },
        );
        if self.drops.load(Ordering::SeqCst) != drops_before {
            self.groups.invalidate(&user_id);
        }
        Ok(groups)
    }
}
