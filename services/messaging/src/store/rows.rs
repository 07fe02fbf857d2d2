//! Rows of the database as values of the domain.

use std::sync::Arc;

use im_store::{Arg, FromRow, Row, StoreError};
use im_types::{ConversationId, SiteId, Timestamp, UserId};

use super::payload::{EntryColumns, read_reactions, write_reactions};
use crate::domain::state::NewConversation;
use crate::domain::{
    AgeKind, ClientKey, Conversation, Entry, Fingerprint, Kind, Member, Message, PairKey, Pointers,
    Removal,
};
use crate::ports::{Delivery, MailboxRange, MemberView};

/// A column holds what no version of this program writes.
#[derive(Debug, thiserror::Error)]
#[error("holds an unknown value")]
struct Unknown;

fn unknown(column: &str) -> StoreError {
    StoreError::Decode {
        column: column.to_owned(),
        source: Unknown.into(),
    }
}

const fn kind_number(kind: Kind) -> i64 {
    match kind {
        Kind::Direct => 1,
        Kind::Group => 2,
    }
}

pub(super) fn read_kind(row: &Row) -> Result<Kind, StoreError> {
    match row.get_i64("kind")? {
        1 => Ok(Kind::Direct),
        2 => Ok(Kind::Group),
        _ => Err(unknown("kind")),
    }
}

pub(super) fn read_pair(row: &Row) -> Result<Option<PairKey>, StoreError> {
    let bytes = row.get_opt_bytes("pair_key")?;
    bytes
        .map(|bytes| PairKey::from_bytes(&bytes).ok_or_else(|| unknown("pair_key")))
        .transpose()
}

fn read_fingerprint(row: &Row, column: &str) -> Result<Fingerprint, StoreError> {
    let bytes = row
        .get_bytes(column)?
        .try_into()
        .map_err(|_| unknown(column))?;
    Ok(Fingerprint::from_bytes(bytes))
}

pub(super) const fn removal_number(removal: Removal) -> i64 {
    match removal {
        Removal::Deleted => 1,
        Removal::ExpiredUnread => 2,
        Removal::Retention => 3,
    }
}

pub(super) fn read_removal(row: &Row) -> Result<Option<Removal>, StoreError> {
    match row.get_opt_i64("removal")? {
        None => Ok(None),
        Some(1) => Ok(Some(Removal::Deleted)),
        Some(2) => Ok(Some(Removal::ExpiredUnread)),
        Some(3) => Ok(Some(Removal::Retention)),
        Some(_) => Err(unknown("removal")),
    }
}

/// What `ages.kind` says.
pub(super) const fn age_number(kind: AgeKind) -> i64 {
    match kind {
        AgeKind::Expiry => 1,
        AgeKind::Retention => 2,
        AgeKind::Pruning => 3,
    }
}

pub(super) fn read_age(row: &Row) -> Result<AgeKind, StoreError> {
    match row.get_i64("kind")? {
        1 => Ok(AgeKind::Expiry),
        2 => Ok(AgeKind::Retention),
        3 => Ok(AgeKind::Pruning),
        _ => Err(unknown("kind")),
    }
}

impl FromRow for Conversation {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get_id("conversation_id")?,
            kind: read_kind(row)?,
            pair: read_pair(row)?,
            title: row.get_text("title")?,
            site_id: row.get_parsed("site_id", SiteId::parse)?,
            last_seq: row.get_i64("last_seq")?,
            first_available_seq: row.get_i64("first_available_seq")?,
            roll_revision: row.get_i64("roll_revision")?,
            member_count: row.get_int("member_count")?,
            is_advance_pending: row.get_bool("is_advance_pending")?,
            created_at: row.get_timestamp("created_at_us")?,
            active_at: row.get_timestamp("active_at_us")?,
        })
    }
}

impl FromRow for Message {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let reactions = match row.get_opt_bytes("reactions")? {
            None => Vec::new(),
            Some(bytes) => read_reactions(&bytes).ok_or_else(|| unknown("reactions"))?,
        };
        Ok(Self {
            id: row.get_id("message_id")?,
            conversation_id: row.get_id("conversation_id")?,
            seq: row.get_i64("seq")?,
            sender_id: row.get_id("sender_id")?,
            text: row.get_text("text")?,
            created_at: row.get_timestamp("created_at_us")?,
            edited_at: row.get_opt_timestamp("edited_at_us")?,
            revision: row.get_i64("revision")?,
            reply_to_seq: row.get_i64("reply_to_seq")?,
            removal: read_removal(row)?,
            reactions,
            client_key: ClientKey::from_stored(&row.get_text("client_key")?),
            fingerprint: read_fingerprint(row, "fingerprint")?,
        })
    }
}

/// A message to share.
pub(super) struct Shared(pub(super) Arc<Message>);

impl FromRow for Shared {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Message::from_row(row).map(|message| Self(Arc::new(message)))
    }
}

impl FromRow for Pointers {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            read_seq: row.get_i64("read_seq")?,
            shown_read_seq: row.get_i64("shown_read_seq")?,
            delivered_seq: row.get_i64("delivered_seq")?,
        })
    }
}

impl FromRow for Member {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: row.get_id("user_id")?,
            is_owner: row.get_bool("is_owner")?,
            joined_at: row.get_timestamp("joined_at_us")?,
        })
    }
}

impl FromRow for MemberView {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            member: Member::from_row(row)?,
            pointers: Pointers::from_row(row)?,
        })
    }
}

/// Somebody's pointers in a conversation.
pub(super) struct PointersRow(
    pub(super) ConversationId,
    pub(super) UserId,
    pub(super) Pointers,
);

impl FromRow for PointersRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let (id, user_id) = (row.get_id("conversation_id")?, row.get_id("user_id")?);
        Ok(Self(id, user_id, Pointers::from_row(row)?))
    }
}

/// A member of a roll.
pub(super) struct RollRow(pub(super) ConversationId, pub(super) Member);

impl FromRow for RollRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(row.get_id("conversation_id")?, Member::from_row(row)?))
    }
}

/// What a key of a group's creation stands for.
pub(super) struct CreationRow {
    pub(super) key: (UserId, ClientKey),
    pub(super) conversation_id: ConversationId,
    pub(super) fingerprint: Fingerprint,
}

impl FromRow for CreationRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let key = ClientKey::from_stored(&row.get_text("creation_key")?);
        Ok(Self {
            key: (row.get_id("creator_id")?, key),
            conversation_id: row.get_id("conversation_id")?,
            fingerprint: read_fingerprint(row, "creation_fingerprint")?,
        })
    }
}

/// A conversation as a member sees it, without what is read by other statements.
pub(super) struct ViewRow {
    pub(super) conversation: Conversation,
    pub(super) is_owner: bool,
    pub(super) pointers: Pointers,
    pub(super) listed_at: Timestamp,
}

impl FromRow for ViewRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            conversation: Conversation::from_row(row)?,
            is_owner: row.get_bool("is_owner")?,
            pointers: Pointers::from_row(row)?,
            listed_at: row.get_timestamp("listed_at_us")?,
        })
    }
}

/// A line of a mailbox with the message that it is about.
pub(super) struct EntryRow(pub(super) UserId, pub(super) Entry);

impl FromRow for EntryRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let columns = EntryColumns {
            kind: row.get_i64("kind")?,
            conversation_id: row.get_opt_id("entry_conversation_id")?,
            message_seq: row.get_opt_i64("message_seq")?,
            payload: row.get_opt_bytes("payload")?,
        };
        let message = match (columns.kind, columns.conversation_id, columns.message_seq) {
            (..20, Some(id), Some(seq)) => Some(Arc::new(joined_message(row, id, seq)?)),
            _ => None,
        };
        let (owner, seq) = (row.get_id("owner_id")?, row.get_i64("entry_seq")?);
        let entry = columns.read(seq, message).ok_or_else(|| unknown("kind"))?;
        Ok(Self(owner, entry))
    }
}

/// The joined message; of one whose row is gone, or whose later text is not for this reader, the
/// tombstone.
fn joined_message(row: &Row, id: ConversationId, seq: i64) -> Result<Message, StoreError> {
    if row.get_opt_i64("seq")?.is_none() {
        return Ok(Message::pruned(id, seq));
    }
    let mut message = Message::from_row(row)?;
    if !row.get_bool("is_readable")? && message.removal.is_none() {
        message.remove(Removal::Deleted);
    }
    Ok(message)
}

/// What a mailbox holds.
pub(super) struct MailboxRow(pub(super) UserId, pub(super) MailboxRange);

impl FromRow for MailboxRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let (first_seq, last_seq) = (row.get_i64("first_seq")?, row.get_i64("last_seq")?);
        Ok(Self(
            row.get_id("user_id")?,
            MailboxRange {
                first_seq,
                last_seq,
            },
        ))
    }
}

/// The newest number of a mailbox.
pub(super) struct NumberRow(pub(super) UserId, pub(super) i64);

impl FromRow for NumberRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(row.get_id("user_id")?, row.get_i64("last_seq")?))
    }
}

impl FromRow for Delivery {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: row.get_id("user_id")?,
            conversation_id: row.get_id("conversation_id")?,
            seq: row.get_i64("message_seq")?,
        })
    }
}

/// An id in the first column named so.
pub(super) struct ConversationIdRow(pub(super) ConversationId);

impl FromRow for ConversationIdRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.get_id("conversation_id").map(Self)
    }
}

/// An id in the first column named so.
pub(super) struct UserIdRow(pub(super) UserId);

impl FromRow for UserIdRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        row.get_id("user_id").map(Self)
    }
}

/// How many messages are unread.
pub(super) struct UnreadRow(pub(super) ConversationId, pub(super) i64);

impl FromRow for UnreadRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(
            row.get_id("conversation_id")?,
            row.get_i64("unread_count")?,
        ))
    }
}

/// The row of a new conversation.
pub(super) fn conversation_args(new: NewConversation) -> Vec<Arg> {
    let NewConversation {
        conversation,
        creation,
    } = new;
    let (creator_id, key, fingerprint) = match creation {
        Some((user_id, key, print)) => (Some(user_id), Some(key), Some(print)),
        None => (None, None, None),
    };
    let member_count = i64::try_from(conversation.member_count).unwrap_or(i64::MAX);
    vec![
        conversation.id.into(),
        kind_number(conversation.kind).into(),
        conversation.pair.map(PairKey::to_bytes).into(),
        creator_id.into(),
        key.map(|key| key.as_str().to_owned()).into(),
        fingerprint.map(|print| print.as_bytes().to_vec()).into(),
        conversation.title.into(),
        conversation.site_id.into(),
        conversation.last_seq.into(),
        conversation.first_available_seq.into(),
        conversation.roll_revision.into(),
        member_count.into(),
        conversation.is_advance_pending.into(),
        conversation.created_at.into(),
        conversation.active_at.into(),
    ]
}

/// The row of a new message.
pub(super) fn message_args((message, site_id): &(Arc<Message>, SiteId)) -> [Arg; 14] {
    [
        message.conversation_id.into(),
        message.seq.into(),
        message.id.into(),
        message.sender_id.into(),
        message.client_key.as_str().into(),
        message.fingerprint.as_bytes().as_slice().into(),
        message.text.as_str().into(),
        message.reply_to_seq.into(),
        message.revision.into(),
        message.removal.map(removal_number).into(),
        write_reactions(&message.reactions).into(),
        message.created_at.into(),
        message.edited_at.map(Timestamp::as_micros).into(),
        site_id.into(),
    ]
}

/// What can change of a message, after its key.
pub(super) fn message_change_args(message: &Message) -> [Arg; 7] {
    [
        message.conversation_id.into(),
        message.seq.into(),
        message.text.as_str().into(),
        message.revision.into(),
        message.removal.map(removal_number).into(),
        write_reactions(&message.reactions).into(),
        message.edited_at.map(Timestamp::as_micros).into(),
    ]
}
