//! What a mailbox holds.

use std::sync::Arc;

use im_types::{ConversationId, UserId};

use super::conversation::Kind;
use super::message::Message;

/// One line of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Contiguous within the mailbox, from 1.
    pub seq: i64,
    /// What happened.
    pub body: EntryBody,
}

/// What an entry takes besides its text, about.
pub const ENTRY_BYTES: usize = 200;

impl Entry {
    /// What it takes in memory and, about, on the wire.
    pub fn bytes(&self) -> usize {
        ENTRY_BYTES
            + match &self.body {
                EntryBody::Message { message, .. } => message.text.len(),
                EntryBody::Membership(membership) => {
                    membership.title.len() + membership.user_ids.len() * 16
                }
                EntryBody::Contact(contact) => contact.len(),
                EntryBody::Receipt { .. } | EntryBody::Advanced { .. } => 0,
            }
    }
}

/// What happened, as far as one person is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryBody {
    /// A message came or changed; the message as it is when the entry is read.
    Message {
        /// What happened to it.
        change: MessageChange,
        /// The message.
        message: Arc<Message>,
    },
    /// Somebody's pointers moved.
    Receipt {
        /// Where.
        conversation_id: ConversationId,
        /// Whose.
        user_id: UserId,
        /// Up to where read; 0 if not to be told.
        read_seq: i64,
        /// Up to where received.
        delivered_seq: i64,
    },
    /// A conversation's people or title changed.
    Membership(Arc<Membership>),
    /// The roster: an encoded `im.presence.v1.Contact`, which messaging does not look into.
    Contact(Arc<[u8]>),
    /// A large conversation went on.
    Advanced {
        /// Where.
        conversation_id: ConversationId,
        /// Its newest number.
        last_seq: i64,
    },
}

/// What happened to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageChange {
    /// It came.
    New,
    /// It has another text.
    Edited,
    /// Its text is gone.
    Deleted,
    /// It has other reactions.
    Reacted,
}

/// What happened to a conversation's people or title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Where.
    pub conversation_id: ConversationId,
    /// What happened.
    pub change: MembershipChange,
    /// Whom it concerns.
    pub user_ids: Vec<UserId>,
    /// Who did it.
    pub actor_id: UserId,
    /// The title now.
    pub title: String,
    /// What kind it is.
    pub kind: Kind,
}

/// What happened to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MembershipChange {
    /// It was made.
    Created,
    /// People came in.
    Added,
    /// People went out.
    Removed,
    /// It has another title.
    Retitled,
}
