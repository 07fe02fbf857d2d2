//! What happens by itself: rosters, age, large conversations.

use std::collections::HashMap;
use std::sync::Arc;

use im_types::{ConversationId, UserId};

use super::Planner;
use crate::domain::age::{AGE_STEP, AgeKind, Due};
use crate::domain::command::{FeedRoster, Outcome};
use crate::domain::entry::{EntryBody, MessageChange};
use crate::domain::message::{Message, Removal};

impl Planner<'_> {
    /// Any replica may feed; whoever comes second finds the position moved and does nothing.
    pub(super) fn feed_roster(&mut self, feed: &FeedRoster) -> Outcome {
        if self.state.roster_position == feed.after_position {
            let entries = feed.changes.iter();
            let entries =
                entries.map(|(owner, contact)| (*owner, EntryBody::Contact(Arc::clone(contact))));
            self.state.changes.entries.extend(entries);
            self.state.roster_position = feed.position;
            self.state.changes.is_roster_moved = true;
        }
        Outcome::Done
    }

    /// Takes away a step of what has become old: for expiry what none of the others has read, its
    /// sender sees that by the same entry as everybody; for retention all of it. Looked at once,
    /// a message is not looked at again.
    pub(super) fn age(&mut self, due: &Due) -> Outcome {
        let marks = self.state.due.remove(&(due.kind, due.site_id.clone()));
        let marks = marks.unwrap_or_default();
        if let Some(last) = marks.last() {
            let mark = (due.kind, due.site_id.clone(), *last);
            self.state.changes.marks.push(mark);
        }
        let readers = self.readers();
        let mut removed = 0;
        for mark in &marks {
            let key = (mark.conversation_id, mark.seq);
            let Some(message) = self.state.messages.get(&key).map(Arc::clone) else {
                continue;
            };
            let why = match due.kind {
                AgeKind::Expiry if self.is_read(&message, &readers) => continue,
                AgeKind::Expiry => Removal::ExpiredUnread,
                AgeKind::Retention => Removal::Retention,
                AgeKind::Pruning => continue,
            };
            removed += usize::from(self.take_away(&message, why));
        }
        Outcome::Step {
            has_more: marks.len() >= AGE_STEP,
            removed,
        }
    }

    /// Those whose pointers are known, by conversation.
    fn readers(&self) -> HashMap<ConversationId, Vec<(UserId, i64)>> {
        let mut readers: HashMap<ConversationId, Vec<(UserId, i64)>> = HashMap::new();
        for ((id, user_id), pointers) in &self.state.pointers {
            let of = readers.entry(*id).or_default();
            of.push((*user_id, pointers.read_seq));
        }
        readers
    }

    /// Whether one of the others who are in the conversation now has read it.
    fn is_read(
        &self,
        message: &Message,
        readers: &HashMap<ConversationId, Vec<(UserId, i64)>>,
    ) -> bool {
        let id = message.conversation_id;
        let loaded = self.state.conversations.get(&id);
        let is_member =
            |user_id: UserId| loaded.is_some_and(|loaded| loaded.roll.contains(user_id));
        let mut readers = readers.get(&id).into_iter().flatten();
        readers.any(|(user_id, read_seq)| {
            *user_id != message.sender_id && *read_seq >= message.seq && is_member(*user_id)
        })
    }

    /// Whether it was still there.
    fn take_away(&mut self, message: &Message, why: Removal) -> bool {
        if message.removal.is_some() {
            return false;
        }
        let mut tombstone = message.clone();
        tombstone.remove(why);
        self.replace(tombstone, MessageChange::Deleted);
        true
    }

    /// Members of a large conversation learn by one entry how far it has come, however many
    /// messages that were.
    pub(super) fn advance(&mut self, conversation_id: ConversationId) -> Outcome {
        let loaded = self.state.conversations.get_mut(&conversation_id);
        if let Some(loaded) = loaded.filter(|loaded| loaded.conversation.is_advance_pending) {
            loaded.relist();
            let conversation = loaded.change();
            conversation.is_advance_pending = false;
            let last_seq = conversation.last_seq;
            let body = EntryBody::Advanced {
                conversation_id,
                last_seq,
            };
            let entries = loaded.roll.ids().map(|user_id| (user_id, body.clone()));
            self.state.changes.entries.extend(entries);
        }
        Outcome::Done
    }
}
