//! What happens by itself: rosters, age, large conversations.

use std::sync::Arc;

use im_types::ConversationId;

use super::Planner;
use crate::domain::command::{Age, FeedRoster, Outcome};
use crate::domain::conversation::Pointers;
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

    /// A message that none of the others has read by then is taken away; its sender sees that by
    /// the same entry as everybody. The walk stops at the first message that is young enough.
    pub(super) fn expire_unread(&mut self, age: &Age) -> Outcome {
        let id = age.conversation_id;
        let numbers = self.state.unexamined.remove(&id).unwrap_or_default();
        let old = self.older(id, &numbers, age);
        let Some(loaded) = self.state.conversations.get_mut(&id) else {
            return Outcome::Step { has_more: false };
        };
        let roll = loaded.roll.clone();
        if let Some(last) = old.last() {
            loaded.change().examined_seq = last.seq;
        }
        let has_more = !numbers.is_empty() && old.len() == numbers.len();
        for message in old {
            let is_read = roll
                .ids()
                .filter(|user_id| *user_id != message.sender_id)
                .any(|other| {
                    let pointers = self.state.pointers.get(&(id, other));
                    pointers.copied().unwrap_or_else(Pointers::default).read_seq >= message.seq
                });
            if !is_read {
                self.take_away(&message, Removal::ExpiredUnread);
            }
        }
        Outcome::Step { has_more }
    }

    /// Texts older than the retention time are taken away.
    pub(super) fn retain(&mut self, age: &Age) -> Outcome {
        let id = age.conversation_id;
        let numbers = self.state.unretained.remove(&id).unwrap_or_default();
        let old = self.older(id, &numbers, age);
        let Some(loaded) = self.state.conversations.get_mut(&id) else {
            return Outcome::Step { has_more: false };
        };
        if let Some(last) = old.last() {
            loaded.change().retained_seq = last.seq;
        }
        let has_more = !numbers.is_empty() && old.len() == numbers.len();
        for message in old {
            self.take_away(&message, Removal::Retention);
        }
        Outcome::Step { has_more }
    }

    /// The messages of these numbers up to the first that is not older.
    fn older(&self, id: ConversationId, numbers: &[i64], age: &Age) -> Vec<Arc<Message>> {
        let messages = numbers
            .iter()
            .filter_map(|seq| self.state.messages.get(&(id, *seq)));
        messages
            .take_while(|message| message.created_at < age.before)
            .map(Arc::clone)
            .collect()
    }

    fn take_away(&mut self, message: &Message, why: Removal) {
        if message.removal.is_none() {
            let mut tombstone = message.clone();
            tombstone.remove(why);
            self.replace(tombstone, MessageChange::Deleted);
        }
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
        Outcome::Step { has_more: false }
    }
}
