//! Somebody types. Best effort: nothing is kept, and while the people of the conversation are
//! remembered the database is not asked.

use std::sync::Arc;

use im_proto::event;
use im_types::{ConversationId, UserId};

use super::core::{Core, Person, TYPING};
use crate::domain::Refusal;
use crate::error::Error;
use crate::ports::Envelope;

/// In larger conversations nobody is told who types.
const TYPISTS_TOLD_MAX: usize = 50;

impl Core {
    /// Tells the other members that a person types.
    pub async fn publish_typing(
        &self,
        person: &Person,
        conversation_id: ConversationId,
    ) -> Result<(), Error> {
        if !person.policy.typing_enabled() {
            return Ok(());
        }
        let members = self.typists(conversation_id).await?;
        if members.len() > TYPISTS_TOLD_MAX {
            return Ok(());
        }
        if !members.contains(&person.user_id) {
            return Err(Refusal::ConversationNotFound.into());
        }
        let mut told: Vec<UserId> = members
            .iter()
            .copied()
            .filter(|user_id| *user_id != person.user_id)
            .collect();
        if let Some(Envelope::Direct(_)) = self.envelope(conversation_id).await? {
            // Whoever may not be written to is not typed at either.
            let verdicts = self
                .verdicts(person.user_id, &person.site_id, &told)
                .await?;
            let mut verdicts = verdicts.into_iter();
            told.retain(|_| verdicts.next().is_some_and(|verdict| verdict.is_ok()));
        }
        if told.is_empty() {
            return Ok(());
        }
        let typing = event::TypingStarted {
            conversation_id: conversation_id.to_string(),
            user_id: person.user_id.to_string(),
            recipient_ids: told.iter().map(ToString::to_string).collect(),
        };
        self.bus.publish_message(&TYPING.subject(), &typing);
        Ok(())
    }

    async fn typists(&self, id: ConversationId) -> Result<Arc<[UserId]>, Error> {
        if let Some(known) = self.aftermath.typists.get(&id) {
            return Ok(known);
        }
        let members: Arc<[UserId]> = self
            .store
            .member_ids(id, TYPISTS_TOLD_MAX + 1)
            .await?
            .into();
        self.aftermath.typists.insert(id, Arc::clone(&members));
        Ok(members)
    }
}
