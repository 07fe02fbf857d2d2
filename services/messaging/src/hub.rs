//! Who reads which mailbox here, and the newest entries of those mailboxes.
//!
//! Readers pull: a reader is told that there is something, takes as much as it has room for, and
//! nothing is queued for one that does not. What is no longer in memory is in the database.

mod feed;
mod inbox;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use im_types::UserId;

pub use feed::{Feed, Taken};
pub use inbox::{Inbox, ReaderKey};

use crate::domain::Entry;

/// The mailboxes that somebody reads here.
#[derive(Debug)]
pub struct Hub {
    feeds: RwLock<HashMap<UserId, Arc<Feed>>>,
    ring_bytes_max: usize,
}

impl Hub {
    /// A hub that keeps so many bytes of each mailbox.
    pub fn new(ring_bytes_max: usize) -> Self {
        Self {
            feeds: RwLock::default(),
            ring_bytes_max,
        }
    }

    /// Adds a reader.
    pub fn attach(&self, user_id: UserId, inbox: &Arc<Inbox>, key: ReaderKey) -> Arc<Feed> {
        let mut feeds = self.feeds.write().unwrap_or_else(PoisonError::into_inner);
        let feed = feeds
            .entry(user_id)
            .or_insert_with(|| Arc::new(Feed::new(user_id, self.ring_bytes_max)));
        feed.add_reader(inbox, key);
        Arc::clone(feed)
    }

    /// Takes a reader away, and the mailbox with the last one.
    pub fn detach(&self, feed: &Arc<Feed>, inbox: &Arc<Inbox>, key: ReaderKey) {
        let mut feeds = self.feeds.write().unwrap_or_else(PoisonError::into_inner);
        if feed.remove_reader(inbox, key) {
            let user_id = feed.user_id();
            if feeds
                .get(&user_id)
                .is_some_and(|kept| Arc::ptr_eq(kept, feed))
            {
                feeds.remove(&user_id);
            }
        }
    }

    /// Entries that were committed here; those of one mailbox in order.
    pub fn deliver(&self, entries: Vec<(UserId, Entry)>) {
        let feeds = self.feeds.read().unwrap_or_else(PoisonError::into_inner);
        for (user_id, entry) in entries {
            if let Some(feed) = feeds.get(&user_id) {
                feed.push(entry);
            }
        }
    }

    /// A mailbox is known to have come so far. Whether that is news to somebody who reads it here.
    pub fn note(&self, user_id: UserId, last_seq: i64) -> bool {
        let feeds = self.feeds.read().unwrap_or_else(PoisonError::into_inner);
        feeds.get(&user_id).is_some_and(|feed| feed.note(last_seq))
    }

    /// Whose mailboxes are read here.
    pub fn user_ids(&self) -> Vec<UserId> {
        self.feeds
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .copied()
            .collect()
    }
}
