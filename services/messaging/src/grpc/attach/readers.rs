//! The readers of a stream: where each is, and what it has room for. No I/O.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use im_types::UserId;
use tokio::time::Instant;

use crate::domain::{Cursor, Entry, fitting};
use crate::hub::{Feed, Hub, Inbox, ReaderKey, Taken};
use crate::metrics::MessagingMetrics;

/// One client's reading.
struct Reader {
    connection_id: String,
    user_id: UserId,
    feed: Arc<Feed>,
    /// What the client has been sent; `None` before that is known.
    cursor: Option<Cursor>,
    credit: usize,
    /// The database is being read for it.
    is_reading: bool,
    /// Since when something waits that it has no room for.
    waiting_since: Option<Instant>,
}

/// The readers of one stream.
pub(super) struct Readers {
    hub: Arc<Hub>,
    inbox: Arc<Inbox>,
    by_key: HashMap<ReaderKey, Reader>,
    by_connection: HashMap<String, ReaderKey>,
    next_key: ReaderKey,
    woken: VecDeque<ReaderKey>,
    failed: Vec<ReaderKey>,
    metrics: MessagingMetrics,
}

/// What a reader gets next.
pub(super) enum Step {
    /// Entries, and where it is after them.
    Entries((String, UserId), Vec<Entry>, Cursor),
    /// They have to be read, after this number.
    Behind(UserId, i64),
    /// It has all, or no room, or is being read for.
    Nothing,
}

impl Readers {
    pub(super) fn new(hub: Arc<Hub>, metrics: MessagingMetrics) -> Self {
        Self {
            hub,
            inbox: Arc::default(),
            by_key: HashMap::new(),
            by_connection: HashMap::new(),
            next_key: 0,
            woken: VecDeque::new(),
            failed: Vec::new(),
            metrics,
        }
    }

    pub(super) const fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Adds a reader. One with the same connection is replaced.
    pub(super) fn open(
        &mut self,
        connection_id: String,
        user_id: UserId,
        credit: i32,
    ) -> ReaderKey {
        self.close(&connection_id);
        self.next_key += 1;
        let key = self.next_key;
        let reader = Reader {
            connection_id: connection_id.clone(),
            user_id,
            feed: self.hub.attach(user_id, &self.inbox, key),
            cursor: None,
            credit: usize::try_from(credit).unwrap_or_default(),
            is_reading: false,
            waiting_since: None,
        };
        self.by_key.insert(key, reader);
        self.metrics.reader_opened();
        self.by_connection.insert(connection_id, key);
        key
    }

    /// From here on the reader gets entries.
    pub(super) fn start(&mut self, key: ReaderKey, cursor: Cursor, last_seq: i64) {
        if let Some(reader) = self.by_key.get_mut(&key) {
            reader.cursor = Some(cursor);
            reader.feed.note(last_seq);
            self.woken.push_back(key);
        }
    }

    pub(super) fn close(&mut self, connection_id: &str) {
        if let Some(key) = self.by_connection.get(connection_id).copied() {
            self.take_away(key);
        }
    }

    /// Takes a reader away and answers its connection.
    pub(super) fn take_away(&mut self, key: ReaderKey) -> Option<String> {
        let reader = self.by_key.remove(&key)?;
        self.metrics.readers_gone(1);
        self.by_connection.remove(&reader.connection_id);
        self.hub.detach(&reader.feed, &self.inbox, key);
        Some(reader.connection_id)
    }

    pub(super) fn of(&self, key: ReaderKey) -> Option<(String, UserId)> {
        let reader = self.by_key.get(&key)?;
        Some((reader.connection_id.clone(), reader.user_id))
    }

    pub(super) fn add_credit(&mut self, connection_id: &str, entries: i32) {
        let key = self.by_connection.get(connection_id).copied();
        let Some(reader) = key.and_then(|key| self.by_key.get_mut(&key)) else {
            return;
        };
        reader.credit = reader
            .credit
            .saturating_add(usize::try_from(entries).unwrap_or_default());
        reader.waiting_since = None;
        if let Some(key) = key {
            reader.feed.wake(&self.inbox, key);
        }
    }

    /// At most `limit` of those who were woken.
    pub(super) fn woken(&mut self, limit: usize) -> Vec<ReaderKey> {
        self.woken.extend(self.inbox.take());
        let count = self.woken.len().min(limit);
        self.woken.drain(..count).collect()
    }

    /// Takes from memory what a reader has room for.
    pub(super) fn step(&mut self, key: ReaderKey, entries_max: usize) -> Step {
        let Some(reader) = self.by_key.get_mut(&key) else {
            return Step::Nothing;
        };
        let Some(cursor) = reader.cursor.filter(|_| !reader.is_reading) else {
            // It will be looked at when the read is done; until then nothing need wake it.
            return Step::Nothing;
        };
        let limit = reader.credit.min(entries_max);
        match reader.feed.take(&self.inbox, key, cursor.seq, limit) {
            Taken::Nothing => Step::Nothing,
            _ if limit == 0 => {
                reader.waiting_since.get_or_insert_with(Instant::now);
                Step::Nothing
            }
            Taken::Behind => {
                reader.is_reading = true;
                Step::Behind(reader.user_id, cursor.seq)
            }
            Taken::Entries(mut entries, mut has_more) => {
                has_more |= cut(&mut entries);
                let Some(cursor) = reader.advance(&entries) else {
                    return Step::Nothing;
                };
                if has_more {
                    self.woken.push_back(key);
                }
                Step::Entries(
                    (reader.connection_id.clone(), reader.user_id),
                    entries,
                    cursor,
                )
            }
        }
    }

    /// Gives readers what was read for them, and looks at them again. Those for whom the next
    /// entry was not there are answered besides.
    pub(super) fn apply<T>(
        &mut self,
        keys: &[ReaderKey],
        read: &[(UserId, Entry)],
        deliver: impl Fn((String, UserId), &[Entry], Cursor) -> T,
    ) -> (Vec<T>, Vec<(ReaderKey, UserId)>) {
        let mut deliveries = Vec::with_capacity(keys.len());
        let mut lost = Vec::new();
        for key in keys {
            let Some(reader) = self.by_key.get_mut(key) else {
                continue;
            };
            reader.is_reading = false;
            let own = read
                .iter()
                .filter(|(user_id, _)| *user_id == reader.user_id);
            let entries = own.map(|(_, entry)| entry).take(reader.credit.max(1));
            let mut entries: Vec<Entry> = entries.cloned().collect();
            // It is woken again in any case.
            cut(&mut entries);
            if let Some(cursor) = reader.advance(&entries) {
                let about = (reader.connection_id.clone(), reader.user_id);
                deliveries.push(deliver(about, &entries, cursor));
                self.woken.push_back(*key);
            } else {
                lost.push((*key, reader.user_id));
            }
        }
        (deliveries, lost)
    }

    /// Where a reader is, as text.
    pub(super) fn cursor_of(&self, key: ReaderKey) -> Option<String> {
        self.by_key.get(&key)?.cursor.map(|cursor| cursor.encode())
    }

    /// A read failed; the readers are looked at again with the next [`Readers::wake_failed`].
    pub(super) fn retry_later(&mut self, keys: Vec<ReaderKey>) {
        for key in &keys {
            if let Some(reader) = self.by_key.get_mut(key) {
                reader.is_reading = false;
            }
        }
        self.failed.extend(keys);
    }

    pub(super) fn wake_failed(&mut self) {
        self.woken.extend(self.failed.drain(..));
    }

    /// Takes those away who have left waiting too long what came for them.
    pub(super) fn slow(&mut self, timeout: Duration) -> Vec<String> {
        let is_slow = |reader: &Reader| {
            reader
                .waiting_since
                .is_some_and(|since| since.elapsed() >= timeout)
        };
        let slow = self
            .by_key
            .iter()
            .filter(|(_, reader)| is_slow(reader))
            .map(|(key, _)| *key);
        let slow: Vec<ReaderKey> = slow.collect();
        slow.into_iter()
            .filter_map(|key| self.take_away(key))
            .collect()
    }
}

/// Leaves what fits into one delivery. Whether there was more.
fn cut(entries: &mut Vec<Entry>) -> bool {
    let count = fitting(entries.iter().map(Entry::bytes));
    let is_cut = count < entries.len();
    entries.truncate(count);
    is_cut
}

impl Reader {
    /// Notes that the entries are under way. `None` if there are none, or not the next ones.
    fn advance(&mut self, entries: &[Entry]) -> Option<Cursor> {
        let cursor = self.cursor.as_mut()?;
        let (first, last) = (entries.first()?, entries.last()?);
        if first.seq != cursor.seq + 1 {
            return None;
        }
        cursor.seq = last.seq;
        self.credit = self.credit.saturating_sub(entries.len());
        Some(*cursor)
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.metrics.readers_gone(self.by_key.len());
        for (key, reader) in self.by_key.drain() {
            self.hub.detach(&reader.feed, &self.inbox, key);
        }
    }
}
