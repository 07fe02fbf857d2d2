//! Why a request that was understood is not done. The closed list; `error.rs` gives each its
//! kind, reason and sentence.

use im_types::UserId;

use super::command::Unreachable;

/// Why a command changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such conversation, or one that the caller may not know of.
    #[error("there is no such conversation")]
    ConversationNotFound,
    /// There is no message of that number.
    #[error("there is no message of this number")]
    MessageNotFound,
    /// The person is not in the conversation.
    #[error("this person is not a member of the conversation")]
    MemberNotFound,
    /// Presence does not let the caller reach that person.
    #[error("{} ({user_id})", unreachable_sentence(*.why))]
    NotReachable {
        /// Whom.
        user_id: UserId,
        /// Why.
        why: Unreachable,
    },
    /// The key stands for another request.
    #[error("this client key was used for another request")]
    ClientKeyReused,
    /// Longer than policy `message_bytes_max`.
    #[error("the text has {bytes} bytes, {bytes_max} are allowed")]
    TextTooLong {
        /// Its length.
        bytes: usize,
        /// What is allowed.
        bytes_max: usize,
    },
    /// A censored word, and policy `censor_mode` is `refuse`.
    #[error("the text has a word that is not allowed here")]
    Censored,
    /// A direct conversation has neither title nor comings and goings.
    #[error("this is only possible in a group conversation")]
    NotAGroup,
    /// Only owners may do that.
    #[error("only an owner of the conversation may do this")]
    NotAnOwner,
    /// More members than policy `conversation_members_max`.
    #[error("the conversation would have more than {members_max} members")]
    TooManyMembers {
        /// What is allowed.
        members_max: usize,
    },
    /// Policy `conversations_create_group`.
    #[error("group conversations may not be made here")]
    GroupsDisabled,
    /// Somebody else wrote the message.
    #[error("only its sender may do this")]
    NotTheSender,
    /// Policy `message_edit_enabled` or `message_edit_window`.
    #[error("the message cannot be edited, or not any more")]
    EditClosed,
    /// Policy `message_delete_enabled` or `message_delete_window`.
    #[error("the message cannot be deleted, or not any more")]
    DeleteClosed,
    /// The message's text is gone.
    #[error("the message was removed")]
    MessageRemoved,
    /// Policy `reactions_enabled`.
    #[error("reactions are not allowed here")]
    ReactionsDisabled,
    /// Too many different emoji on one message.
    #[error("the message has too many different reactions")]
    TooManyReactions,
    /// A number that is not that of a message.
    #[error("the newest message has the number {last_seq}")]
    SeqOutOfRange {
        /// The greatest possible.
        last_seq: i64,
    },
    /// The message to be answered does not exist.
    #[error("the message to reply to does not exist")]
    ReplyNotFound,
    /// The command was prepared for another state of the world; preparing it anew helps.
    #[error("something changed meanwhile; try again")]
    Stale,
}

const fn unreachable_sentence(why: Unreachable) -> &'static str {
    match why {
        Unreachable::NotAContact => "this person is not one of your contacts",
        Unreachable::Blocked => "there is a block between you and this person",
        Unreachable::Hierarchy => "this person is of a higher level",
        Unreachable::NoCommonGroup => "you have no group in common with this person",
        Unreachable::UserNotFound => "there is no such person",
    }
}
