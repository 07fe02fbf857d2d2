//! The planner: commands and loaded state in, results and changes out. It decides everything and
//! does nothing; a store loads, asks it, and writes, all in one transaction.

mod direct;
mod group;
mod pointers;
mod reactions;
mod send;
mod texts;
mod upkeep;

use std::sync::Arc;

use im_types::{ConversationId, Timestamp, UserId};

use super::command::{Command, Outcome};
use super::entry::EntryBody;
use super::message::Message;
use super::refusal::Refusal;
use super::state::{Loaded, State};

/// What applies to all commands of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Policy `fanout_members_max`: in larger conversations members only learn that it went on.
    pub fanout_members_max: usize,
    /// In larger conversations receipts go only to the person's own other devices.
    pub receipt_members_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fanout_members_max: 500,
            receipt_members_max: 50,
        }
    }
}

/// Works through the commands in order. A refused one changes nothing; the others see all that
/// those before them did.
pub fn plan(
    state: &mut State,
    commands: &[Command],
    limits: Limits,
    now: Timestamp,
) -> Vec<Result<Outcome, Refusal>> {
    let mut planner = Planner { state, limits, now };
    commands
        .iter()
        .map(|command| planner.run(command))
        .collect()
}

struct Planner<'a> {
    state: &'a mut State,
    limits: Limits,
    now: Timestamp,
}

impl Planner<'_> {
    fn run(&mut self, command: &Command) -> Result<Outcome, Refusal> {
        match command {
            Command::Send(send) => self.send(send),
            Command::CreateDirect(create) => self.create_direct(create),
            Command::CreateGroup(create) => self.create_group(create),
            Command::Edit(edit) => self.edit(edit),
            Command::Delete(delete) => self.delete(delete),
            Command::React(react) => self.react(react),
            Command::MarkRead(mark) => self.mark_read(mark),
            Command::MarkDelivered(mark) => self.mark_delivered(mark),
            Command::AddMembers(add) => self.add_members(add),
            Command::RemoveMember(remove) => self.remove_member(remove),
            Command::Retitle(retitle) => self.retitle(retitle),
            Command::FeedRoster(feed) => Ok(self.feed_roster(feed)),
            Command::Age(due) => Ok(self.age(due)),
            Command::Advance(id) => Ok(self.advance(*id)),
        }
    }

    /// The conversation, if the person is in it; to others it does not exist.
    fn member_of(&mut self, id: ConversationId, user_id: UserId) -> Result<&mut Loaded, Refusal> {
        self.state
            .conversations
            .get_mut(&id)
            .filter(|loaded| loaded.roll.contains(user_id))
            .ok_or(Refusal::ConversationNotFound)
    }

    /// Tells everybody in a conversation; in a large one notes that they have to be told.
    fn tell_all(&mut self, id: ConversationId, body: &EntryBody) {
        let Some(loaded) = self.state.conversations.get_mut(&id) else {
            return;
        };
        if loaded.roll.len() > self.limits.fanout_members_max {
            loaded.change().is_advance_pending = true;
            return;
        }
        let entries = &mut self.state.changes.entries;
        entries.extend(loaded.roll.ids().map(|user_id| (user_id, body.clone())));
    }

    fn tell(&mut self, user_id: UserId, body: EntryBody) {
        self.state.changes.entries.push((user_id, body));
    }

    fn is_large(&self, id: ConversationId) -> bool {
        let loaded = self.state.conversations.get(&id);
        loaded.is_some_and(|loaded| loaded.roll.len() > self.limits.fanout_members_max)
    }

    /// The message, if there is one of that number.
    fn message(&self, id: ConversationId, seq: i64) -> Result<Arc<Message>, Refusal> {
        self.state
            .messages
            .get(&(id, seq))
            .map(Arc::clone)
            .ok_or(Refusal::MessageNotFound)
    }

    /// Keeps another version of a message.
    fn put_message(&mut self, message: Message) -> Arc<Message> {
        let key = (message.conversation_id, message.seq);
        let message = Arc::new(message);
        self.state.messages.insert(key, Arc::clone(&message));
        self.state.changes.changed_messages.insert(key);
        message
    }
}
