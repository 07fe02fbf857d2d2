//! Editing and deleting.

use super::Planner;
use crate::domain::command::{Delete, Edit, Outcome, Window};
use crate::domain::entry::{EntryBody, MessageChange};
use crate::domain::message::{Message, Removal};
use crate::domain::refusal::Refusal;

impl Window {
    fn is_open_for(self, message: &Message) -> bool {
        match self {
            Self::Closed => false,
            Self::Since(oldest) => message.created_at >= oldest,
            Self::Open => true,
        }
    }
}

impl Planner<'_> {
    pub(super) fn edit(&mut self, edit: &Edit) -> Result<Outcome, Refusal> {
        self.member_of(edit.conversation_id, edit.actor_id)?;
        let message = self.message(edit.conversation_id, edit.seq)?;
        if message.sender_id != edit.actor_id {
            return Err(Refusal::NotTheSender);
        }
        if message.removal.is_some() {
            return Err(Refusal::MessageRemoved);
        }
        if !edit.window.is_open_for(&message) {
            return Err(Refusal::EditClosed);
        }
        let text = edit.text.clone()?;
        if message.text == text.as_str() {
            return Ok(Outcome::Message(message));
        }
        let mut message = Message::clone(&message);
        message.text = text.into_string();
        message.edited_at = Some(self.now.max(message.created_at));
        message.revision += 1;
        Ok(self.replace(message, MessageChange::Edited))
    }

    /// Deleting what is gone already succeeds: that is what was wanted.
    pub(super) fn delete(&mut self, delete: &Delete) -> Result<Outcome, Refusal> {
        let is_member = self
            .member_of(delete.conversation_id, delete.actor_id)
            .is_ok();
        if !is_member && !delete.is_moderator {
            return Err(Refusal::ConversationNotFound);
        }
        let message = self.message(delete.conversation_id, delete.seq)?;
        if !delete.is_moderator {
            if message.sender_id != delete.actor_id {
                return Err(Refusal::NotTheSender);
            }
            if message.removal.is_none() && !delete.window.is_open_for(&message) {
                return Err(Refusal::DeleteClosed);
            }
        }
        if message.removal.is_some() {
            return Ok(Outcome::Message(message));
        }
        let mut message = Message::clone(&message);
        message.remove(Removal::Deleted);
        Ok(self.replace(message, MessageChange::Deleted))
    }

    /// Keeps another version of a message and tells everybody.
    pub(super) fn replace(&mut self, message: Message, change: MessageChange) -> Outcome {
        let message = self.put_message(message);
        let news = std::sync::Arc::clone(&message);
        self.tell_all(
            message.conversation_id,
            &EntryBody::Message {
                change,
                message: news,
            },
        );
        Outcome::Message(message)
    }
}
