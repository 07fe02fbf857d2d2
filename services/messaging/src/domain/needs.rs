//! What the planner has to know for a batch of commands.

use im_types::{ConversationId, UserId};

use super::age::Due;
use super::command::Command;
use super::conversation::PairKey;
use super::values::ClientKey;

/// The rows that have to be loaded, and locked where they will change. Found by looking at the
/// commands alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Conversations by id, with their rolls. Sorted, each once.
    pub conversations: Vec<ConversationId>,
    /// Conversations by pair, with their rolls.
    pub pairs: Vec<PairKey>,
    /// Group conversations by the key of who made them.
    pub creations: Vec<(UserId, ClientKey)>,
    /// Messages by the sender's key.
    pub sends: Vec<(UserId, ClientKey)>,
    /// Messages by number.
    pub messages: Vec<(ConversationId, i64)>,
    /// Pointers of single people.
    pub pointers: Vec<(ConversationId, UserId)>,
    /// A step of the messages that have become old for something, with their conversations. Each
    /// kind and site once.
    pub due: Vec<Due>,
    /// The pointers of the two who have read furthest. What expires adds to them.
    pub readers: Vec<ConversationId>,
    /// The position of the roster feed.
    pub is_roster_position_needed: bool,
}

impl Needs {
    /// What `commands` need.
    pub fn of(commands: &[Command]) -> Self {
        let mut needs = Self::default();
        for command in commands {
            needs.add(command);
        }
        needs.conversations.sort_unstable();
        needs.conversations.dedup();
        needs
    }

    fn add(&mut self, command: &Command) {
        self.conversations.extend(command.conversation_id());
        match command {
            Command::CreateDirect(create) => self.pairs.push(create.pair),
            Command::CreateGroup(create) => {
                let key = create.client_key.clone();
                self.creations.extend(key.map(|key| (create.actor_id, key)));
            }
            Command::Send(send) => self.sends.push((send.sender_id, send.client_key.clone())),
            Command::Edit(edit) => self.messages.push((edit.conversation_id, edit.seq)),
            Command::Delete(delete) => self.messages.push((delete.conversation_id, delete.seq)),
            Command::React(react) => self.messages.push((react.conversation_id, react.seq)),
            Command::MarkRead(mark) => self.pointers.push((mark.conversation_id, mark.actor_id)),
            Command::MarkDelivered(mark) => {
                self.pointers.push((mark.conversation_id, mark.user_id));
            }
            Command::FeedRoster(_) => self.is_roster_position_needed = true,
            Command::Age(due) => {
                let is_same =
                    |known: &Due| (known.kind, &known.site_id) == (due.kind, &due.site_id);
                if !self.due.iter().any(is_same) {
                    self.due.push(due.clone());
                }
            }
            Command::AddMembers(_)
            | Command::RemoveMember(_)
            | Command::Retitle(_)
            | Command::Advance(_) => {}
        }
    }
}
