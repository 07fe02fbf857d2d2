//! The part of the world that a batch is about, and what the batch changed in it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use im_types::{ConversationId, SiteId, Timestamp, UserId};

use super::age::{AgeKind, Mark};
use super::conversation::{Conversation, Member, PairKey, Pointers, Roll};
use super::entry::EntryBody;
use super::message::Message;
use super::values::{ClientKey, Fingerprint};

/// Who made a conversation with which key, and of which request.
pub type Creation = (UserId, ClientKey, Fingerprint);

/// A conversation with its people.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The conversation.
    pub conversation: Conversation,
    /// Its people.
    pub roll: Roll,
    is_changed: bool,
    is_roll_changed: bool,
    is_relisted: bool,
}

/// What was loaded and what became of it. A store fills it with the `add_…` functions; the planner
/// then reads and changes it, command after command, so that each sees what those before it did.
#[derive(Debug, Default)]
pub struct State {
    pub(super) conversations: HashMap<ConversationId, Loaded>,
    pub(super) pairs: HashMap<PairKey, ConversationId>,
    pub(super) creations: HashMap<(UserId, ClientKey), (ConversationId, Fingerprint)>,
    pub(super) sends: HashMap<(UserId, ClientKey), Arc<Message>>,
    pub(super) messages: HashMap<(ConversationId, i64), Arc<Message>>,
    pub(super) pointers: HashMap<(ConversationId, UserId), Pointers>,
    pub(super) due: HashMap<(AgeKind, SiteId), Vec<Mark>>,
    pub(super) roster_position: i64,
    pub(super) changes: Tracked,
}

/// What the planner noted; [`State::finish`] turns it into [`Changes`].
#[derive(Debug, Default)]
pub(super) struct Tracked {
    pub(super) new_conversations: Vec<(ConversationId, Option<Creation>)>,
    pub(super) new_members: Vec<(ConversationId, Member)>,
    pub(super) new_owners: Vec<(ConversationId, UserId)>,
    pub(super) removed_members: Vec<(ConversationId, UserId)>,
    pub(super) new_messages: Vec<(ConversationId, i64, SiteId)>,
    pub(super) changed_messages: HashSet<(ConversationId, i64)>,
    pub(super) changed_pointers: HashSet<(ConversationId, UserId)>,
    pub(super) entries: Vec<(UserId, EntryBody)>,
    pub(super) marks: Vec<(AgeKind, SiteId, Mark)>,
    pub(super) is_roster_moved: bool,
}

/// A conversation to be inserted.
#[derive(Debug, Clone)]
pub struct NewConversation {
    /// The conversation.
    pub conversation: Conversation,
    /// The key of who made it, of a group that was made with one.
    pub creation: Option<Creation>,
}

/// A person who comes into a conversation.
#[derive(Debug, Clone, Copy)]
pub struct NewMember {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Who.
    pub member: Member,
    /// Up to where the person has come.
    pub pointers: Pointers,
    /// The conversation's place in the person's list.
    pub listed_at: Timestamp,
}

/// Everything a batch writes. Members are removed before they are inserted, because within one
/// batch somebody may go and come back; otherwise nothing names a row twice.
#[derive(Debug, Default)]
pub struct Changes {
    /// To insert.
    pub new_conversations: Vec<NewConversation>,
    /// To update: all that can change of a conversation. By id.
    pub conversations: Vec<Conversation>,
    /// To insert.
    pub new_members: Vec<NewMember>,
    /// Conversations that move to their activity in the lists of all their members.
    pub relisted: Vec<ConversationId>,
    /// Members who own from now on.
    pub new_owners: Vec<(ConversationId, UserId)>,
    /// To delete.
    pub removed_members: Vec<(ConversationId, UserId)>,
    /// To update; each value forward only.
    pub pointers: Vec<(ConversationId, UserId, Pointers)>,
    /// To insert, with the sites that they were sent on.
    pub new_messages: Vec<(Arc<Message>, SiteId)>,
    /// To update: text, removal, reactions, revision.
    pub messages: Vec<Arc<Message>>,
    /// To append to mailboxes, in this order; the store numbers them.
    pub entries: Vec<(UserId, EntryBody)>,
    /// Up to where age has got, by kind and site.
    pub marks: Vec<(AgeKind, SiteId, Mark)>,
    /// The roster feed's new position.
    pub roster_position: Option<i64>,
    /// The rolls that changed, for caches.
    pub rolls: Vec<(ConversationId, i64, Roll)>,
}

impl State {
    /// Adds a conversation.
    pub fn add_conversation(&mut self, conversation: Conversation, roll: Roll) {
        if let Some(pair) = conversation.pair {
            self.pairs.insert(pair, conversation.id);
        }
        let id = conversation.id;
        self.conversations.insert(
            id,
            Loaded {
                conversation,
                roll,
                is_changed: false,
                is_roll_changed: false,
                is_relisted: false,
            },
        );
    }

    /// Adds what a key of a group's creation stands for.
    pub fn add_creation(
        &mut self,
        key: (UserId, ClientKey),
        conversation_id: ConversationId,
        fingerprint: Fingerprint,
    ) {
        self.creations.insert(key, (conversation_id, fingerprint));
    }

    /// Adds what a sender's key stands for.
    pub fn add_send(&mut self, message: Arc<Message>) {
        self.sends
            .insert((message.sender_id, message.client_key.clone()), message);
    }

    /// Adds a message.
    pub fn add_message(&mut self, message: Arc<Message>) {
        self.messages
            .insert((message.conversation_id, message.seq), message);
    }

    /// Adds somebody's pointers.
    pub fn add_pointers(&mut self, id: ConversationId, user_id: UserId, pointers: Pointers) {
        self.pointers.insert((id, user_id), pointers);
    }

    /// Adds which messages have become old for something, in order; the messages are added besides.
    pub fn add_due(&mut self, kind: AgeKind, site_id: SiteId, due: Vec<Mark>) {
        self.due.insert((kind, site_id), due);
    }

    /// Sets where the roster feed stands.
    pub const fn set_roster_position(&mut self, position: i64) {
        self.roster_position = position;
    }

    /// What has to be written.
    pub fn finish(mut self) -> Changes {
        let mut out = Changes {
            entries: std::mem::take(&mut self.changes.entries),
            new_owners: std::mem::take(&mut self.changes.new_owners),
            removed_members: std::mem::take(&mut self.changes.removed_members),
            marks: std::mem::take(&mut self.changes.marks),
            roster_position: self.changes.is_roster_moved.then_some(self.roster_position),
            ..Changes::default()
        };
        self.finish_members(&mut out);
        self.finish_messages(&mut out);
        self.finish_conversations(&mut out);
        out
    }

    /// Whoever came and went within the batch leaves no row; whoever came has pointers with it.
    fn finish_members(&mut self, out: &mut Changes) {
        for (id, member) in std::mem::take(&mut self.changes.new_members) {
            let Some(loaded) = self.conversations.get(&id) else {
                continue;
            };
            if loaded.roll.contains(member.user_id) {
                let pointers = self.pointers.get(&(id, member.user_id)).copied();
                out.new_members.push(NewMember {
                    conversation_id: id,
                    member,
                    pointers: pointers.unwrap_or_default(),
                    listed_at: loaded.conversation.active_at,
                });
            }
        }
        let new: HashSet<(ConversationId, UserId)> = out
            .new_members
            .iter()
            .map(|new| (new.conversation_id, new.member.user_id))
            .collect();
        let moved = self
            .changes
            .changed_pointers
            .iter()
            .filter(|key| !new.contains(key));
        let moved = moved.filter_map(|key| Some((key.0, key.1, *self.pointers.get(key)?)));
        out.pointers = moved.collect();
    }

    /// What came and was changed within the batch is inserted as it is in the end.
    fn finish_messages(&self, out: &mut Changes) {
        let Tracked {
            new_messages,
            changed_messages,
            ..
        } = &self.changes;
        let get = |key: &(ConversationId, i64)| self.messages.get(key).map(Arc::clone);
        let new = new_messages.iter();
        out.new_messages = new
            .filter_map(|(id, seq, site_id)| Some((get(&(*id, *seq))?, site_id.clone())))
            .collect();
        if !changed_messages.is_empty() {
            let new: HashSet<(ConversationId, i64)> = new_messages
                .iter()
                .map(|(id, seq, _)| (*id, *seq))
                .collect();
            let changed = changed_messages.iter().filter(|key| !new.contains(key));
            out.messages = changed.filter_map(get).collect();
        }
    }

    fn finish_conversations(self, out: &mut Changes) {
        let Self {
            mut conversations,
            changes,
            ..
        } = self;
        for (id, creation) in changes.new_conversations {
            let Some(loaded) = conversations.remove(&id) else {
                continue;
            };
            let conversation = loaded.conversation;
            out.rolls
                .push((id, conversation.roll_revision, loaded.roll));
            out.new_conversations.push(NewConversation {
                conversation,
                creation,
            });
        }
        for loaded in conversations
            .into_values()
            .filter(|loaded| loaded.is_changed)
        {
            let conversation = loaded.conversation;
            if loaded.is_roll_changed {
                out.rolls
                    .push((conversation.id, conversation.roll_revision, loaded.roll));
            }
            if loaded.is_relisted {
                out.relisted.push(conversation.id);
            }
            out.conversations.push(conversation);
        }
        out.conversations
            .sort_unstable_by_key(|conversation| conversation.id);
    }
}

impl Changes {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        let Self {
            new_conversations,
            conversations,
            new_members,
            new_owners,
            removed_members,
            pointers,
            new_messages,
            messages,
            entries,
            marks,
            roster_position,
            relisted: _,
            rolls: _,
        } = self;
        new_conversations.is_empty()
            && conversations.is_empty()
            && new_members.is_empty()
            && new_owners.is_empty()
            && removed_members.is_empty()
            && pointers.is_empty()
            && new_messages.is_empty()
            && messages.is_empty()
            && entries.is_empty()
            && marks.is_empty()
            && roster_position.is_none()
    }
}

impl Loaded {
    /// A conversation that this batch makes.
    pub(super) const fn new(conversation: Conversation, roll: Roll) -> Self {
        Self {
            conversation,
            roll,
            is_changed: true,
            is_roll_changed: true,
            is_relisted: false,
        }
    }

    /// Puts another roll in place.
    pub(super) fn change_roll(&mut self, roll: Roll) {
        self.is_changed = true;
        self.is_roll_changed = true;
        self.conversation.roll_revision += 1;
        self.conversation.member_count = roll.len();
        self.roll = roll;
    }

    /// Moves the conversation to its latest activity in the lists of all its members.
    pub(super) const fn relist(&mut self) {
        self.is_changed = true;
        self.is_relisted = true;
    }

    /// The conversation, to be changed.
    pub(super) const fn change(&mut self) -> &mut Conversation {
        self.is_changed = true;
        &mut self.conversation
    }
}
