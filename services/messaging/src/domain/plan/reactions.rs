//! Reactions.

use super::Planner;
use crate::domain::command::{Outcome, React};
use crate::domain::entry::MessageChange;
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;

impl Planner<'_> {
    pub(super) fn react(&mut self, react: &React) -> Result<Outcome, Refusal> {
        self.member_of(react.conversation_id, react.actor_id)?;
        if react.is_given && !react.is_allowed {
            return Err(Refusal::ReactionsDisabled);
        }
        let message = self.message(react.conversation_id, react.seq)?;
        if message.removal.is_some() {
            return Err(Refusal::MessageRemoved);
        }
        let mut changed = Message::clone(&message);
        match changed.react(react.actor_id, &react.emoji, react.is_given) {
            Ok(true) => Ok(self.replace(changed, MessageChange::Reacted)),
            Ok(false) => Ok(Outcome::Message(message)),
            Err(_too_many) => Err(Refusal::TooManyReactions),
        }
    }
}
