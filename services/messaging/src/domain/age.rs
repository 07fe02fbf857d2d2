//! What age does to messages.
//!
//! A message ages by the rules of the site that its sender wrote it on, whoever made the
//! conversation and wherever it is read. The messages of a site are walked through in the order in
//! which they came, once for each thing that age does; a [`Mark`] says how far that has got.

use im_types::{ConversationId, SiteId, Timestamp};

use super::message::Message;

/// Messages that one step looks at.
pub const AGE_STEP: usize = 200;

/// What age does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AgeKind {
    /// What nobody has read in time is taken away.
    Expiry,
    /// What is kept no longer is taken away.
    Retention,
    /// The rows of what retention took away are deleted.
    Pruning,
}

/// A message's place among all of its site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Where it is.
    pub conversation_id: ConversationId,
    /// Its number there.
    pub seq: i64,
}

impl Mark {
    /// The place of a message.
    pub const fn of(message: &Message) -> Self {
        Self {
            created_at: message.created_at,
            conversation_id: message.conversation_id,
            seq: message.seq,
        }
    }

    /// Before all messages.
    pub const fn start() -> Self {
        Self {
            created_at: Timestamp::EPOCH,
            conversation_id: ConversationId::from_uuid(uuid::Uuid::nil()),
            seq: 0,
        }
    }
}

/// Messages of a site that have become old for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What for.
    pub kind: AgeKind,
    /// Where they were sent.
    pub site_id: SiteId,
    /// Older than this.
    pub before: Timestamp,
}
