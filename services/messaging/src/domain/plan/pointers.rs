//! Up to where people have read and received. Pointers only move forward.

use im_types::{ConversationId, UserId};

use super::Planner;
use crate::domain::command::{MarkDelivered, MarkRead, Outcome};
use crate::domain::conversation::Pointers;
use crate::domain::entry::EntryBody;
use crate::domain::refusal::Refusal;

impl Planner<'_> {
    pub(super) fn mark_read(&mut self, mark: &MarkRead) -> Result<Outcome, Refusal> {
        let (id, user_id, seq) = (mark.conversation_id, mark.actor_id, mark.seq);
        let last_seq = self.member_of(id, user_id)?.conversation.last_seq;
        if !(0..=last_seq).contains(&seq) {
            return Err(Refusal::SeqOutOfRange { last_seq });
        }
        self.move_pointers(id, user_id, |pointers| {
            pointers.read_seq = pointers.read_seq.max(seq);
            pointers.delivered_seq = pointers.delivered_seq.max(seq);
            if mark.is_shown {
                pointers.shown_read_seq = pointers.shown_read_seq.max(seq);
            }
        });
        Ok(Outcome::Conversation(id))
    }

    /// Best effort: what cannot be is passed over.
    pub(super) fn mark_delivered(&mut self, mark: &MarkDelivered) -> Result<Outcome, Refusal> {
        let (id, user_id) = (mark.conversation_id, mark.user_id);
        let last_seq = self.member_of(id, user_id)?.conversation.last_seq;
        let seq = mark.seq.min(last_seq);
        self.move_pointers(id, user_id, |pointers| {
            pointers.delivered_seq = pointers.delivered_seq.max(seq);
        });
        Ok(Outcome::Done)
    }

    /// One's own devices are told all of it, others what is to be shown, and only if that changed.
    fn move_pointers(
        &mut self,
        conversation_id: ConversationId,
        user_id: UserId,
        moving: impl FnOnce(&mut Pointers),
    ) {
        let key = (conversation_id, user_id);
        let before = self.state.pointers.get(&key).copied().unwrap_or_default();
        let mut after = before;
        moving(&mut after);
        if after == before {
            return;
        }
        self.state.pointers.insert(key, after);
        self.state.changes.changed_pointers.insert(key);
        let Pointers {
            read_seq,
            shown_read_seq,
            delivered_seq,
        } = after;
        if read_seq != before.read_seq {
            let own = EntryBody::Receipt {
                conversation_id,
                user_id,
                read_seq,
                delivered_seq,
            };
            self.tell(user_id, own);
        }
        let shown = (shown_read_seq, delivered_seq);
        let Some(loaded) = self.state.conversations.get(&conversation_id) else {
            return;
        };
        let is_small = loaded.roll.len() <= self.limits.receipt_members_max;
        if is_small && shown != (before.shown_read_seq, before.delivered_seq) {
            let read_seq = shown_read_seq;
            let body = EntryBody::Receipt {
                conversation_id,
                user_id,
                read_seq,
                delivered_seq,
            };
            let others = loaded.roll.ids().filter(|id| *id != user_id);
            self.state
                .changes
                .entries
                .extend(others.map(|id| (id, body.clone())));
        }
    }
}
