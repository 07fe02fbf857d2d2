//! The subscriptions of this process, and what is counted. Shared by both kinds of bus.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::inbox::Inbox;
use crate::{BusError, Message, SubjectFilter};

pub(crate) type InboxId = u64;

/// What happened on a bus since it was opened; all values only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BusStats {
    /// Messages handed to the bus.
    pub published: u64,
    /// Messages of ours that were dropped: the queue to the server was full, the payload too
    /// long, or the bus closed.
    pub dropped: u64,
    /// Messages put into subscriptions (one message counts once for each).
    pub delivered: u64,
    /// Messages that slow subscribers missed.
    pub missed: u64,
    /// Times the connection to the server came back.
    pub reconnected: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Hub {
    entries: RwLock<HashMap<InboxId, Entry>>,
    next_id: AtomicU64,
    is_closed: AtomicBool,
    published: AtomicU64,
    dropped: AtomicU64,
    delivered: AtomicU64,
    missed: AtomicU64,
    reconnected: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    filter: SubjectFilter,
    inbox: Arc<Inbox>,
}

impl Hub {
    pub(crate) fn add(
        &self,
        filter: SubjectFilter,
        queue_length: usize,
    ) -> Result<(InboxId, Arc<Inbox>), BusError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let inbox = Arc::new(Inbox::new(queue_length));
        let entry = Entry {
            filter,
            inbox: Arc::clone(&inbox),
        };
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that `close` either sees the entry or is seen here.
        if self.is_closed() {
            return Err(BusError::Closed);
        }
        entries.insert(id, entry);
        Ok((id, inbox))
    }

    pub(crate) fn remove(&self, id: InboxId) {
        self.entries
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
    }

    pub(crate) fn len(&self) -> usize {
        self.entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Puts a message into every subscription it is for.
    pub(crate) fn deliver(&self, message: &Message) {
        for entry in self
            .entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
        {
            if entry.filter.matches(&message.subject) {
                self.deliver_to(&entry.inbox, message.clone());
            }
        }
    }

    /// Puts a message into one subscription.
    pub(crate) fn deliver_to(&self, inbox: &Inbox, message: Message) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
        if inbox.push(message) {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Tells every subscription that the connection was away.
    pub(crate) fn tell_reconnected(&self) {
        self.reconnected.fetch_add(1, Ordering::Relaxed);
        for entry in self
            .entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
        {
            entry.inbox.set_reconnected();
        }
    }

    /// Tells every subscription that something was lost on the way, it is not known whose.
    pub(crate) fn tell_missed(&self, missed: u64) {
        self.missed.fetch_add(missed, Ordering::Relaxed);
        for entry in self
            .entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
        {
            entry.inbox.add_missed(missed);
        }
    }

    /// Ends all subscriptions and refuses new ones.
    pub(crate) fn close(&self) {
        let entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        self.is_closed.store(true, Ordering::Release);
        for entry in entries.values() {
            entry.inbox.close();
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    pub(crate) fn count_published(&self) {
        self.published.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_dropped(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> BusStats {
        BusStats {
            published: self.published.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            delivered: self.delivered.load(Ordering::Relaxed),
            missed: self.missed.load(Ordering::Relaxed),
            reconnected: self.reconnected.load(Ordering::Relaxed),
        }
    }
}
