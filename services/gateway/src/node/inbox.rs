//! What waits for one client: bounded, and without memory while nothing waits.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::session::{End, Input};

/// Entries that are told in one frame at most; small batches that wait are joined up to this.
const ENTRIES_PER_FRAME_MAX: usize = 64;

/// A queue with one reader.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Input>,
    /// The final thing is in the queue or was taken; nothing is put in any more.
    is_closed: bool,
}

impl Inbox {
    /// Puts something in. A queue of `inputs_max` is replaced by the news that its reader is too
    /// slow: nothing is lost, for it goes on from its cursor.
    pub(crate) fn push(&self, input: Input, inputs_max: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_closed {
            return;
        }
        let Some(input) = state.join(input) else {
            return;
        };
        if state.queue.len() >= inputs_max {
            state.close(End::SlowReader);
        } else {
            state.queue.push_back(input);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Ends the stream, before whatever waits.
    pub(crate) fn end(&self, end: End) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.is_closed {
            state.close(end);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// The next thing, without waiting.
    pub(crate) fn try_next(&self) -> Option<Input> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let input = state.queue.pop_front();
        if state.queue.is_empty() {
            state.queue = VecDeque::new();
        }
        input
    }

    /// The next thing. Cancel-safe.
    pub(crate) async fn next(&self) -> Input {
        loop {
            if let Some(input) = self.try_next() {
                return input;
            }
            self.changed.notified().await;
        }
    }
}

impl State {
    fn close(&mut self, end: End) {
        self.queue = VecDeque::from([Input::End(end)]);
        self.is_closed = true;
    }

    /// Adds entries to the batch that waits last, if both are small.
    fn join(&mut self, input: Input) -> Option<Input> {
        let Input::Batch(mut batch) = input else {
            return Some(input);
        };
        if let Some(Input::Batch(last)) = self.queue.back_mut()
            && last.entries.len() + batch.entries.len() <= ENTRIES_PER_FRAME_MAX
        {
            last.entries.append(&mut batch.entries);
            last.cursor = batch.cursor;
            return None;
        }
        Some(Input::Batch(batch))
    }
}

#[cfg(test)]
mod tests {
    use im_proto::messaging::{Batch, Entry};

    use super::*;

    fn batch(seqs: std::ops::RangeInclusive<i64>) -> Input {
        let cursor = format!("1.{}", seqs.end());
        let entries = seqs
            .map(|seq| Entry {
                seq,
                ..Default::default()
            })
            .collect();
        Input::Batch(Batch { entries, cursor })
    }

    fn take(inbox: &Inbox) -> Vec<Input> {
        std::iter::from_fn(|| inbox.try_next()).collect()
    }

    #[test]
    fn small_batches_are_joined_without_a_gap() {
        let inbox = Inbox::default();
        inbox.push(batch(1..=2), 8);
        inbox.push(batch(3..=3), 8);
        inbox.push(batch(4..=70), 8);
        let taken = take(&inbox);
        let [Input::Batch(first), Input::Batch(second)] = taken.as_slice() else {
            panic!("{taken:?}");
        };
        let seqs: Vec<i64> = first.entries.iter().map(|entry| entry.seq).collect();
        assert_eq!((seqs, first.cursor.as_str()), (vec![1, 2, 3], "1.3"));
        assert_eq!(second.entries.len(), 67);
    }

    #[test]
    fn a_full_queue_becomes_the_news_that_the_reader_is_slow() {
        let inbox = Inbox::default();
        for _ in 0..9 {
            inbox.push(Input::Alive, 8);
        }
        inbox.push(Input::Alive, 8);
        assert!(matches!(
            take(&inbox).as_slice(),
            [Input::End(End::SlowReader)]
        ));
    }

    #[test]
    fn an_end_overtakes_what_waits_and_stays_the_last() {
        let inbox = Inbox::default();
        inbox.push(batch(1..=2), 8);
        inbox.end(End::HeartbeatLost);
        inbox.end(End::SlowReader);
        inbox.push(batch(3..=3), 8);
        assert!(matches!(
            take(&inbox).as_slice(),
            [Input::End(End::HeartbeatLost)]
        ));
    }
}
