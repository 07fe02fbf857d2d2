//! The tables: loading and writing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use im_types::{ConversationId, SiteId, Timestamp, UserId};

use crate::domain::{
    AgeKind, Changes, ClientKey, Conversation, Entry, EntryBody, Fingerprint, Mark, Member,
    Message, Needs, PairKey, Pointers, Roll, State,
};
use crate::ports::MailboxRange;

/// Everything.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) epoch: i64,
    pub(super) roster_position: i64,
    pub(super) conversations: BTreeMap<ConversationId, Conversation>,
    pub(super) creations: HashMap<(UserId, ClientKey), (ConversationId, Fingerprint)>,
    pub(super) members: BTreeMap<(ConversationId, UserId), Seat>,
    pub(super) messages: BTreeMap<(ConversationId, i64), Arc<Message>>,
    /// The messages by site and age.
    pub(super) ages: BTreeSet<(SiteId, Mark)>,
    pub(super) marks: HashMap<(AgeKind, SiteId), Mark>,
    pub(super) mailboxes: BTreeMap<UserId, Mailbox>,
}

/// A member's row.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) member: Member,
    pub(super) pointers: Pointers,
    pub(super) listed_at: Timestamp,
}

/// A mailbox with its lines.
#[derive(Debug)]
pub(super) struct Mailbox {
    pub(super) first_seq: i64,
    pub(super) entries: BTreeMap<i64, EntryBody>,
    pub(super) acknowledged_seq: i64,
}

impl Mailbox {
    pub(super) fn range(&self) -> MailboxRange {
        let last_seq = self.entries.keys().next_back().copied();
        MailboxRange {
            first_seq: self.first_seq,
            last_seq: last_seq.unwrap_or(self.first_seq - 1),
        }
    }
}

impl Tables {
    pub(super) fn new() -> Self {
        Self {
            epoch: 1,
            roster_position: 0,
            conversations: BTreeMap::new(),
            creations: HashMap::new(),
            members: BTreeMap::new(),
            messages: BTreeMap::new(),
            ages: BTreeSet::new(),
            marks: HashMap::new(),
            mailboxes: BTreeMap::new(),
        }
    }

    pub(super) fn load(&self, mut needs: Needs) -> State {
        let mut state = State::default();
        state.set_roster_position(self.roster_position);
        self.find_due(&mut needs, &mut state);
        let mut ids = needs.conversations.clone();
        let of_pair = |pair: &PairKey| {
            let mut all = self.conversations.values();
            all.find(|conversation| conversation.pair == Some(*pair))
                .map(|found| found.id)
        };
        ids.extend(needs.pairs.iter().filter_map(of_pair));
        for key in &needs.creations {
            if let Some((id, fingerprint)) = self.creations.get(key) {
                state.add_creation(key.clone(), *id, *fingerprint);
                ids.push(*id);
            }
        }
        for id in ids {
            if let Some(conversation) = self.conversations.get(&id) {
                state.add_conversation(conversation.clone(), self.roll(id));
            }
        }
        for key in &needs.sends {
            let mut all = self.messages.values();
            let is_it = |m: &&Arc<Message>| (m.sender_id, &m.client_key) == (key.0, &key.1);
            if let Some(message) = all.find(is_it) {
                state.add_send(Arc::clone(message));
            }
        }
        for key in &needs.messages {
            let found = self.messages.get(key);
            if let Some(message) = found {
                state.add_message(Arc::clone(message));
            }
        }
        for key in &needs.pointers {
            if let Some(seat) = self.members.get(key) {
                state.add_pointers(key.0, key.1, seat.pointers);
            }
        }
        self.load_readers(&needs, &mut state);
        state
    }

    /// All pointers of conversations in which something may expire.
    fn load_readers(&self, needs: &Needs, state: &mut State) {
        for id in &needs.readers {
            for seat in self.members_of(*id) {
                state.add_pointers(*id, seat.member.user_id, seat.pointers);
            }
        }
    }

    pub(super) fn members_of(&self, id: ConversationId) -> impl Iterator<Item = &Seat> {
        let members = self.members.iter().filter(move |((of, _), _)| *of == id);
        members.map(|(_, member)| member)
    }

    pub(super) fn roll(&self, id: ConversationId) -> Roll {
        Roll::new(self.members_of(id).map(|seat| seat.member).collect())
    }

    pub(super) fn messages_after(
        &self,
        id: ConversationId,
        after: i64,
        limit: usize,
    ) -> Vec<Arc<Message>> {
        let range = self
            .messages
            .range((id, after.saturating_add(1))..=(id, i64::MAX));
        range
            .take(limit)
            .map(|(_, message)| Arc::clone(message))
            .collect()
    }

    pub(super) fn write(&mut self, changes: Changes) -> Vec<(UserId, Entry)> {
        for new in changes.new_conversations {
            let id = new.conversation.id;
            if let Some((user_id, key, fingerprint)) = new.creation {
                self.creations.insert((user_id, key), (id, fingerprint));
            }
            self.conversations.insert(id, new.conversation);
        }
        for conversation in changes.conversations {
            self.conversations.insert(conversation.id, conversation);
        }
        for key in changes.removed_members {
            self.members.remove(&key);
        }
        for new in changes.new_members {
            let seat = Seat {
                member: new.member,
                pointers: new.pointers,
                listed_at: new.listed_at,
            };
            let key = (new.conversation_id, new.member.user_id);
            self.members.insert(key, seat);
        }
        for id in changes.relisted {
            let Some(listed_at) = self.conversations.get(&id).map(|of| of.active_at) else {
                continue;
            };
            let seats = self.members.iter_mut().filter(|((of, _), _)| *of == id);
            seats.for_each(|(_, seat)| seat.listed_at = listed_at);
        }
        for key in changes.new_owners {
            self.members
                .entry(key)
                .and_modify(|seat| seat.member.is_owner = true);
        }
        for (id, user_id, pointers) in changes.pointers {
            self.members
                .entry((id, user_id))
                .and_modify(|seat| seat.pointers = pointers);
        }
        for (message, site_id) in &changes.new_messages {
            self.ages.insert((site_id.clone(), Mark::of(message)));
        }
        for (kind, site_id, mark) in changes.marks {
            self.set_mark(kind, site_id, mark);
        }
        let new = changes.new_messages.into_iter().map(|(message, _)| message);
        for message in new.chain(changes.messages) {
            self.messages
                .insert((message.conversation_id, message.seq), message);
        }
        self.roster_position = changes.roster_position.unwrap_or(self.roster_position);
        changes
            .entries
            .into_iter()
            .map(|(user_id, body)| self.append(user_id, body))
            .collect()
    }

    fn append(&mut self, user_id: UserId, body: EntryBody) -> (UserId, Entry) {
        let empty = || Mailbox {
            first_seq: 1,
            entries: BTreeMap::new(),
            acknowledged_seq: 0,
        };
        let mailbox = self.mailboxes.entry(user_id).or_insert_with(empty);
        let seq = mailbox.range().last_seq + 1;
        mailbox.entries.insert(seq, body.clone());
        (user_id, Entry { seq, body })
    }
}
