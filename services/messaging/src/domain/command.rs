//! What can be asked of the writer. Everything that a rule needs to know comes with the command:
//! what policy allows the person, and whom presence lets the person reach.

use std::sync::Arc;

use im_types::{ConversationId, MessageId, SiteId, Timestamp, UserId};

use super::age::Due;
use super::conversation::PairKey;
use super::message::Message;
use super::refusal::Refusal;
use super::values::{ClientKey, Emoji, Fingerprint, Text, Title};

/// Whether a person may write to another, as presence says.
pub type Verdict = Result<(), Unreachable>;

/// Why a person cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unreachable {
    /// They are not contacts.
    NotAContact,
    /// One has blocked the other.
    Blocked,
    /// The other is of a higher level.
    Hierarchy,
    /// They have no group in common.
    NoCommonGroup,
    /// There is no such person, or not any more.
    UserNotFound,
}

/// A request to the writer.
#[derive(Debug, Clone)]
pub enum Command {
    /// Makes the conversation of two people, or finds it.
    CreateDirect(CreateDirect),
    /// Makes a conversation of several people.
    CreateGroup(CreateGroup),
    /// Sends a message.
    Send(Send),
    /// Replaces a text.
    Edit(Edit),
    /// Takes a text away.
    Delete(Delete),
    /// Gives or takes back a reaction.
    React(React),
    /// Moves a read pointer.
    MarkRead(MarkRead),
    /// Moves a delivered pointer.
    MarkDelivered(MarkDelivered),
    /// Adds people.
    AddMembers(AddMembers),
    /// Takes a person out.
    RemoveMember(RemoveMember),
    /// Changes the title.
    Retitle(Retitle),
    /// Writes changes of rosters into mailboxes.
    FeedRoster(FeedRoster),
    /// Takes away a step of what has become old, for expiry or retention.
    Age(Due),
    /// Tells the members of a large conversation that it went on.
    Advance(ConversationId),
}

/// See [`Command::CreateDirect`].
#[derive(Debug, Clone)]
pub struct CreateDirect {
    /// Who asks.
    pub actor_id: UserId,
    /// The two, the actor among them.
    pub pair: PairKey,
    /// Its id if it has to be made.
    pub conversation_id: ConversationId,
    /// Where it is made.
    pub site_id: SiteId,
    /// Whether the actor may write to the other one.
    pub verdict: Verdict,
}

/// See [`Command::CreateGroup`].
#[derive(Debug, Clone)]
pub struct CreateGroup {
    /// Who asks, and will own it.
    pub actor_id: UserId,
    /// The others.
    pub member_ids: Vec<UserId>,
    /// Its title.
    pub title: Title,
    /// Repeating it finds the first one.
    pub client_key: Option<ClientKey>,
    /// Of the request.
    pub fingerprint: Fingerprint,
    /// Its id.
    pub conversation_id: ConversationId,
    /// Where it is made.
    pub site_id: SiteId,
    /// The first of the others who cannot be reached.
    pub verdict: Result<(), (UserId, Unreachable)>,
    /// Policy `conversations_create_group`.
    pub is_allowed: bool,
    /// Policy `conversation_members_max`.
    pub members_max: usize,
}

/// See [`Command::Send`].
#[derive(Debug, Clone)]
pub struct Send {
    /// Who writes.
    pub sender_id: UserId,
    /// Where.
    pub conversation_id: ConversationId,
    /// On which site; its policy says how long the message is kept.
    pub site_id: SiteId,
    /// Its id if it is new.
    pub message_id: MessageId,
    /// The sender's key.
    pub client_key: ClientKey,
    /// Of what the client said (before censoring).
    pub fingerprint: Fingerprint,
    /// What is kept; or why it is not to be.
    pub text: Result<Text, Refusal>,
    /// The message that it answers; 0 if none.
    pub reply_to_seq: i64,
    /// Of a direct conversation: whether the sender may write to the other one.
    pub verdict: Option<Verdict>,
}

/// See [`Command::Edit`].
#[derive(Debug, Clone)]
pub struct Edit {
    /// Who asks.
    pub actor_id: UserId,
    /// Where.
    pub conversation_id: ConversationId,
    /// Which message.
    pub seq: i64,
    /// The text to keep; or why it is not to be.
    pub text: Result<Text, Refusal>,
    /// What policy allows.
    pub window: Window,
}

/// See [`Command::Delete`].
#[derive(Debug, Clone)]
pub struct Delete {
    /// Who asks.
    pub actor_id: UserId,
    /// Where.
    pub conversation_id: ConversationId,
    /// Which message.
    pub seq: i64,
    /// Permission `messages.moderate`: any message of any conversation, at any time.
    pub is_moderator: bool,
    /// What policy allows.
    pub window: Window,
}

/// How long after sending something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Never.
    Closed,
    /// For messages that are not older than this time.
    Since(Timestamp),
    /// Always.
    Open,
}

/// See [`Command::React`].
#[derive(Debug, Clone)]
pub struct React {
    /// Who reacts.
    pub actor_id: UserId,
    /// Where.
    pub conversation_id: ConversationId,
    /// To which message.
    pub seq: i64,
    /// With what.
    pub emoji: Emoji,
    /// Given or taken back.
    pub is_given: bool,
    /// Policy `reactions_enabled`; taking back is always allowed.
    pub is_allowed: bool,
}

/// See [`Command::MarkRead`].
#[derive(Debug, Clone)]
pub struct MarkRead {
    /// Who reads.
    pub actor_id: UserId,
    /// Where.
    pub conversation_id: ConversationId,
    /// Up to where.
    pub seq: i64,
    /// Policy `read_receipts_enabled`: whether others are told.
    pub is_shown: bool,
}

/// See [`Command::MarkDelivered`].
#[derive(Debug, Clone, Copy)]
pub struct MarkDelivered {
    /// Whose device.
    pub user_id: UserId,
    /// Where.
    pub conversation_id: ConversationId,
    /// Up to where.
    pub seq: i64,
}

/// See [`Command::AddMembers`].
#[derive(Debug, Clone)]
pub struct AddMembers {
    /// Who asks.
    pub actor_id: UserId,
    /// Where.
    pub conversation_id: ConversationId,
    /// Whom.
    pub user_ids: Vec<UserId>,
    /// Those of them who cannot be reached.
    pub unreachable: Vec<(UserId, Unreachable)>,
    /// Policy `conversation_members_add`: only its owners.
    pub is_for_owners: bool,
    /// Policy `conversation_members_max`.
    pub members_max: usize,
}

/// See [`Command::RemoveMember`].
#[derive(Debug, Clone, Copy)]
pub struct RemoveMember {
    /// Who asks.
    pub actor_id: UserId,
    /// Where.
    pub conversation_id: ConversationId,
    /// Whom; oneself to leave.
    pub user_id: UserId,
}

/// See [`Command::Retitle`].
#[derive(Debug, Clone)]
pub struct Retitle {
    /// Who asks.
    pub actor_id: UserId,
    /// Where.
    pub conversation_id: ConversationId,
    /// The new title.
    pub title: Title,
}

/// See [`Command::FeedRoster`].
#[derive(Debug, Clone)]
pub struct FeedRoster {
    /// The feed's position before these changes; if it is another by now, nothing happens.
    pub after_position: i64,
    /// The position after them.
    pub position: i64,
    /// Whose roster, and the entry as it is: an encoded `im.presence.v1.Contact`.
    pub changes: Vec<(UserId, Arc<[u8]>)>,
}

/// What became of a command that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The conversation stands.
    Conversation(ConversationId),
    /// The message is kept.
    Sent {
        /// With its number.
        message: Arc<Message>,
        /// The key was known; this is what it stood for.
        is_duplicate: bool,
    },
    /// The message as it is now.
    Message(Arc<Message>),
    /// It is so now.
    Done,
    /// A step of upkeep: whether it left work for another one.
    Step {
        /// Whether to come again at once.
        has_more: bool,
        /// Messages that it took away.
        removed: usize,
    },
}

impl Command {
    /// The conversation that is asked about, where the command names one that exists.
    pub const fn conversation_id(&self) -> Option<ConversationId> {
        match self {
            Self::Send(Send {
                conversation_id, ..
            })
            | Self::Edit(Edit {
                conversation_id, ..
            })
            | Self::Delete(Delete {
                conversation_id, ..
            })
            | Self::React(React {
                conversation_id, ..
            })
            | Self::MarkRead(MarkRead {
                conversation_id, ..
            })
            | Self::MarkDelivered(MarkDelivered {
                conversation_id, ..
            })
            | Self::AddMembers(AddMembers {
                conversation_id, ..
            })
            | Self::RemoveMember(RemoveMember {
                conversation_id, ..
            })
            | Self::Retitle(Retitle {
                conversation_id, ..
            })
            | Self::Advance(conversation_id) => Some(*conversation_id),
            Self::CreateDirect(_) | Self::CreateGroup(_) | Self::FeedRoster(_) | Self::Age(_) => {
                None
            }
        }
    }
}
