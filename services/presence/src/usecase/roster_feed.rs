//! The feed of roster changes: messaging writes them to mailboxes.

use im_types::UserId;

use super::Presence;
use super::contacts::ContactView;
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

/// Changes followed at once.
const PAGE: i64 = 1_000;

impl Presence {
    /// Changes of rosters after a position.
    pub async fn list_roster_changes(&self, after: i64, limit: i64) -> Result<FeedPage, Error> {
        let (changes, position) = self.store.list_roster_changes(after, limit).await?;
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
