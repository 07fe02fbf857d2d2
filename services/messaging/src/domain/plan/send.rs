//! Sending.

use std::sync::Arc;

use super::Planner;
use crate::domain::command::{Outcome, Send};
use crate::domain::conversation::Kind;
use crate::domain::entry::{EntryBody, MessageChange};
use crate::domain::message::Message;
use crate::domain::refusal::Refusal;

impl Planner<'_> {
    /// The key first: what was accepted once is answered the same, whatever has changed since.
    pub(super) fn send(&mut self, send: &Send) -> Result<Outcome, Refusal> {
        let key = (send.sender_id, send.client_key.clone());
        if let Some(first) = self.state.sends.get(&key) {
            if first.fingerprint != send.fingerprint {
                return Err(Refusal::ClientKeyReused);
            }
            return Ok(Outcome::Sent {
                message: Arc::clone(first),
                is_duplicate: true,
            });
        }
        let now = self.now;
        let fanout_members_max = self.limits.fanout_members_max;
        let loaded = self.member_of(send.conversation_id, send.sender_id)?;
        if loaded.conversation.kind == Kind::Direct {
            let pair = loaded.conversation.pair.ok_or(Refusal::Stale)?;
            let user_id = pair
                .other(send.sender_id)
                .ok_or(Refusal::ConversationNotFound)?;
            let verdict = send.verdict.ok_or(Refusal::Stale)?;
            verdict.map_err(|why| Refusal::NotReachable { user_id, why })?;
        }
        let text = send.text.clone()?;
        if !(0..=loaded.conversation.last_seq).contains(&send.reply_to_seq) {
            return Err(Refusal::ReplyNotFound);
        }
        // The members of a large one see it move when they are told that it went on.
        if loaded.roll.len() <= fanout_members_max {
            loaded.relist();
        }
        let conversation = loaded.change();
        conversation.last_seq += 1;
        conversation.active_at = conversation.active_at.max(now);
        let seq = conversation.last_seq;
        let message = Arc::new(Message {
            id: send.message_id,
            conversation_id: send.conversation_id,
            seq,
            sender_id: send.sender_id,
            text: text.into_string(),
            created_at: now,
            edited_at: None,
            revision: 1,
            reply_to_seq: send.reply_to_seq,
            removal: None,
            reactions: Vec::new(),
            client_key: send.client_key.clone(),
            fingerprint: send.fingerprint,
        });
        self.state.sends.insert(key, Arc::clone(&message));
        self.state
            .messages
            .insert((send.conversation_id, seq), Arc::clone(&message));
        self.state
            .changes
            .new_messages
            .push((send.conversation_id, seq, send.site_id.clone()));
        let (change, news) = (MessageChange::New, Arc::clone(&message));
        self.tell_all(
            send.conversation_id,
            &EntryBody::Message {
                change,
                message: news,
            },
        );
        Ok(Outcome::Sent {
            message,
            is_duplicate: false,
        })
    }
}
