//! All streams of the node.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use im_types::{ConnectionId, SessionId, UserId};

use super::Slot;

/// Streams by connection, by person and by session, and which of them the links have to be told
/// about.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    slots: HashMap<ConnectionId, Arc<Slot>>,
    by_user: HashMap<UserId, Vec<ConnectionId>>,
    opened: u64,
    mailboxes: MailboxChanges,
    watches: HashSet<ConnectionId>,
    gone: Gone,
}

/// What the stream of mailboxes has to be told.
#[derive(Debug, Default)]
pub(super) struct MailboxChanges {
    pub(super) opened: HashSet<ConnectionId>,
    pub(super) credit: HashMap<ConnectionId, u32>,
    pub(super) closed: HashSet<ConnectionId>,
}

/// What presence has to be told of connections.
#[derive(Debug, Default)]
pub(super) struct Gone {
    pub(super) closed: Vec<ConnectionId>,
    /// Streams whose watch list is to be forgotten, with viewer and site.
    pub(super) unwatched: Vec<Arc<Slot>>,
    pub(super) activities: HashMap<ConnectionId, (UserId, bool)>,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number for the next stream.
    pub(super) fn next_number(&self) -> u64 {
        let mut state = self.lock();
        state.opened += 1;
        state.opened
    }

    /// Adds a stream whose mailbox is to be read.
    pub(super) fn insert(&self, slot: &Arc<Slot>) {
        let mut state = self.lock();
        state.slots.insert(slot.connection_id, Arc::clone(slot));
        state
            .by_user
            .entry(slot.caller.user_id)
            .or_default()
            .push(slot.connection_id);
        state.mailboxes.opened.insert(slot.connection_id);
    }

    /// Takes a stream out; the links are to be told.
    pub(super) fn remove(&self, slot: &Arc<Slot>) {
        let mut state = self.lock();
        let id = slot.connection_id;
        if state.slots.remove(&id).is_none() {
            return;
        }
        if let Some(of_user) = state.by_user.get_mut(&slot.caller.user_id) {
            of_user.retain(|other| *other != id);
            if of_user.is_empty() {
                state.by_user.remove(&slot.caller.user_id);
            }
        }
        state.mailboxes.credit.remove(&id);
        // What was never told to be open need not be told to be closed.
        if !state.mailboxes.opened.remove(&id) {
            state.mailboxes.closed.insert(id);
        }
        state.watches.remove(&id);
        state.gone.activities.remove(&id);
        state.gone.closed.push(id);
        if slot.wants().watch_version > 0 {
            state.gone.unwatched.push(Arc::clone(slot));
        }
    }

    /// A stream by its id.
    pub(crate) fn get(&self, id: ConnectionId) -> Option<Arc<Slot>> {
        self.lock().slots.get(&id).cloned()
    }

    /// All streams.
    pub(crate) fn all(&self) -> Vec<Arc<Slot>> {
        self.lock().slots.values().cloned().collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().slots.len()
    }

    /// The streams of a person.
    pub(crate) fn of_user(&self, user_id: UserId) -> Vec<Arc<Slot>> {
        let state = self.lock();
        let ids = state.by_user.get(&user_id).into_iter().flatten();
        ids.filter_map(|id| state.slots.get(id).cloned()).collect()
    }

    /// The streams of a session.
    pub(crate) fn of_session(&self, session_id: SessionId) -> Vec<Arc<Slot>> {
        let state = self.lock();
        let slots = state.slots.values();
        slots
            .filter(|slot| slot.caller.session_id == session_id)
            .cloned()
            .collect()
    }

    /// There is room for more entries.
    pub(super) fn credit(&self, id: ConnectionId, entries: u32) {
        let mut state = self.lock();
        let credit = state.mailboxes.credit.entry(id).or_default();
        *credit = credit.saturating_add(entries);
    }

    /// The watch list of a stream has changed.
    pub(super) fn rewatch(&self, id: ConnectionId) {
        self.lock().watches.insert(id);
    }

    /// Somebody left or came back.
    pub(super) fn activity(&self, slot: &Slot, is_idle: bool) {
        let told = (slot.caller.user_id, is_idle);
        self.lock().gone.activities.insert(slot.connection_id, told);
    }

    pub(super) fn take_mailboxes(&self) -> MailboxChanges {
        std::mem::take(&mut self.lock().mailboxes)
    }

    pub(super) fn take_watches(&self) -> (HashSet<ConnectionId>, Vec<Arc<Slot>>) {
        let mut state = self.lock();
        (
            std::mem::take(&mut state.watches),
            std::mem::take(&mut state.gone.unwatched),
        )
    }

    /// A place that came when its stream had gone.
    pub(super) fn give_up(&self, id: ConnectionId) {
        self.lock().gone.closed.push(id);
    }

    pub(super) fn take_closed(&self) -> Vec<ConnectionId> {
        std::mem::take(&mut self.lock().gone.closed)
    }

    pub(super) fn take_activities(&self) -> HashMap<ConnectionId, (UserId, bool)> {
        std::mem::take(&mut self.lock().gone.activities)
    }
}
