//! What a stream's task is woken by.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// A reader within its stream.
pub type ReaderKey = u64;

/// The readers of one stream that have something to take. A reader is in it once at most, so it
/// is never longer than there are readers.
#[derive(Debug, Default)]
pub struct Inbox {
    waiting: Mutex<Vec<ReaderKey>>,
    changed: Notify,
}

impl Inbox {
    /// Notes a reader; whoever calls sees to it that it is noted once.
    pub(super) fn push(&self, key: ReaderKey) {
        let is_first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push(key);
            waiting.len() == 1
        };
        if is_first {
            self.changed.notify_one();
        }
    }

    /// Waits until there is a reader. Cancel-safe.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Takes all of them.
    pub fn take(&self) -> Vec<ReaderKey> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
