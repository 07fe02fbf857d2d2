//! A store in memory that plans with the same planner. Only for tests and simulations: it shows
//! what any store must do, in as few words as possible.

mod ages;
mod reading;
mod tables;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use im_types::{ConversationId, SiteId, Timestamp, UserId};

use self::tables::{Seat, Tables};
use crate::domain::{AgeKind, Command, Entry, Limits, Mark, Message, Needs, plan};
use crate::ports::{
    Answer, Committed, ConversationView, Delivery, Envelope, HistoryRange, ListPosition,
    MailboxRange, MemberView, Prunable, Store, StoreFault,
};

/// Everything in memory, gone with the last clone.
#[derive(Debug, Clone)]
pub struct MemoryStore(Arc<Mutex<Tables>>);

impl Default for MemoryStore {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Tables::new())))
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

impl Store for MemoryStore {
    fn commit<'a>(
        &'a self,
        commands: &'a [Command],
        limits: Limits,
        now: Timestamp,
    ) -> Answer<'a, Committed> {
        let mut tables = self.lock();
        let mut state = tables.load(Needs::of(commands));
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
        ready(self.lock().entries(after, limit))
    }

    fn deliveries<'a>(
        &'a self,
        acknowledged: &'a [(UserId, i64)],
        entries_max: i64,
    ) -> Answer<'a, Vec<Delivery>> {
        ready(self.lock().deliveries(acknowledged, entries_max))
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

    fn next_site(&self, after: Option<SiteId>) -> Answer<'_, Option<SiteId>> {
        ready(self.lock().next_site(after.as_ref()))
    }

    fn prunable<'a>(
        &'a self,
        site_id: &'a SiteId,
        before: Timestamp,
        limit: usize,
    ) -> Answer<'a, Prunable> {
        ready(self.lock().prunable(site_id, before, limit))
    }

    fn set_pruned<'a>(&'a self, site_id: &'a SiteId, mark: Mark) -> Answer<'a, ()> {
        self.lock()
            .set_mark(AgeKind::Pruning, site_id.clone(), mark);
        ready(())
    }

    fn prune_messages(
        &self,
        id: ConversationId,
        before: Timestamp,
        limit: usize,
    ) -> Answer<'_, usize> {
        ready(self.lock().prune_messages(id, before, limit))
    }

    fn list_mailboxes(
        &self,
        after: Option<UserId>,
        limit: usize,
    ) -> Answer<'_, Vec<(UserId, MailboxRange)>> {
        let tables = self.lock();
        let later = tables.mailboxes.iter();
        let later = later.filter(|(id, _)| after.is_none_or(|after| **id > after));
        let ranges = later.map(|(id, mailbox)| (*id, mailbox.range()));
        ready(ranges.take(limit).collect())
    }

    fn prune_mailbox(&self, user_id: UserId, first_seq: i64) -> Answer<'_, ()> {
        let mut tables = self.lock();
        if let Some(mailbox) = tables.mailboxes.get_mut(&user_id) {
            mailbox.first_seq = mailbox.first_seq.max(first_seq);
            mailbox.entries = mailbox.entries.split_off(&mailbox.first_seq);
        }
        ready(())
    }
}
