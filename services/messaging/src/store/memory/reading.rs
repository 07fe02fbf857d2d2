//! Reading for people.

use std::collections::BTreeMap;
use std::sync::Arc;

use im_types::{ConversationId, UserId};

use super::tables::Tables;
use crate::domain::{Entry, EntryBody, Message, MessageChange, Removal};
use crate::ports::{ConversationView, Delivery};
use crate::store::{MEMBER_IDS_MAX, UNREAD_LOOKED_AT_MAX, UNREAD_MAX};

impl Tables {
    pub(super) fn view(&self, user_id: UserId, id: ConversationId) -> Option<ConversationView> {
        let seat = self.members.get(&(id, user_id))?;
        let conversation = self.conversations.get(&id)?.clone();
        let is_unread =
            |message: &&Arc<Message>| message.sender_id != user_id && message.removal.is_none();
        let unread = self.messages_after(id, seat.pointers.read_seq, usize::MAX);
        let skipped = unread.len().saturating_sub(UNREAD_LOOKED_AT_MAX);
        let unread = unread
            .iter()
            .skip(skipped)
            .filter(is_unread)
            .take(UNREAD_MAX)
            .count();
        let all = self.members_of(id).map(|seat| seat.member.user_id);
        let member_ids: Vec<UserId> = if conversation.member_count <= MEMBER_IDS_MAX {
            all.collect()
        } else {
            let others = all.take(MEMBER_IDS_MAX).filter(|other| *other != user_id);
            std::iter::once(user_id)
                .chain(others)
                .take(MEMBER_IDS_MAX)
                .collect()
        };
        let newest = self.messages.get(&(id, conversation.last_seq));
        Some(ConversationView {
            member_ids,
            pointers: seat.pointers,
            is_owner: seat.member.is_owner,
            unread_count: i64::try_from(unread).unwrap_or(i64::MAX),
            last_message: newest.map(Arc::clone),
            listed_at: seat.listed_at,
            conversation,
        })
    }

    /// An entry as it is read now.
    fn read(&self, user_id: UserId, body: &EntryBody) -> EntryBody {
        let EntryBody::Message { change, message } = body else {
            return body.clone();
        };
        let id = message.conversation_id;
        let Some(now) = self.messages.get(&(id, message.seq)) else {
            let message = Arc::new(Message::pruned(id, message.seq));
            return EntryBody::Message {
                change: *change,
                message,
            };
        };
        let mut now = Arc::clone(now);
        let is_member = self.members.contains_key(&(id, user_id));
        if now.edited_at.is_some() && !is_member && now.removal.is_none() {
            Arc::make_mut(&mut now).remove(Removal::Deleted);
        }
        EntryBody::Message {
            change: *change,
            message: now,
        }
    }

    pub(super) fn entries(&self, after: &[(UserId, i64)], limit: usize) -> Vec<(UserId, Entry)> {
        let mut after = after.to_vec();
        after.sort_unstable();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut page = Vec::new();
        for (user_id, seq) in after {
            let Some(mailbox) = self.mailboxes.get(&user_id) else {
                continue;
            };
            let range = seq.saturating_add(1)..=seq.saturating_add(limit);
            let lines = mailbox.entries.range(range);
            let lines = lines.map(|(seq, body)| (*seq, self.read(user_id, body)));
            page.extend(lines.map(|(seq, body)| (user_id, Entry { seq, body })));
        }
        page
    }

    pub(super) fn deliveries(
        &self,
        acknowledged: &[(UserId, i64)],
        entries_max: i64,
    ) -> Vec<Delivery> {
        let mut newest: BTreeMap<(UserId, ConversationId), i64> = BTreeMap::new();
        for (user_id, upto) in acknowledged {
            let Some(mailbox) = self.mailboxes.get(user_id) else {
                continue;
            };
            let from = mailbox.acknowledged_seq.max(upto - entries_max) + 1;
            for (_, body) in mailbox.entries.range(from..(*upto + 1).max(from)) {
                let EntryBody::Message {
                    change: MessageChange::New,
                    message,
                } = body
                else {
                    continue;
                };
                if message.sender_id != *user_id {
                    let known = newest
                        .entry((*user_id, message.conversation_id))
                        .or_default();
                    *known = (*known).max(message.seq);
                }
            }
        }
        let delivery = |((user_id, conversation_id), seq)| Delivery {
            user_id,
            conversation_id,
            seq,
        };
        newest.into_iter().map(delivery).collect()
    }
}
