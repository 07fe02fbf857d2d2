//! The feed of roster changes: messaging writes them to mailboxes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use im_types::UserId;
use tokio::time::{Instant, sleep_until};

use super::Presence;
use super::contacts::ContactView;
use crate::domain::contact::RosterChange;
use crate::error::Error;

/// One change with the names of who is on the entry.
#[derive(Debug, Clone)]
pub struct FeedEntry {
    /// Contiguous.
    pub position: i64,
    /// The entry after the change.
    pub contact: ContactView,
}

/// Changes in order.
#[derive(Debug, Clone, Default)]
pub struct FeedPage {
    /// The changes.
    pub entries: Vec<FeedEntry>,
    /// The newest position there is.
    pub position: i64,
}

/// From one answer at the end of the feed to the next.
const PAUSE: Duration = Duration::from_millis(100);

/// When the end of the feed may be told next. Whoever follows the feed asks again until there is
/// nothing more, and while rosters change there always is: one call for each change, and one
/// transaction of the asker's.
#[derive(Debug, Default)]
pub(crate) struct FeedPace(Mutex<Option<Instant>>);

impl FeedPace {
    /// Until when to wait, if the last answer was a moment ago.
    fn quiet_until(&self, now: Instant) -> Option<Instant> {
        let told = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.map(|at| at + PAUSE).filter(|until| *until > now)
    }

    fn tell(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}

/// Changes followed at once.
const PAGE: i64 = 1_000;

impl Presence {
    /// Changes of rosters after a position. A full page is told at once, what is at the end of the
    /// feed ten times a second at most.
    pub async fn list_roster_changes(&self, after: i64, limit: i64) -> Result<FeedPage, Error> {
        let (changes, position) = self.paced_changes(after, limit).await?;
        let positions: Vec<i64> = changes.iter().map(|change| change.position).collect();
        let entries = changes.into_iter().map(|change| change.entry).collect();
        let contacts = self.name_entries(entries).await?;
        let entries = positions.into_iter().zip(contacts);
        let entries = entries.map(|(position, contact)| FeedEntry { position, contact });
        Ok(FeedPage {
            entries: entries.collect(),
            position,
        })
    }

    async fn paced_changes(
        &self,
        after: i64,
        limit: i64,
    ) -> Result<(Vec<RosterChange>, i64), Error> {
        let mut told = self.store.list_roster_changes(after, limit).await?;
        let is_full = |changes: &[RosterChange]| changes.len() as u64 >= limit.unsigned_abs();
        if is_full(&told.0) {
            return Ok(told);
        }
        if let Some(until) = self.feed_pace.quiet_until(Instant::now()) {
            let waited = self.shutdown.run_until_cancelled(sleep_until(until)).await;
            if waited.is_some() {
                told = self.store.list_roster_changes(after, limit).await?;
            }
        }
        if !is_full(&told.0) {
            self.feed_pace.tell(Instant::now());
        }
        Ok(told)
    }

    /// Follows the feed: whoever watches is told what the change means for them. Returns the
    /// position up to which it was followed.
    pub async fn follow_roster(&self, mut after: i64) -> Result<i64, Error> {
        loop {
            let (changes, position) = self.store.list_roster_changes(after, PAGE).await?;
            if changes.is_empty() {
                return Ok(position.max(after));
            }
            self.hub.with(|board, _| board.bump_generation());
            let mut pairs: Vec<(UserId, UserId)> = Vec::new();
            for change in &changes {
                after = after.max(change.position);
                pairs.push((change.entry.owner_id, change.entry.peer_id));
                pairs.push((change.entry.peer_id, change.entry.owner_id));
            }
            pairs.sort_unstable();
            pairs.dedup();
            for (viewer_id, subject_id) in pairs {
                self.resight_pair(viewer_id, subject_id).await?;
            }
            if after >= position {
                return Ok(after);
            }
        }
    }

    /// The newest position of the feed.
    pub async fn roster_position(&self) -> Result<i64, Error> {
        Ok(self.store.list_roster_changes(i64::MAX, 1).await?.1)
    }
}
