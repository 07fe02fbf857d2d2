//! Frames to clients as serde sees them: the proto3 mapping with all fields.

use im_proto::{
    gateway::server_frame::Frame,
    messaging::{Entry, Message, conversation, entry, membership, message},
    presence::{Contact, Presence, contact, presence},
};
use prost_types::Timestamp;
use serde::{Serialize, Serializer};

/// 64-bit integers are text.
struct Int64(i64);

impl Serialize for Int64 {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.0)
    }
}

/// RFC 3339.
struct Time<'a>(&'a Timestamp);

impl Serialize for Time<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self.0)
    }
}

/// The name of an enum's value, or its number if this version does not know it.
struct EnumName(Option<&'static str>, i32);

impl Serialize for EnumName {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(name) => out.serialize_str(name),
            None => out.serialize_i32(self.1),
        }
    }
}

/// A list whose elements are written as views.
pub(super) struct List<'a, T, V>(&'a [T], fn(&'a T) -> V);

impl<T, V: Serialize> Serialize for List<'_, T, V> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.0.iter().map(self.1))
    }
}

/// An object with one key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum FrameView<'a> {
    #[serde(rename_all = "camelCase")]
    Welcome {
        session_id: &'a str,
        cursor: &'a str,
        heartbeat_ms: i32,
        user_id: &'a str,
        connection_id: &'a str,
    },
    Batch {
        entries: List<'a, Entry, EntryView<'a>>,
        cursor: &'a str,
    },
    #[serde(rename_all = "camelCase")]
    Presence {
        presences: List<'a, Presence, PresenceView<'a>>,
        is_snapshot: bool,
    },
    #[serde(rename_all = "camelCase")]
    Typing {
        conversation_id: &'a str,
        user_id: &'a str,
    },
    Notice {
        reason: &'a str,
        message: &'a str,
    },
    #[serde(rename_all = "camelCase")]
    Goaway {
        reason: &'a str,
        reconnect_after_ms: i32,
    },
    #[serde(rename_all = "camelCase")]
    Error {
        code: i32,
        reason: &'a str,
        message: &'a str,
        client_key: &'a str,
        retry_after_ms: i32,
    },
    Pong {},
    #[serde(rename_all = "camelCase")]
    Sent {
        client_key: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<MessageView<'a>>,
        duplicate: bool,
    },
}

impl<'a> FrameView<'a> {
    pub(super) fn of(frame: &'a Frame) -> Self {
        match frame {
            Frame::Welcome(welcome) => Self::Welcome {
                session_id: &welcome.session_id,
                cursor: &welcome.cursor,
                heartbeat_ms: welcome.heartbeat_ms,
                user_id: &welcome.user_id,
                connection_id: &welcome.connection_id,
            },
            Frame::Batch(batch) => Self::Batch {
                entries: List(&batch.entries, EntryView::of),
                cursor: &batch.cursor,
            },
            Frame::Presence(batch) => Self::Presence {
                presences: List(&batch.presences, PresenceView::of),
                is_snapshot: batch.is_snapshot,
            },
            Frame::Typing(typing) => Self::Typing {
                conversation_id: &typing.conversation_id,
                user_id: &typing.user_id,
            },
            Frame::Notice(notice) => Self::Notice {
                reason: &notice.reason,
                message: &notice.message,
            },
            Frame::Goaway(goaway) => Self::Goaway {
                reason: &goaway.reason,
                reconnect_after_ms: goaway.reconnect_after_ms,
            },
            Frame::Error(error) => Self::Error {
                code: error.code,
                reason: &error.reason,
                message: &error.message,
                client_key: &error.client_key,
                retry_after_ms: error.retry_after_ms,
            },
            Frame::Pong(_) => Self::Pong {},
            Frame::Sent(sent) => Self::Sent {
                client_key: &sent.client_key,
                message: sent.message.as_ref().map(MessageView::of),
                duplicate: sent.duplicate,
            },
        }
    }
}

#[derive(Serialize)]
pub(super) struct EntryView<'a> {
    seq: Int64,
    kind: EnumName,
    #[serde(flatten)]
    payload: Option<PayloadView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum PayloadView<'a> {
    Message(MessageView<'a>),
    #[serde(rename_all = "camelCase")]
    Receipt {
        conversation_id: &'a str,
        user_id: &'a str,
        read_seq: Int64,
        delivered_seq: Int64,
    },
    #[serde(rename_all = "camelCase")]
    Membership {
        conversation_id: &'a str,
        change: EnumName,
        user_ids: &'a [String],
        actor_id: &'a str,
        title: &'a str,
        kind: EnumName,
    },
    Contact(ContactView<'a>),
    #[serde(rename_all = "camelCase")]
    Advanced {
        conversation_id: &'a str,
        last_seq: Int64,
    },
}

impl<'a> EntryView<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            seq: Int64(entry.seq),
            kind: EnumName(
                entry::Kind::try_from(entry.kind)
                    .ok()
                    .map(|kind| kind.as_str_name()),
                entry.kind,
            ),
            payload: entry.payload.as_ref().map(PayloadView::of),
        }
    }
}

impl<'a> PayloadView<'a> {
    fn of(payload: &'a entry::Payload) -> Self {
        match payload {
            entry::Payload::Message(message) => Self::Message(MessageView::of(message)),
            entry::Payload::Receipt(receipt) => Self::Receipt {
                conversation_id: &receipt.conversation_id,
                user_id: &receipt.user_id,
                read_seq: Int64(receipt.read_seq),
                delivered_seq: Int64(receipt.delivered_seq),
            },
            entry::Payload::Membership(membership) => Self::Membership {
                conversation_id: &membership.conversation_id,
                change: EnumName(
                    membership::Change::try_from(membership.change)
                        .ok()
                        .map(|change| change.as_str_name()),
                    membership.change,
                ),
                user_ids: &membership.user_ids,
                actor_id: &membership.actor_id,
                title: &membership.title,
                kind: conversation_kind(membership.kind),
            },
            entry::Payload::Contact(contact) => Self::Contact(ContactView::of(contact)),
            entry::Payload::Advanced(advanced) => Self::Advanced {
                conversation_id: &advanced.conversation_id,
                last_seq: Int64(advanced.last_seq),
            },
        }
    }
}

fn conversation_kind(kind: i32) -> EnumName {
    EnumName(
        conversation::Kind::try_from(kind)
            .ok()
            .map(|kind| kind.as_str_name()),
        kind,
    )
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageView<'a> {
    id: &'a str,
    conversation_id: &'a str,
    seq: Int64,
    sender_id: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_time: Option<Time<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edit_time: Option<Time<'a>>,
    revision: Int64,
    reply_to_seq: Int64,
    removal: EnumName,
    reactions: List<'a, message::Reaction, ReactionView<'a>>,
    client_key: &'a str,
}

impl<'a> MessageView<'a> {
    fn of(message: &'a Message) -> Self {
        Self {
            id: &message.id,
            conversation_id: &message.conversation_id,
            seq: Int64(message.seq),
            sender_id: &message.sender_id,
            text: &message.text,
            create_time: message.create_time.as_ref().map(Time),
            edit_time: message.edit_time.as_ref().map(Time),
            revision: Int64(message.revision),
            reply_to_seq: Int64(message.reply_to_seq),
            removal: EnumName(
                message::Removal::try_from(message.removal)
                    .ok()
                    .map(|removal| removal.as_str_name()),
                message.removal,
            ),
            reactions: List(&message.reactions, ReactionView::of),
            client_key: &message.client_key,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReactionView<'a> {
    emoji: &'a str,
    user_ids: &'a [String],
    count: i32,
}

impl<'a> ReactionView<'a> {
    fn of(reaction: &'a message::Reaction) -> Self {
        Self {
            emoji: &reaction.emoji,
            user_ids: &reaction.user_ids,
            count: reaction.count,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContactView<'a> {
    user_id: &'a str,
    state: EnumName,
    username: &'a str,
    display_name: &'a str,
    alias: &'a str,
    personal_group: &'a str,
    is_vip: bool,
    is_hidden_from: bool,
    note: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_time: Option<Time<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_time: Option<Time<'a>>,
}

impl<'a> ContactView<'a> {
    fn of(contact: &'a Contact) -> Self {
        Self {
            user_id: &contact.user_id,
            state: EnumName(
                contact::State::try_from(contact.state)
                    .ok()
                    .map(|state| state.as_str_name()),
                contact.state,
            ),
            username: &contact.username,
            display_name: &contact.display_name,
            alias: &contact.alias,
            personal_group: &contact.personal_group,
            is_vip: contact.is_vip,
            is_hidden_from: contact.is_hidden_from,
            note: &contact.note,
            create_time: contact.create_time.as_ref().map(Time),
            update_time: contact.update_time.as_ref().map(Time),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PresenceView<'a> {
    user_id: &'a str,
    state: EnumName,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_time: Option<Time<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_time: Option<Time<'a>>,
    revision: Int64,
    epoch: Int64,
}

impl<'a> PresenceView<'a> {
    fn of(presence: &'a Presence) -> Self {
        Self {
            user_id: &presence.user_id,
            state: EnumName(
                presence::State::try_from(presence.state)
                    .ok()
                    .map(|state| state.as_str_name()),
                presence.state,
            ),
            reason: &presence.reason,
            expire_time: presence.expire_time.as_ref().map(Time),
            last_seen_time: presence.last_seen_time.as_ref().map(Time),
            revision: Int64(presence.revision),
            epoch: Int64(presence.epoch),
        }
    }
}
