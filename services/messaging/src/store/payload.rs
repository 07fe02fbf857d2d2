//! How entries and reactions lie in a row. Layouts begin with a version; whoever changes one
//! reads the old one too.

use std::sync::Arc;

use im_types::{ConversationId, UserId};
use uuid::Uuid;

use crate::domain::{
    Entry, EntryBody, Kind, Membership, MembershipChange, Message, MessageChange, Reaction,
};

const VERSION: u8 = 1;
const ID_BYTES: usize = 16;

/// What `mailbox_entries.kind` says. Below 20: a message, which is joined when read.
pub(super) mod kind {
    /// Somebody else's new message; what `list_deliveries.sql` looks for.
    pub(in crate::store) const NEW: i64 = 1;
    pub(in crate::store) const OWN_NEW: i64 = 2;
    pub(in crate::store) const EDITED: i64 = 3;
    pub(in crate::store) const DELETED: i64 = 4;
    pub(in crate::store) const REACTED: i64 = 5;
    pub(in crate::store) const RECEIPT: i64 = 20;
    pub(in crate::store) const MEMBERSHIP: i64 = 21;
    pub(in crate::store) const CONTACT: i64 = 22;
    pub(in crate::store) const ADVANCED: i64 = 23;
}

/// The columns of an entry besides mailbox and number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryColumns {
    pub(super) kind: i64,
    pub(super) conversation_id: Option<ConversationId>,
    pub(super) message_seq: Option<i64>,
    pub(super) payload: Option<Vec<u8>>,
}

impl EntryColumns {
    /// What is stored for `owner`.
    pub(super) fn of(owner: UserId, body: &EntryBody) -> Self {
        let columns = |kind, id, message_seq, payload| Self {
            kind,
            conversation_id: id,
            message_seq,
            payload,
        };
        match body {
            EntryBody::Message { change, message } => {
                let kind = match change {
                    MessageChange::New if message.sender_id == owner => kind::OWN_NEW,
                    MessageChange::New => kind::NEW,
                    MessageChange::Edited => kind::EDITED,
                    MessageChange::Deleted => kind::DELETED,
                    MessageChange::Reacted => kind::REACTED,
                };
                columns(kind, Some(message.conversation_id), Some(message.seq), None)
            }
            EntryBody::Receipt {
                conversation_id,
                user_id,
                read_seq,
                delivered_seq,
            } => {
                let mut out = Writer::new();
                out.id(user_id.as_uuid())
                    .number(*read_seq)
                    .number(*delivered_seq);
                columns(kind::RECEIPT, Some(*conversation_id), None, Some(out.0))
            }
            EntryBody::Membership(membership) => columns(
                kind::MEMBERSHIP,
                Some(membership.conversation_id),
                None,
                Some(write_membership(membership)),
            ),
            EntryBody::Contact(contact) => {
                columns(kind::CONTACT, None, None, Some(contact.to_vec()))
            }
            EntryBody::Advanced {
                conversation_id,
                last_seq,
            } => columns(
                kind::ADVANCED,
                Some(*conversation_id),
                Some(*last_seq),
                None,
            ),
        }
    }

    /// What was stored; `message` is the joined one. `None` for what this version cannot read.
    pub(super) fn read(self, seq: i64, message: Option<Arc<Message>>) -> Option<Entry> {
        let Self {
            kind,
            conversation_id,
            message_seq,
            payload,
        } = self;
        let payload = payload.unwrap_or_default();
        let of_message = |change| {
            Some(EntryBody::Message {
                change,
                message: message?,
            })
        };
        let body = match kind {
            kind::NEW | kind::OWN_NEW => of_message(MessageChange::New),
            kind::EDITED => of_message(MessageChange::Edited),
            kind::DELETED => of_message(MessageChange::Deleted),
            kind::REACTED => of_message(MessageChange::Reacted),
            kind::RECEIPT => {
                let mut input = Reader::new(&payload)?;
                Some(EntryBody::Receipt {
                    conversation_id: conversation_id?,
                    user_id: UserId::from_uuid(input.id()?),
                    read_seq: input.number()?,
                    delivered_seq: input.number()?,
                })
            }
            kind::MEMBERSHIP => {
                let membership = read_membership(conversation_id?, &payload)?;
                Some(EntryBody::Membership(Arc::new(membership)))
            }
            kind::CONTACT => Some(EntryBody::Contact(payload.into())),
            kind::ADVANCED => Some(EntryBody::Advanced {
                conversation_id: conversation_id?,
                last_seq: message_seq?,
            }),
            _ => None,
        };
        Some(Entry { seq, body: body? })
    }
}

fn write_membership(membership: &Membership) -> Vec<u8> {
    let mut out = Writer::new();
    out.byte(match membership.change {
        MembershipChange::Created => 1,
        MembershipChange::Added => 2,
        MembershipChange::Removed => 3,
        MembershipChange::Retitled => 4,
    });
    out.byte(match membership.kind {
        Kind::Direct => 1,
        Kind::Group => 2,
    });
    out.id(membership.actor_id.as_uuid());
    out.text(&membership.title);
    for user_id in &membership.user_ids {
        out.id(user_id.as_uuid());
    }
    out.0
}

fn read_membership(conversation_id: ConversationId, bytes: &[u8]) -> Option<Membership> {
    let mut input = Reader::new(bytes)?;
    let change = match input.byte()? {
        1 => MembershipChange::Created,
        2 => MembershipChange::Added,
        3 => MembershipChange::Removed,
        4 => MembershipChange::Retitled,
        _ => return None,
    };
    let kind = match input.byte()? {
        1 => Kind::Direct,
        2 => Kind::Group,
        _ => return None,
    };
    let actor_id = UserId::from_uuid(input.id()?);
    let title = input.text()?;
    let mut user_ids = Vec::with_capacity(input.0.len() / ID_BYTES);
    while !input.0.is_empty() {
        user_ids.push(UserId::from_uuid(input.id()?));
    }
    Some(Membership {
        conversation_id,
        change,
        user_ids,
        actor_id,
        title,
        kind,
    })
}

/// NULL for none, which is nearly all.
pub(super) fn write_reactions(reactions: &[Reaction]) -> Option<Vec<u8>> {
    if reactions.is_empty() {
        return None;
    }
    let mut out = Writer::new();
    for reaction in reactions {
        out.text(&reaction.emoji);
        out.number(i64::try_from(reaction.user_ids.len()).unwrap_or_default());
        for user_id in &reaction.user_ids {
            out.id(user_id.as_uuid());
        }
    }
    Some(out.0)
}

pub(super) fn read_reactions(bytes: &[u8]) -> Option<Vec<Reaction>> {
    let mut input = Reader::new(bytes)?;
    let mut reactions = Vec::new();
    while !input.0.is_empty() {
        let emoji = input.text()?;
        let count = usize::try_from(input.number()?).ok()?;
        let user_ids: Option<Vec<UserId>> = (0..count)
            .map(|_| input.id().map(UserId::from_uuid))
            .collect();
        reactions.push(Reaction {
            emoji,
            user_ids: user_ids?,
        });
    }
    Some(reactions)
}

struct Writer(Vec<u8>);

impl Writer {
    fn new() -> Self {
        Self(vec![VERSION])
    }

    fn byte(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    fn id(&mut self, value: Uuid) -> &mut Self {
        self.0.extend_from_slice(value.as_bytes());
        self
    }

    fn number(&mut self, value: i64) -> &mut Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// Texts here have at most 480 bytes.
    fn text(&mut self, value: &str) -> &mut Self {
        self.0
            .extend_from_slice(&u16::try_from(value.len()).unwrap_or_default().to_be_bytes());
        self.0.extend_from_slice(value.as_bytes());
        self
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        (*version == VERSION).then_some(Self(rest))
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn id(&mut self) -> Option<Uuid> {
        Uuid::from_slice(self.take(ID_BYTES)?).ok()
    }

    fn number(&mut self) -> Option<i64> {
        Some(i64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<String> {
        let length = u16::from_be_bytes(self.take(2)?.try_into().ok()?);
        String::from_utf8(self.take(usize::from(length))?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            title in ".{0,40}",
            ids in proptest::collection::vec(any::<u128>(), 0..5),
            emoji in "[👍❤😀]{1,3}",
        ) {
            let conversation_id = ConversationId::from_uuid(Uuid::from_u128(7));
            let user_ids: Vec<UserId> = ids.into_iter().map(user).collect();
            let membership = EntryBody::Membership(Arc::new(Membership {
                conversation_id,
                change: MembershipChange::Removed,
                user_ids: user_ids.clone(),
                actor_id: user(1),
                title,
                kind: Kind::Group,
            }));
            let receipt = EntryBody::Receipt {
                conversation_id,
                user_id: user(9),
                read_seq: 3,
                delivered_seq: i64::MAX,
            };
            let advanced = EntryBody::Advanced { conversation_id, last_seq: 12 };
            let contact = EntryBody::Contact(Arc::from([1_u8, 2, 3].as_slice()));
            for body in [membership, receipt, advanced, contact] {
                let read = EntryColumns::of(user(1), &body).read(5, None);
                prop_assert_eq!(read, Some(Entry { seq: 5, body }));
            }
            let reactions = vec![Reaction { emoji, user_ids }];
            let stored = write_reactions(&reactions);
            prop_assert_eq!(stored.and_then(|bytes| read_reactions(&bytes)), Some(reactions));
        }
    }

    #[test]
    fn no_reaction_is_null() {
        assert_eq!(write_reactions(&[]), None);
    }
}
