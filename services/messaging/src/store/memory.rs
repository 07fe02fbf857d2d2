//! A store in memory that plans with the same planner. Only for tests and simulations: it shows
//! what any store must do, in as few words as possible.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use im_types::{ConversationId, Timestamp, UserId};

use super::{AGE_STEP, MEMBER_IDS_MAX, UNREAD_LOOKED_AT_MAX, UNREAD_MAX};
use crate::domain::{
    Changes, ClientKey, Command, Conversation, Entry, EntryBody, Fingerprint, Limits, Member,
    Message, MessageChange, Needs, PairKey, Pointers, Removal, Roll, State, plan,
};
use crate::ports::{
    Aging, Answer, Committed, ConversationView, Delivery, Envelope, HistoryRange, ListPosition,
    MailboxRange, MemberView, Store, StoreFault,
};

#[derive(Debug)]
struct Tables {
    epoch: i64,
    roster_position: i64,
    conversations: BTreeMap<ConversationId, Conversation>,
    creations: HashMap<(UserId, ClientKey), (ConversationId, Fingerprint)>,
    members: BTreeMap<(ConversationId, UserId), Seat>,
    messages: BTreeMap<(ConversationId, i64), Arc<Message>>,
    mailboxes: BTreeMap<UserId, Mailbox>,
}

/// A member's row.
#[derive(Debug)]
struct Seat {
    member: Member,
    pointers: Pointers,
    listed_at: Timestamp,
}

#[derive(Debug)]
struct Mailbox {
    first_seq: i64,
    entries: BTreeMap<i64, EntryBody>,
    acknowledged_seq: i64,
}

impl Mailbox {
    fn range(&self) -> MailboxRange {
        let last_seq = self.entries.keys().next_back().copied();
        MailboxRange {
            first_seq: self.first_seq,
            last_seq: last_seq.unwrap_or(self.first_seq - 1),
        }
    }
}

/// Everything in memory, gone with the last clone.
#[derive(Debug, Clone)]
pub struct MemoryStore(Arc<Mutex<Tables>>);

impl Default for MemoryStore {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Tables {
            epoch: 1,
            roster_position: 0,
            conversations: BTreeMap::new(),
            creations: HashMap::new(),
            members: BTreeMap::new(),
            messages: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
        })))
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    std::future::ready(Ok::<T, StoreFault>(value)).boxed()
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn load(&self, needs: &Needs) -> State {
        let mut state = State::default();
        state.set_roster_position(self.roster_position);
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
        for id in &needs.unexamined {
            for seat in self.members_of(*id) {
                state.add_pointers(*id, seat.member.user_id, seat.pointers);
            }
        }
        self.load_ages(needs, &mut state);
        state
    }

    fn load_ages(&self, needs: &Needs, state: &mut State) {
        for id in &needs.unexamined {
            let after = self
                .conversations
                .get(id)
                .map_or(0, |found| found.examined_seq);
            state.add_unexamined(*id, self.messages_after(*id, after, AGE_STEP));
        }
        for id in &needs.unretained {
            let after = self
                .conversations
                .get(id)
                .map_or(0, |found| found.retained_seq);
            state.add_unretained(*id, self.messages_after(*id, after, AGE_STEP));
        }
    }

    fn members_of(&self, id: ConversationId) -> impl Iterator<Item = &Seat> {
        let members = self.members.iter().filter(move |((of, _), _)| *of == id);
        members.map(|(_, member)| member)
    }

    fn roll(&self, id: ConversationId) -> Roll {
        Roll::new(self.members_of(id).map(|seat| seat.member).collect())
    }

    fn messages_after(&self, id: ConversationId, after: i64, limit: usize) -> Vec<Arc<Message>> {
        let range = self
            .messages
            .range((id, after.saturating_add(1))..=(id, i64::MAX));
        range
            .take(limit)
            .map(|(_, message)| Arc::clone(message))
            .collect()
    }

    fn write(&mut self, changes: Changes) -> Vec<(UserId, Entry)> {
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
        for message in changes.new_messages.into_iter().chain(changes.messages) {
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

    fn view(&self, user_id: UserId, id: ConversationId) -> Option<ConversationView> {
        let seat = self.members.get(&(id, user_id))?;
        let conversation = self.conversations.get(&id)?.clone();
        let is_unread =
            |message: &&Arc<Message>| message.sender_id != user_id && message.removal.is_none();
        let unread = self.messages_after(id, seat.pointers.read_seq, usize::MAX);
        let skipped = unread.len().saturating_sub(UNREAD_LOOKED_AT_MAX);
        let unread = unread
            .iter()
            .skip(skipped)
            .filter(is_unread)
            .take(UNREAD_MAX)
            .count();
        let all = self.members_of(id).map(|seat| seat.member.user_id);
        let member_ids: Vec<UserId> = if conversation.member_count <= MEMBER_IDS_MAX {
            all.collect()
        } else {
            let others = all.take(MEMBER_IDS_MAX).filter(|other| *other != user_id);
            std::iter::once(user_id)
                .chain(others)
                .take(MEMBER_IDS_MAX)
                .collect()
        };
        let newest = self.messages.get(&(id, conversation.last_seq));
        Some(ConversationView {
            member_ids,
            pointers: seat.pointers,
            is_owner: seat.member.is_owner,
            unread_count: i64::try_from(unread).unwrap_or(i64::MAX),
            last_message: newest.map(Arc::clone),
            listed_at: seat.listed_at,
            conversation,
        })
    }

    /// An entry as it is read now.
    fn read(&self, user_id: UserId, body: &EntryBody) -> EntryBody {
        let EntryBody::Message { change, message } = body else {
            return body.clone();
        };
        let id = message.conversation_id;
        let Some(now) = self.messages.get(&(id, message.seq)) else {
            let message = Arc::new(Message::pruned(id, message.seq));
            return EntryBody::Message {
                change: *change,
                message,
            };
        };
        let mut now = Arc::clone(now);
        let is_member = self.members.contains_key(&(id, user_id));
        if now.edited_at.is_some() && !is_member && now.removal.is_none() {
            Arc::make_mut(&mut now).remove(Removal::Deleted);
        }
        EntryBody::Message {
            change: *change,
            message: now,
        }
    }
}

impl Store for MemoryStore {
    fn commit<'a>(
        &'a self,
        commands: &'a [Command],
        limits: Limits,
        now: Timestamp,
    ) -> Answer<'a, Committed> {
        let mut tables = self.lock();
        let mut state = tables.load(&Needs::of(commands));
        let results = plan(&mut state, commands, limits, now);
        let mut changes = state.finish();
        let rolls = std::mem::take(&mut changes.rolls);
        let rolls = rolls.into_iter().map(|(id, _, roll)| (id, roll)).collect();
        let entries = tables.write(changes);
        ready(Committed {
            results,
            entries,
            rolls,
        })
    }

    fn epoch(&self) -> Answer<'_, i64> {
        ready(self.lock().epoch)
    }

    fn raise_epoch(&self) -> Answer<'_, ()> {
        self.lock().epoch += 1;
        ready(())
    }

    fn roster_position(&self) -> Answer<'_, i64> {
        ready(self.lock().roster_position)
    }

    fn envelope(&self, id: ConversationId) -> Answer<'_, Option<Envelope>> {
        let tables = self.lock();
        let found = tables.conversations.get(&id);
        ready(found.map(|found| found.pair.map_or(Envelope::Group, Envelope::Direct)))
    }

    fn member_ids(&self, id: ConversationId, limit: usize) -> Answer<'_, Vec<UserId>> {
        let tables = self.lock();
        let members = tables.members_of(id).take(limit);
        ready(members.map(|seat| seat.member.user_id).collect())
    }

    fn conversation(
        &self,
        user_id: UserId,
        id: ConversationId,
    ) -> Answer<'_, Option<ConversationView>> {
        ready(self.lock().view(user_id, id))
    }

    fn first_available_seq(&self, user_id: UserId, id: ConversationId) -> Answer<'_, Option<i64>> {
        let tables = self.lock();
        let is_member = tables.members.contains_key(&(id, user_id));
        let found = tables.conversations.get(&id).filter(|_| is_member);
        ready(found.map(|found| found.first_available_seq))
    }

    fn conversations(
        &self,
        user_id: UserId,
        after: Option<ListPosition>,
        limit: usize,
    ) -> Answer<'_, Vec<ConversationView>> {
        let tables = self.lock();
        let ids = tables.conversations.keys();
        let mut views: Vec<ConversationView> =
            ids.filter_map(|id| tables.view(user_id, *id)).collect();
        let place = |view: &ConversationView| (view.listed_at, view.conversation.id);
        views.sort_by_key(|view| std::cmp::Reverse(place(view)));
        views.retain(|view| {
            after.is_none_or(|after| place(view) < (after.listed_at, after.conversation_id))
        });
        views.truncate(limit);
        ready(views)
    }

    fn members(
        &self,
        id: ConversationId,
        after: Option<UserId>,
        limit: usize,
    ) -> Answer<'_, Vec<MemberView>> {
        let tables = self.lock();
        let members = tables.members_of(id);
        let members = members.filter(|seat| after.is_none_or(|after| seat.member.user_id > after));
        let view = |seat: &Seat| MemberView {
            member: seat.member,
            pointers: seat.pointers,
        };
        ready(members.take(limit).map(view).collect())
    }

    fn messages(
        &self,
        id: ConversationId,
        range: HistoryRange,
        limit: usize,
    ) -> Answer<'_, Vec<Arc<Message>>> {
        let tables = self.lock();
        ready(match range {
            HistoryRange::After(seq) => tables.messages_after(id, seq, limit),
            HistoryRange::Before(seq) => {
                let range = tables.messages.range((id, i64::MIN)..(id, seq));
                let mut page: Vec<Arc<Message>> = range
                    .rev()
                    .take(limit)
                    .map(|(_, message)| Arc::clone(message))
                    .collect();
                page.reverse();
                page
            }
        })
    }

    fn mailboxes<'a>(&'a self, user_ids: &'a [UserId]) -> Answer<'a, Vec<(UserId, MailboxRange)>> {
        let tables = self.lock();
        let range = |id: &UserId| Some((*id, tables.mailboxes.get(id)?.range()));
        ready(user_ids.iter().filter_map(range).collect())
    }

    fn entries<'a>(
        &'a self,
        after: &'a [(UserId, i64)],
        limit: usize,
    ) -> Answer<'a, Vec<(UserId, Entry)>> {
        let tables = self.lock();
        let mut after = after.to_vec();
        after.sort_unstable();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut page = Vec::new();
        for (user_id, seq) in after {
            let Some(mailbox) = tables.mailboxes.get(&user_id) else {
                continue;
            };
            let range = seq.saturating_add(1)..=seq.saturating_add(limit);
            let lines = mailbox.entries.range(range);
            let lines = lines.map(|(seq, body)| (*seq, tables.read(user_id, body)));
            page.extend(lines.map(|(seq, body)| (user_id, Entry { seq, body })));
        }
        ready(page)
    }

    fn deliveries<'a>(
        &'a self,
        acknowledged: &'a [(UserId, i64)],
        entries_max: i64,
    ) -> Answer<'a, Vec<Delivery>> {
        let tables = self.lock();
        let mut newest: BTreeMap<(UserId, ConversationId), i64> = BTreeMap::new();
        for (user_id, upto) in acknowledged {
            let Some(mailbox) = tables.mailboxes.get(user_id) else {
                continue;
            };
            let from = mailbox.acknowledged_seq.max(upto - entries_max) + 1;
            for (_, body) in mailbox.entries.range(from..(*upto + 1).max(from)) {
                let EntryBody::Message {
                    change: MessageChange::New,
                    message,
                } = body
                else {
                    continue;
                };
                if message.sender_id != *user_id {
                    let known = newest
                        .entry((*user_id, message.conversation_id))
                        .or_default();
                    *known = (*known).max(message.seq);
                }
            }
        }
        let delivery = |((user_id, conversation_id), seq)| Delivery {
            user_id,
            conversation_id,
            seq,
        };
        ready(newest.into_iter().map(delivery).collect())
    }

    fn set_acknowledged<'a>(&'a self, acknowledged: &'a [(UserId, i64)]) -> Answer<'a, ()> {
        let mut tables = self.lock();
        for (user_id, seq) in acknowledged {
            if let Some(mailbox) = tables.mailboxes.get_mut(user_id) {
                mailbox.acknowledged_seq = mailbox.acknowledged_seq.max(*seq);
            }
        }
        ready(())
    }

    fn to_advance(&self, limit: usize) -> Answer<'_, Vec<ConversationId>> {
        let tables = self.lock();
        let pending = tables
            .conversations
            .values()
            .filter(|found| found.is_advance_pending);
        ready(pending.take(limit).map(|found| found.id).collect())
    }

    fn aging(&self, after: Option<ConversationId>, limit: usize) -> Answer<'_, Vec<Aging>> {
        let tables = self.lock();
        let later = tables.conversations.values();
        let later = later.filter(|found| after.is_none_or(|after| found.id > after));
        let aging = later.take(limit).map(|found| Aging {
            conversation_id: found.id,
            site_id: found.site_id.clone(),
            is_unexamined: found.examined_seq < found.last_seq,
            is_unretained: found.retained_seq < found.last_seq,
            is_prunable: found.first_available_seq <= found.retained_seq,
        });
        ready(aging.collect())
    }

    fn prune_messages(
        &self,
        id: ConversationId,
        before: Timestamp,
        limit: usize,
    ) -> Answer<'_, usize> {
        let mut tables = self.lock();
        let retained = tables
            .conversations
            .get(&id)
            .map_or(0, |found| found.retained_seq);
        let oldest = tables.messages_after(id, i64::MIN + 1, limit);
        let gone = oldest
            .iter()
            .filter(|m| m.seq <= retained && m.created_at < before);
        let Some(last) = gone.map(|message| message.seq).max() else {
            return ready(0);
        };
        let keys: Vec<(ConversationId, i64)> = tables
            .messages
            .range((id, i64::MIN)..=(id, last))
            .map(|(key, _)| *key)
            .collect();
        for key in &keys {
            tables.messages.remove(key);
        }
        if let Some(conversation) = tables.conversations.get_mut(&id) {
            conversation.first_available_seq = conversation.first_available_seq.max(last + 1);
        }
        ready(keys.len())
    }

    fn prune_mailboxes(
        &self,
        after: Option<UserId>,
        entries_max: i64,
        limit: i64,
    ) -> Answer<'_, Option<UserId>> {
        let mut tables = self.lock();
        let mut last = None;
        for (user_id, mailbox) in &mut tables.mailboxes {
            let range = mailbox.range();
            let is_long = range.last_seq - range.first_seq >= entries_max;
            if is_long && after.is_none_or(|after| *user_id > after) {
                let shortest = range.last_seq - entries_max + 1;
                mailbox.first_seq = shortest.min(range.first_seq + limit);
                mailbox.entries = mailbox.entries.split_off(&mailbox.first_seq);
                last = Some(*user_id);
            }
        }
        ready(last)
    }
}
