//! The bounded queue between the bus and one subscriber. No I/O: both kinds of bus put messages in
//! without ever waiting, and the subscriber takes them out.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::sync::Notify;

use crate::{Event, Message};

/// Keeps the newest `capacity` messages. The oldest go first on overflow, because the subscriber
/// will read everything again anyway, and what comes after that must not be missing.
#[derive(Debug)]
pub(crate) struct Inbox {
    capacity: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Message>,
    missed: u64,
    is_reconnected: bool,
    is_closed: bool,
}

impl Inbox {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Adds a message; says whether an older one had to go.
    pub(crate) fn push(&self, message: Message) -> bool {
        let is_overflow = {
            let mut state = self.lock();
            let is_overflow = state.messages.len() >= self.capacity;
            if is_overflow {
                state.messages.pop_front();
                state.missed = state.missed.saturating_add(1);
            }
            state.messages.push_back(message);
            is_overflow
        };
        self.changed.notify_one();
        is_overflow
    }

    /// Notes messages that were lost before they came here.
    pub(crate) fn add_missed(&self, missed: u64) {
        {
            let mut state = self.lock();
            state.missed = state.missed.saturating_add(missed);
        }
        self.changed.notify_one();
    }

    /// Notes that the bus was away: anything may have been lost.
    pub(crate) fn set_reconnected(&self) {
        self.lock().is_reconnected = true;
        self.changed.notify_one();
    }

    /// Ends the subscription after what is still queued.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// The next event; `None` once closed and empty. May be dropped while waiting without losing
    /// anything. For one reader at a time.
    pub(crate) async fn recv(&self) -> Option<Event> {
        loop {
            if let Poll::Ready(answer) = self.take() {
                return answer;
            }
            self.changed.notified().await;
        }
    }

    /// Pending: nothing now. Ready with `None`: nothing ever again.
    fn take(&self) -> Poll<Option<Event>> {
        let mut state = self.lock();
        if std::mem::take(&mut state.is_reconnected) {
            // Reading everything again covers the lost ones too: one event for both.
            state.missed = 0;
            return Poll::Ready(Some(Event::Reconnected));
        }
        if state.missed > 0 {
            let missed = std::mem::take(&mut state.missed);
            return Poll::Ready(Some(Event::Lagged { missed }));
        }
        if let Some(message) = state.messages.pop_front() {
            return Poll::Ready(Some(Event::Message(message)));
        }
        if state.is_closed {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    }

    /// A panic elsewhere cannot leave the state half changed, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Topic;

    fn message(text: &'static str) -> Message {
        Message {
            subject: Topic::new("a", "b").subject(),
            payload: text.into(),
        }
    }

    #[tokio::test]
    async fn overflow_drops_the_oldest_and_is_told_before_the_rest() {
        let inbox = Inbox::new(2);
        let dropped = ["1", "2", "3", "4"].map(|text| inbox.push(message(text)));
        assert_eq!(dropped, [false, false, true, true]);
        inbox.close();
        assert_eq!(inbox.recv().await, Some(Event::Lagged { missed: 2 }));
        assert_eq!(inbox.recv().await, Some(Event::Message(message("3"))));
        assert_eq!(inbox.recv().await, Some(Event::Message(message("4"))));
        assert_eq!(inbox.recv().await, None);
        assert_eq!(inbox.recv().await, None);
    }

    #[tokio::test]
    async fn a_reconnect_is_told_once_and_covers_what_was_missed() {
        let inbox = Inbox::new(1);
        inbox.push(message("1"));
        inbox.push(message("2"));
        inbox.add_missed(3);
        inbox.set_reconnected();
        inbox.set_reconnected();
        assert_eq!(inbox.recv().await, Some(Event::Reconnected));
        assert_eq!(inbox.recv().await, Some(Event::Message(message("2"))));
        assert_eq!(inbox.take(), Poll::Pending);
    }

    #[tokio::test]
    async fn a_waiting_reader_is_woken() {
        let inbox = Inbox::new(1);
        let (event, ()) = tokio::join!(inbox.recv(), async {
            tokio::task::yield_now().await;
            inbox.push(message("1"));
        });
        assert_eq!(event, Some(Event::Message(message("1"))));
    }
}
