//! One mailbox that somebody reads here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use im_types::UserId;

use super::inbox::{Inbox, ReaderKey};
use crate::domain::Entry;

/// The newest entries of a mailbox and its readers.
#[derive(Debug)]
pub struct Feed {
    user_id: UserId,
    ring_bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The newest entry that is known of.
    last_seq: i64,
    /// The newest entries without a gap, up to `last_seq`; may be empty.
    ring: VecDeque<Entry>,
    ring_bytes: usize,
    readers: Vec<Reader>,
}

#[derive(Debug)]
struct Reader {
    inbox: Arc<Inbox>,
    key: ReaderKey,
    /// It was woken and has not looked since.
    is_woken: bool,
}

/// What a reader gets.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// Entries; whether there are more.
    Entries(Vec<Entry>, bool),
    /// It has all.
    Nothing,
    /// What comes next is in the database only.
    Behind,
}

impl Feed {
    pub(super) fn new(user_id: UserId, ring_bytes_max: usize) -> Self {
        Self {
            user_id,
            ring_bytes_max,
            state: Mutex::default(),
        }
    }

    /// Whose mailbox.
    pub const fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The newest entry that is known of.
    pub fn last_seq(&self) -> i64 {
        self.lock().last_seq
    }

    /// Takes at most `limit` entries after `position`. The reader will be woken by the next entry.
    pub fn take(&self, inbox: &Arc<Inbox>, key: ReaderKey, position: i64, limit: usize) -> Taken {
        let mut state = self.lock();
        if let Some(reader) = state.reader(inbox, key) {
            reader.is_woken = false;
        }
        if position >= state.last_seq {
            return Taken::Nothing;
        }
        let oldest = state.ring.front().map_or(i64::MAX, |entry| entry.seq);
        if position + 1 < oldest {
            return Taken::Behind;
        }
        let skipped = usize::try_from(position + 1 - oldest).unwrap_or(usize::MAX);
        let entries: Vec<Entry> = state
            .ring
            .iter()
            .skip(skipped)
            .take(limit)
            .cloned()
            .collect();
        let has_more = entries
            .last()
            .is_none_or(|entry| entry.seq < state.last_seq);
        Taken::Entries(entries, has_more)
    }

    /// Wakes one reader, as if something had come.
    pub fn wake(&self, inbox: &Arc<Inbox>, key: ReaderKey) {
        let mut state = self.lock();
        if let Some(reader) = state.reader(inbox, key) {
            reader.wake();
        }
    }

    /// An entry that was committed here. Lanes may hand entries over in another order than that of
    /// their commits; then the one that is missing is read from the database.
    pub(super) fn push(&self, entry: Entry) {
        let mut state = self.lock();
        if entry.seq <= state.last_seq {
            return;
        }
        if entry.seq != state.last_seq + 1 {
            state.ring.clear();
            state.ring_bytes = 0;
        }
        state.last_seq = entry.seq;
        state.ring_bytes += entry.bytes();
        state.ring.push_back(entry);
        while state.ring_bytes > self.ring_bytes_max {
            let Some(oldest) = state.ring.pop_front() else {
                break;
            };
            state.ring_bytes -= oldest.bytes();
        }
        state.readers.iter_mut().for_each(Reader::wake);
    }

    /// The mailbox is known to have come so far. Whether that is news.
    pub fn note(&self, last_seq: i64) -> bool {
        let mut state = self.lock();
        let is_news = last_seq > state.last_seq;
        if is_news {
            state.last_seq = last_seq;
            state.ring.clear();
            state.ring_bytes = 0;
            state.readers.iter_mut().for_each(Reader::wake);
        }
        is_news
    }

    pub(super) fn add_reader(&self, inbox: &Arc<Inbox>, key: ReaderKey) {
        let inbox = Arc::clone(inbox);
        self.lock().readers.push(Reader {
            inbox,
            key,
            is_woken: false,
        });
    }

    /// Whether it was the last one.
    pub(super) fn remove_reader(&self, inbox: &Arc<Inbox>, key: ReaderKey) -> bool {
        let mut state = self.lock();
        state
            .readers
            .retain(|reader| reader.key != key || !Arc::ptr_eq(&reader.inbox, inbox));
        state.readers.is_empty()
    }

    /// A panic elsewhere cannot leave the state half changed, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn reader(&mut self, inbox: &Arc<Inbox>, key: ReaderKey) -> Option<&mut Reader> {
        let mut readers = self.readers.iter_mut();
        readers.find(|reader| reader.key == key && Arc::ptr_eq(&reader.inbox, inbox))
    }
}

impl Reader {
    fn wake(&mut self) {
        if !self.is_woken {
            self.is_woken = true;
            self.inbox.push(self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EntryBody, entry::ENTRY_BYTES};
    use im_types::ConversationId;

    fn entry(seq: i64) -> Entry {
        let conversation_id = ConversationId::from_uuid(uuid::Uuid::nil());
        Entry {
            seq,
            body: EntryBody::Advanced {
                conversation_id,
                last_seq: seq,
            },
        }
    }

    fn feed(entries_kept: usize) -> (Feed, Arc<Inbox>) {
        let user_id = UserId::from_uuid(uuid::Uuid::nil());
        let feed = Feed::new(user_id, entries_kept * ENTRY_BYTES);
        let inbox = Arc::new(Inbox::default());
        feed.add_reader(&inbox, 7);
        (feed, inbox)
    }

    fn seqs(taken: Taken) -> (Vec<i64>, bool) {
        match taken {
            Taken::Entries(entries, has_more) => {
                (entries.iter().map(|entry| entry.seq).collect(), has_more)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_reader_is_woken_once_and_takes_what_it_has_room_for() {
        let (feed, inbox) = feed(10);
        (1..=3).for_each(|seq| feed.push(entry(seq)));
        assert_eq!(inbox.take(), [7]);
        assert_eq!(inbox.take(), [0; 0]);
        assert_eq!(seqs(feed.take(&inbox, 7, 0, 2)), (vec![1, 2], true));
        assert_eq!(seqs(feed.take(&inbox, 7, 2, 2)), (vec![3], false));
        assert_eq!(feed.take(&inbox, 7, 3, 2), Taken::Nothing);
        feed.push(entry(4));
        assert_eq!(inbox.take(), [7]);
    }

    #[test]
    fn what_is_not_in_the_ring_is_in_the_database() {
        let (feed, inbox) = feed(2);
        (1..=4).for_each(|seq| feed.push(entry(seq)));
        assert_eq!(feed.take(&inbox, 7, 1, 9), Taken::Behind);
        assert_eq!(seqs(feed.take(&inbox, 7, 2, 9)), (vec![3, 4], false));
        feed.push(entry(6));
        assert_eq!(feed.take(&inbox, 7, 4, 9), Taken::Behind);
        assert_eq!(seqs(feed.take(&inbox, 7, 5, 9)), (vec![6], false));
        feed.push(entry(5));
        assert!(!feed.note(6));
        assert_eq!(feed.last_seq(), 6);
        assert!(feed.note(9));
        assert_eq!(feed.take(&inbox, 7, 6, 9), Taken::Behind);
    }
}
