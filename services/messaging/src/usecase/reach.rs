//! What presence said of who reaches whom, for two seconds at most.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use im_types::{SiteId, UserId};
use tokio::time::Instant;

use super::core::Core;
use crate::domain::Verdict;
use crate::error::Error;

/// How long a verdict counts without a bell.
const KEPT_FOR: Duration = Duration::from_secs(2);
/// Questions to presence at once, of one request.
const QUESTIONS_MAX: usize = 32;
/// People asked for with one question.
const USERS_PER_QUESTION: usize = 1_000;
/// Verdicts kept; beyond it all are dropped, which costs one question each.
const VERDICTS_MAX: usize = 200_000;

type Key = (UserId, SiteId, UserId);

/// The verdicts.
#[derive(Debug, Default)]
pub struct Reach(Mutex<Verdicts>);

#[derive(Debug, Default)]
struct Verdicts {
    by_pair: HashMap<Key, (Verdict, Instant)>,
    /// Whose roster or facts changed, and when: older verdicts about them do not count.
    changed: HashMap<UserId, Instant>,
    all_changed: Option<Instant>,
}

impl Reach {
    /// Something changed about these people.
    pub fn drop_users(&self, user_ids: impl IntoIterator<Item = UserId>) {
        let now = Instant::now();
        let mut verdicts = self.lock();
        verdicts
            .changed
            .extend(user_ids.into_iter().map(|user_id| (user_id, now)));
    }

    /// Something changed, it is not known about whom.
    pub fn drop_all(&self) {
        let mut verdicts = self.lock();
        verdicts.by_pair.clear();
        verdicts.all_changed = Some(Instant::now());
    }

    /// Forgets what does not count any more.
    pub fn sweep(&self) {
        let now = Instant::now();
        let is_young = |at: &Instant| now.duration_since(*at) < KEPT_FOR;
        let mut verdicts = self.lock();
        verdicts
            .by_pair
            .retain(|_, (_, asked_at)| is_young(asked_at));
        // A question that is still under way may be older than what is kept.
        let is_recent = |at: &Instant| now.duration_since(*at) < Duration::from_mins(1);
        verdicts.changed.retain(|_, at| is_recent(at));
    }

    fn get(&self, key: &Key) -> Option<Verdict> {
        let verdicts = self.lock();
        let (verdict, asked_at) = verdicts.by_pair.get(key)?;
        let is_valid = asked_at.elapsed() < KEPT_FOR && verdicts.is_newer(key, *asked_at);
        is_valid.then_some(*verdict)
    }

    fn put(&self, key: Key, verdict: Verdict, asked_at: Instant) {
        let mut verdicts = self.lock();
        if verdicts.by_pair.len() >= VERDICTS_MAX {
            verdicts.by_pair.clear();
        }
        if verdicts.is_newer(&key, asked_at) {
            verdicts.by_pair.insert(key, (verdict, asked_at));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Verdicts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Verdicts {
    /// Whether nothing changed about both since the question was asked.
    fn is_newer(&self, (one, _, other): &Key, asked_at: Instant) -> bool {
        let mut changes = [one, other]
            .into_iter()
            .filter_map(|user_id| self.changed.get(user_id));
        changes.all(|at| *at < asked_at) && self.all_changed.is_none_or(|at| at < asked_at)
    }
}

impl Core {
    /// Whether a person on a site may write to these others, in the order asked.
    pub(super) async fn verdicts(
        &self,
        sender_id: UserId,
        site_id: &SiteId,
        user_ids: &[UserId],
    ) -> Result<Vec<Verdict>, Error> {
        let pairs = user_ids
            .iter()
            .map(|user_id| (sender_id, site_id.clone(), *user_id));
        let verdicts = self.verdicts_of(pairs.collect()).await?;
        let of = |user_id: &UserId| {
            let key = (sender_id, site_id.clone(), *user_id);
            verdicts
                .get(&key)
                .copied()
                .unwrap_or(Err(crate::domain::command::Unreachable::UserNotFound))
        };
        Ok(user_ids.iter().map(of).collect())
    }

    /// The verdicts of many pairs: those that are known, and those that presence says now.
    pub(super) async fn verdicts_of(
        &self,
        pairs: Vec<Key>,
    ) -> Result<HashMap<Key, Verdict>, Error> {
        let mut verdicts = HashMap::with_capacity(pairs.len());
        let mut unknown: HashMap<(UserId, SiteId), Vec<UserId>> = HashMap::new();
        for key in pairs {
            if let Some(verdict) = self.reach.get(&key) {
                verdicts.insert(key, verdict);
            } else {
                let (sender_id, site_id, user_id) = key;
                unknown
                    .entry((sender_id, site_id))
                    .or_default()
                    .push(user_id);
            }
        }
        if unknown.is_empty() {
            return Ok(verdicts);
        }
        let questions = unknown
            .into_iter()
            .flat_map(|((sender_id, site_id), mut user_ids)| {
                user_ids.sort_unstable();
                user_ids.dedup();
                let chunks: Vec<Vec<UserId>> = user_ids
                    .chunks(USERS_PER_QUESTION)
                    .map(<[UserId]>::to_vec)
                    .collect();
                chunks
                    .into_iter()
                    .map(move |chunk| (sender_id, site_id.clone(), chunk))
            });
        let questions: Vec<_> = questions.map(|question| self.ask(question)).collect();
        let answers: Vec<Vec<(Key, Verdict)>> = stream::iter(questions)
            .buffer_unordered(QUESTIONS_MAX)
            .try_collect()
            .await?;
        verdicts.extend(answers.into_iter().flatten());
        Ok(verdicts)
    }

    async fn ask(
        &self,
        (sender_id, site_id, user_ids): (UserId, SiteId, Vec<UserId>),
    ) -> Result<Vec<(Key, Verdict)>, Error> {
        let asked_at = Instant::now();
        let verdicts = self
            .presence
            .check_reach(sender_id, &site_id, &user_ids)
            .await?;
        let answered = user_ids
            .into_iter()
            .zip(verdicts)
            .map(|(user_id, verdict)| {
                let key = (sender_id, site_id.clone(), user_id);
                self.reach.put(key.clone(), verdict, asked_at);
                (key, verdict)
            });
        Ok(answered.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[tokio::test(start_paused = true)]
    async fn a_verdict_counts_two_seconds_unless_something_changes() {
        let reach = Reach::default();
        let key = (user(1), SiteId::default(), user(2));
        let put = || reach.put(key.clone(), Ok(()), Instant::now());
        put();
        assert_eq!(reach.get(&key), Some(Ok(())));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(reach.get(&key), None);

        put();
        reach.drop_users([user(2)]);
        assert_eq!(reach.get(&key), None);
        put();
        assert_eq!(reach.get(&key), None, "asked at the moment of the change");
        tokio::time::advance(Duration::from_millis(1)).await;
        put();
        assert_eq!(reach.get(&key), Some(Ok(())));
        let asked_before = Instant::now();
        tokio::time::advance(Duration::from_millis(1)).await;
        reach.drop_all();
        reach.put(key.clone(), Ok(()), asked_before);
        assert_eq!(
            reach.get(&key),
            None,
            "an answer that was under way is stale"
        );
    }
}
