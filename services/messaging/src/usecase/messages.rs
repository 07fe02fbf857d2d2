//! Messages that are there: history, edits, deletions, reactions.

use std::sync::Arc;
use std::time::Duration;

use im_types::ConversationId;

use super::core::{Core, Person};
use crate::domain::command::{Delete, Edit, React, Window};
use crate::domain::{Command, Emoji, Message, Outcome, Refusal, Text, fitting};
use crate::error::Error;
use crate::ports::HistoryRange;

/// A page of history.
#[derive(Debug, Clone)]
pub struct HistoryPage {
    /// By number.
    pub messages: Vec<Arc<Message>>,
    /// Whether there are more in the direction of the page.
    pub has_more: bool,
    /// The oldest that is kept.
    pub first_available_seq: i64,
}

impl Core {
    /// A page of history.
    pub async fn history(
        &self,
        person: &Person,
        id: ConversationId,
        range: HistoryRange,
        limit: usize,
    ) -> Result<HistoryPage, Error> {
        let first_available_seq = self.first_available_seq(person.user_id, id).await?;
        let mut messages = self
            .store
            .messages(id, range, limit.saturating_add(1))
            .await?;
        let sizes = messages.iter().map(|message| message.text.len());
        // What is too many is the farthest.
        let count = match range {
            HistoryRange::Before(_) => fitting(sizes.rev()).min(limit),
            HistoryRange::After(_) => fitting(sizes).min(limit),
        };
        let surplus = messages.len().saturating_sub(count);
        let has_more = surplus > 0;
        match range {
            HistoryRange::Before(_) => drop(messages.drain(..surplus)),
            HistoryRange::After(_) => messages.truncate(count),
        }
        Ok(HistoryPage {
            messages,
            has_more,
            first_available_seq,
        })
    }

    /// Replaces a text.
    pub async fn edit(
        &self,
        person: &Person,
        conversation_id: ConversationId,
        seq: i64,
        text: Text,
    ) -> Result<Arc<Message>, Error> {
        let policy = &person.policy;
        let window = self.window(policy.message_edit_enabled(), policy.message_edit_window());
        let text = self.allowed_text(person, text);
        let actor_id = person.user_id;
        let edit = Edit {
            actor_id,
            conversation_id,
            seq,
            text,
            window,
        };
        self.run_for_message(Command::Edit(edit)).await
    }

    /// Takes a text away.
    pub async fn delete(
        &self,
        person: &Person,
        conversation_id: ConversationId,
        seq: i64,
    ) -> Result<Arc<Message>, Error> {
        let policy = &person.policy;
        let window = self.window(
            policy.message_delete_enabled(),
            policy.message_delete_window(),
        );
        let (actor_id, is_moderator) = (person.user_id, person.is_moderator);
        let delete = Delete {
            actor_id,
            conversation_id,
            seq,
            is_moderator,
            window,
        };
        self.run_for_message(Command::Delete(delete)).await
    }

    /// Gives a reaction or takes it back.
    pub async fn react(
        &self,
        person: &Person,
        (conversation_id, seq): (ConversationId, i64),
        emoji: Emoji,
        is_given: bool,
    ) -> Result<Arc<Message>, Error> {
        let is_allowed = person.policy.reactions_enabled();
        let actor_id = person.user_id;
        let react = React {
            actor_id,
            conversation_id,
            seq,
            emoji,
            is_given,
            is_allowed,
        };
        self.run_for_message(Command::React(react)).await
    }

    fn window(&self, is_enabled: bool, length: Option<Duration>) -> Window {
        match (is_enabled, length) {
            (false, _) => Window::Closed,
            (true, None) => Window::Open,
            (true, Some(length)) => Window::Since(self.clock.now() - length),
        }
    }

    async fn run_for_message(&self, command: Command) -> Result<Arc<Message>, Error> {
        match self.writer.run(command).await? {
            Outcome::Message(message) => Ok(message),
            _ => Err(Error::Refused(Refusal::Stale)),
        }
    }
}
