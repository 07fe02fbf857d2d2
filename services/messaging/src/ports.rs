//! What messaging needs from outside: a store, and presence's word about who reaches whom.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use im_types::{ConversationId, SiteId, Timestamp, UserId};

use crate::domain::{
    Command, Conversation, Entry, Limits, Mark, Message, Outcome, PairKey, Pointers, Refusal, Roll,
    Verdict,
};

/// An error of a lower layer.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// What a port answers with.
pub type Answer<'a, T, E = StoreFault> = BoxFuture<'a, Result<T, E>>;

/// The store could not do its work. Nothing of a failed commit is kept, unless its outcome is
/// unknown ([`StoreFault::Unavailable`]); repeating by key is safe in any case.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// The database is away, overloaded or too slow.
    #[error("the database is not available")]
    Unavailable(#[source] BoxError),
    /// The database refused what we asked: a bug, or damage.
    #[error("the database refused")]
    Broken(#[source] BoxError),
}

/// What a commit did.
#[derive(Debug, Default)]
pub struct Committed {
    /// What became of each command, in order.
    pub results: Vec<Result<Outcome, Refusal>>,
    /// The new lines of mailboxes, numbered; those of one mailbox in order.
    pub entries: Vec<(UserId, Entry)>,
    /// The people of conversations that changed.
    pub rolls: Vec<(ConversationId, Roll)>,
}

/// What a conversation is, as far as it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// Between these two.
    Direct(PairKey),
    /// Between several people.
    Group,
}

/// A conversation as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationView {
    /// The conversation.
    pub conversation: Conversation,
    /// At most 50 of its people, by id; of a large one the member first.
    pub member_ids: Vec<UserId>,
    /// Up to where the member has come.
    pub pointers: Pointers,
    /// Whether the member owns it.
    pub is_owner: bool,
    /// Messages of others after the read pointer that still exist, counted up to 1000 and among
    /// the 5000 newest.
    pub unread_count: i64,
    /// The newest message.
    pub last_message: Option<Arc<Message>>,
    /// Its place in the member's list: its latest activity, of a large one as it was last told.
    pub listed_at: Timestamp,
}

/// A member with pointers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberView {
    /// Who, and whether an owner.
    pub member: crate::domain::Member,
    /// Up to where the member has come.
    pub pointers: Pointers,
}

/// Which messages of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryRange {
    /// Those with smaller numbers, the nearest.
    Before(i64),
    /// Those with larger numbers, the nearest.
    After(i64),
}

/// A place in the list of conversations: the last one that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPosition {
    /// See [`ConversationView::listed_at`].
    pub listed_at: Timestamp,
    /// Its id.
    pub conversation_id: ConversationId,
}

/// What a mailbox holds: `first_seq..=last_seq`; empty if the last is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailboxRange {
    /// The oldest entry that is kept.
    pub first_seq: i64,
    /// The newest entry.
    pub last_seq: i64,
}

impl MailboxRange {
    /// Of somebody to whom nothing has happened yet.
    pub const EMPTY: Self = Self {
        first_seq: 1,
        last_seq: 0,
    };
}

/// Rows that may be deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prunable {
    /// Conversations that may begin with such rows.
    pub conversation_ids: Vec<ConversationId>,
    /// Up to where was looked; `None` at the end.
    pub mark: Option<Mark>,
}

/// How far a conversation got with what a person's device has acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Whose device.
    pub user_id: UserId,
    /// Where.
    pub conversation_id: ConversationId,
    /// The newest message of somebody else among what was acknowledged.
    pub seq: i64,
}

/// Where everything is kept. One suite, `store/contract.rs`, says how every store behaves.
pub trait Store: Send + Sync + 'static {
    /// Runs the commands in order, in one transaction that survives a power cut when this returns.
    fn commit<'a>(
        &'a self,
        commands: &'a [Command],
        limits: Limits,
        now: Timestamp,
    ) -> Answer<'a, Committed>;

    /// The epoch of cursors.
    fn epoch(&self) -> Answer<'_, i64>;
    /// Makes all cursors too old. After a restore from a backup.
    fn raise_epoch(&self) -> Answer<'_, ()>;
    /// Up to where rosters were read.
    fn roster_position(&self) -> Answer<'_, i64>;

    /// What a conversation is; `None` if there is no such one.
    fn envelope(&self, id: ConversationId) -> Answer<'_, Option<Envelope>>;
    /// Everybody of a conversation, up to `limit`.
    fn member_ids(&self, id: ConversationId, limit: usize) -> Answer<'_, Vec<UserId>>;
    /// A conversation for a member; `None` for all others.
    fn conversation(
        &self,
        user_id: UserId,
        id: ConversationId,
    ) -> Answer<'_, Option<ConversationView>>;
    /// The number of the oldest message that a conversation still has; `None` for everybody who is
    /// not in it.
    fn first_available_seq(&self, user_id: UserId, id: ConversationId) -> Answer<'_, Option<i64>>;
    /// A person's conversations, newest activity first.
    fn conversations(
        &self,
        user_id: UserId,
        after: Option<ListPosition>,
        limit: usize,
    ) -> Answer<'_, Vec<ConversationView>>;
    /// Members by id.
    fn members(
        &self,
        id: ConversationId,
        after: Option<UserId>,
        limit: usize,
    ) -> Answer<'_, Vec<MemberView>>;
    /// Messages by number, ascending.
    fn messages(
        &self,
        id: ConversationId,
        range: HistoryRange,
        limit: usize,
    ) -> Answer<'_, Vec<Arc<Message>>>;

    /// What these mailboxes hold; of those who have none yet nothing is told.
    fn mailboxes<'a>(&'a self, user_ids: &'a [UserId]) -> Answer<'a, Vec<(UserId, MailboxRange)>>;
    /// Entries after these numbers of these mailboxes, at most `limit` of each, in order. Names no
    /// mailbox twice.
    fn entries<'a>(
        &'a self,
        after: &'a [(UserId, i64)],
        limit: usize,
    ) -> Answer<'a, Vec<(UserId, Entry)>>;
    /// What people's devices have got up to these numbers of their mailboxes, since what was
    /// acknowledged before; looks back at most `entries_max`.
    fn deliveries<'a>(
        &'a self,
        acknowledged: &'a [(UserId, i64)],
        entries_max: i64,
    ) -> Answer<'a, Vec<Delivery>>;
    /// Notes that up to there all is known.
    fn set_acknowledged<'a>(&'a self, acknowledged: &'a [(UserId, i64)]) -> Answer<'a, ()>;

    /// Large conversations whose members have to be told that they went on.
    fn to_advance(&self, limit: usize) -> Answer<'_, Vec<ConversationId>>;
    /// The next site, by id, that messages were sent on.
    fn next_site(&self, after: Option<SiteId>) -> Answer<'_, Option<SiteId>>;
    /// A step of the messages of a site that are older than a time and that retention has passed.
    fn prunable<'a>(
        &'a self,
        site_id: &'a SiteId,
        before: Timestamp,
        limit: usize,
    ) -> Answer<'a, Prunable>;
    /// Notes that up to there rows were deleted where that could be.
    fn set_pruned<'a>(&'a self, site_id: &'a SiteId, mark: Mark) -> Answer<'a, ()>;
    /// Deletes tombstones that a conversation begins with and that are older than a time, at most
    /// `limit` of them. Answers how many.
    fn prune_messages(
        &self,
        id: ConversationId,
        before: Timestamp,
        limit: usize,
    ) -> Answer<'_, usize>;
    /// Mailboxes by owner.
    fn list_mailboxes(
        &self,
        after: Option<UserId>,
        limit: usize,
    ) -> Answer<'_, Vec<(UserId, MailboxRange)>>;
    /// Deletes the entries of a mailbox before a number.
    fn prune_mailbox(&self, user_id: UserId, first_seq: i64) -> Answer<'_, ()>;
}

/// Presence did not answer.
#[derive(Debug, thiserror::Error)]
#[error("presence did not answer")]
pub struct PresenceFault(#[source] pub BoxError);

/// Changes of rosters: whose, and the entry as an encoded `im.presence.v1.Contact`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RosterChanges {
    /// The position after them.
    pub position: i64,
    /// In order.
    pub changes: Vec<(UserId, Arc<[u8]>)>,
}

/// What messaging asks presence.
pub trait Presence: Send + Sync + 'static {
    /// Whether a person on a site may write to these others, in the order asked; at most 1000.
    fn check_reach<'a>(
        &'a self,
        sender_id: UserId,
        site_id: &'a SiteId,
        user_ids: &'a [UserId],
    ) -> Answer<'a, Vec<Verdict>, PresenceFault>;
    /// Changes of rosters after a position.
    fn roster_changes(&self, after_position: i64) -> Answer<'_, RosterChanges, PresenceFault>;
}
