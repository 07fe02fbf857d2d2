//! What is written.

use im_types::{ConversationId, MessageId, Timestamp, UserId};

use super::values::{ClientKey, Emoji, Fingerprint};

/// Different emoji that one message may have.
pub const REACTION_KINDS_MAX: usize = 20;

/// Why a text is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Its sender or an administrator deleted it.
    Deleted,
    /// Nobody read it within policy `unread_validity_days`.
    ExpiredUnread,
    /// Older than policy `message_retention_days`.
    Retention,
}

/// A reaction with those who gave it, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// One emoji.
    pub emoji: String,
    /// Who gave it; never empty.
    pub user_ids: Vec<UserId>,
}

/// A message, or the tombstone that keeps its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Which one.
    pub id: MessageId,
    /// Where it is.
    pub conversation_id: ConversationId,
    /// Its number there: contiguous, from 1.
    pub seq: i64,
    /// Who wrote it.
    pub sender_id: UserId,
    /// What was written; empty if removed.
    pub text: String,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// From 1; grows with each change.
    pub revision: i64,
    /// The message that it answers; 0 if none.
    pub reply_to_seq: i64,
    /// Why the text is gone; `None` if it is there.
    pub removal: Option<Removal>,
    /// By first appearance.
    pub reactions: Vec<Reaction>,
    /// The sender's key of it.
    pub client_key: ClientKey,
    /// Of the request that sent it.
    pub fingerprint: Fingerprint,
}

impl Message {
    /// Takes the text away; the number stays.
    pub fn remove(&mut self, why: Removal) {
        self.removal = Some(why);
        self.text = String::new();
        self.reactions.clear();
        self.revision += 1;
    }

    /// Gives or takes back a reaction. `Ok(false)`: it was so already. `Err`: too many kinds.
    pub fn react(
        &mut self,
        user_id: UserId,
        emoji: &Emoji,
        is_given: bool,
    ) -> Result<bool, TooManyReactions> {
        let place = self
            .reactions
            .iter()
            .position(|reaction| reaction.emoji == emoji.as_str());
        let reaction = place.and_then(|place| self.reactions.get_mut(place));
        let changed = match (reaction, is_given) {
            (Some(reaction), true) if !reaction.user_ids.contains(&user_id) => {
                reaction.user_ids.push(user_id);
                true
            }
            (Some(reaction), false) => {
                let before = reaction.user_ids.len();
                reaction.user_ids.retain(|id| *id != user_id);
                before != reaction.user_ids.len()
            }
            (None, true) => {
                if self.reactions.len() >= REACTION_KINDS_MAX {
                    return Err(TooManyReactions);
                }
                let emoji = emoji.as_str().to_owned();
                self.reactions.push(Reaction {
                    emoji,
                    user_ids: vec![user_id],
                });
                true
            }
            (Some(_), true) | (None, false) => false,
        };
        if changed {
            self.reactions
                .retain(|reaction| !reaction.user_ids.is_empty());
            self.revision += 1;
        }
        Ok(changed)
    }
}

/// The message has [`REACTION_KINDS_MAX`] different emoji already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyReactions;

impl Message {
    /// What can still be said of a message whose row is gone.
    pub fn pruned(conversation_id: ConversationId, seq: i64) -> Self {
        Self {
            id: MessageId::from_uuid(uuid::Uuid::nil()),
            conversation_id,
            seq,
            sender_id: UserId::from_uuid(uuid::Uuid::nil()),
            text: String::new(),
            created_at: Timestamp::EPOCH,
            edited_at: None,
            revision: i64::MAX,
            reply_to_seq: 0,
            removal: Some(Removal::Retention),
            reactions: Vec::new(),
            client_key: ClientKey::from_stored(""),
            fingerprint: Fingerprint::from_bytes([0; 16]),
        }
    }
}
