//! Between the words of the wire and those of the domain.

use im_proto::messaging as proto;
use im_proto::presence::Contact;
use im_types::{ConversationId, Id, Timestamp, UserId};
use prost::Message as _;

use crate::domain::{
    Entry, EntryBody, Kind, Membership, MembershipChange, Message, MessageChange, Removal,
};
use crate::error::Error;
use crate::ports::{ConversationView, MemberView};

/// People told with a reaction.
const REACTORS_TOLD_MAX: usize = 100;

/// An id of a request.
pub(super) fn parse_id<I: Id>(
    field: &'static str,
    text: &str,
    parse: impl FnOnce(&str) -> Result<I, im_types::ParseIdError>,
) -> Result<I, Error> {
    parse(text).map_err(|error| Error::invalid(field, error))
}

/// The conversation of a request.
pub(super) fn conversation_id(text: &str) -> Result<ConversationId, Error> {
    parse_id("conversation_id", text, ConversationId::parse)
}

/// People of a request.
pub(super) fn user_ids(field: &'static str, texts: &[String]) -> Result<Vec<UserId>, Error> {
    texts
        .iter()
        .map(|text| parse_id(field, text, UserId::parse))
        .collect()
}

fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = at.to_seconds_nanos();
    prost_types::Timestamp { seconds, nanos }
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

const fn kind(kind: Kind) -> proto::conversation::Kind {
    match kind {
        Kind::Direct => proto::conversation::Kind::Direct,
        Kind::Group => proto::conversation::Kind::Group,
    }
}

/// A message for one reader: only its sender is told the key.
pub(super) fn message(message: &Message, reader_id: UserId) -> proto::Message {
    let removal = match message.removal {
        None => proto::message::Removal::Unspecified,
        Some(Removal::Deleted) => proto::message::Removal::Deleted,
        Some(Removal::ExpiredUnread) => proto::message::Removal::ExpiredUnread,
        Some(Removal::Retention) => proto::message::Removal::Retention,
    };
    let reactions = message
        .reactions
        .iter()
        .map(|reaction| proto::message::Reaction {
            emoji: reaction.emoji.clone(),
            user_ids: reaction
                .user_ids
                .iter()
                .take(REACTORS_TOLD_MAX)
                .map(UserId::to_string)
                .collect(),
            count: count(reaction.user_ids.len()),
        });
    let is_own = message.sender_id == reader_id;
    proto::Message {
        id: message.id.to_string(),
        conversation_id: message.conversation_id.to_string(),
        seq: message.seq,
        sender_id: message.sender_id.to_string(),
        text: message.text.clone(),
        create_time: Some(timestamp(message.created_at)),
        edit_time: message.edited_at.map(timestamp),
        revision: message.revision,
        reply_to_seq: message.reply_to_seq,
        removal: removal.into(),
        reactions: reactions.collect(),
        client_key: if is_own {
            message.client_key.as_str().to_owned()
        } else {
            String::new()
        },
    }
}

/// A conversation for the member that the view is of.
pub(super) fn conversation(view: ConversationView, reader_id: UserId) -> proto::Conversation {
    let of = view.conversation;
    proto::Conversation {
        id: of.id.to_string(),
        kind: kind(of.kind).into(),
        title: of.title,
        member_ids: view.member_ids.iter().map(UserId::to_string).collect(),
        member_count: count(of.member_count),
        last_seq: of.last_seq,
        read_seq: view.pointers.read_seq,
        unread_count: i32::try_from(view.unread_count).unwrap_or(i32::MAX),
        last_message: view.last_message.map(|newest| message(&newest, reader_id)),
        create_time: Some(timestamp(of.created_at)),
        first_available_seq: of.first_available_seq,
        is_owner: view.is_owner,
    }
}

/// A member with pointers.
pub(super) fn member(view: &MemberView) -> proto::Member {
    proto::Member {
        user_id: view.member.user_id.to_string(),
        is_owner: view.member.is_owner,
        read_seq: view.pointers.read_seq,
        delivered_seq: view.pointers.delivered_seq,
        join_time: Some(timestamp(view.member.joined_at)),
    }
}

/// A line of a mailbox for its owner.
pub(super) fn entry(entry: &Entry, owner_id: UserId) -> proto::Entry {
    use proto::entry::{Kind as K, Payload as P};
    let (kind, payload) = match &entry.body {
        EntryBody::Message {
            change,
            message: about,
        } => {
            let kind = match change {
                MessageChange::New => K::Message,
                MessageChange::Edited => K::Edit,
                MessageChange::Deleted => K::Delete,
                MessageChange::Reacted => K::Reaction,
            };
            (kind, Some(P::Message(message(about, owner_id))))
        }
        EntryBody::Receipt {
            conversation_id,
            user_id,
            read_seq,
            delivered_seq,
        } => {
            let receipt = proto::Receipt {
                conversation_id: conversation_id.to_string(),
                user_id: user_id.to_string(),
                read_seq: *read_seq,
                delivered_seq: *delivered_seq,
            };
            (K::Receipt, Some(P::Receipt(receipt)))
        }
        EntryBody::Membership(about) => (K::Membership, Some(P::Membership(membership(about)))),
        EntryBody::Contact(bytes) => {
            // Presence wrote it; one of another version loses only what this one does not know.
            let contact = Contact::decode(&**bytes).ok();
            (K::Contact, contact.map(P::Contact))
        }
        EntryBody::Advanced {
            conversation_id,
            last_seq,
        } => {
            let conversation_id = conversation_id.to_string();
            let advanced = proto::Advanced {
                conversation_id,
                last_seq: *last_seq,
            };
            (K::Advanced, Some(P::Advanced(advanced)))
        }
    };
    proto::Entry {
        seq: entry.seq,
        kind: kind.into(),
        payload,
    }
}

fn membership(about: &Membership) -> proto::Membership {
    let change = match about.change {
        MembershipChange::Created => proto::membership::Change::Created,
        MembershipChange::Added => proto::membership::Change::Added,
        MembershipChange::Removed => proto::membership::Change::Removed,
        MembershipChange::Retitled => proto::membership::Change::Retitled,
    };
    proto::Membership {
        conversation_id: about.conversation_id.to_string(),
        change: change.into(),
        user_ids: about.user_ids.iter().map(UserId::to_string).collect(),
        actor_id: about.actor_id.to_string(),
        title: about.title.clone(),
        kind: kind(about.kind).into(),
    }
}
