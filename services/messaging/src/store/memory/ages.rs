//! What has become old.

use im_types::{ConversationId, SiteId, Timestamp};

use super::tables::Tables;
use crate::domain::age::AGE_STEP;
use crate::domain::{AgeKind, Mark, Needs, State};
use crate::ports::Prunable;

impl Tables {
    /// Turns what is due into messages and conversations that have to be loaded.
    pub(super) fn find_due(&self, needs: &mut Needs, state: &mut State) {
        for due in std::mem::take(&mut needs.due) {
            let marks = self.due(due.kind, (&due.site_id, due.before), AGE_STEP);
            for mark in &marks {
                needs.conversations.push(mark.conversation_id);
                needs.messages.push((mark.conversation_id, mark.seq));
                if due.kind == AgeKind::Expiry {
                    needs.readers.push(mark.conversation_id);
                }
            }
            state.add_due(due.kind, due.site_id, marks);
        }
    }

    fn mark(&self, kind: AgeKind, site_id: &SiteId) -> Mark {
        let found = self.marks.get(&(kind, site_id.clone()));
        found.copied().unwrap_or_else(Mark::start)
    }

    fn due(
        &self,
        kind: AgeKind,
        (site_id, before): (&SiteId, Timestamp),
        limit: usize,
    ) -> Vec<Mark> {
        let after = self.mark(kind, site_id);
        let of_site = self.ages.iter().filter(|(of, _)| of == site_id);
        let due = of_site
            .map(|(_, mark)| *mark)
            .filter(|mark| *mark > after && mark.created_at < before);
        due.take(limit).collect()
    }

    pub(super) fn set_mark(&mut self, kind: AgeKind, site_id: SiteId, mark: Mark) {
        let known = self
            .marks
            .entry((kind, site_id))
            .or_insert_with(Mark::start);
        *known = mark.max(*known);
    }

    pub(super) fn next_site(&self, after: Option<&SiteId>) -> Option<SiteId> {
        let mut sites = self.ages.iter().map(|(site_id, _)| site_id);
        sites
            .find(|site_id| after.is_none_or(|after| *site_id > after))
            .cloned()
    }

    pub(super) fn prunable(&self, site_id: &SiteId, before: Timestamp, limit: usize) -> Prunable {
        let retained = self.mark(AgeKind::Retention, site_id);
        let mut due = self.due(AgeKind::Pruning, (site_id, before), limit);
        due.retain(|mark| *mark <= retained);
        let mut conversation_ids: Vec<ConversationId> =
            due.iter().map(|mark| mark.conversation_id).collect();
        conversation_ids.sort_unstable();
        conversation_ids.dedup();
        Prunable {
            conversation_ids,
            mark: due.last().copied(),
        }
    }

    pub(super) fn prune_messages(
        &mut self,
        id: ConversationId,
        before: Timestamp,
        limit: usize,
    ) -> usize {
        let oldest = self.messages_after(id, i64::MIN + 1, limit);
        let gone = oldest
            .iter()
            .take_while(|message| message.removal.is_some() && message.created_at < before);
        let gone: Vec<Mark> = gone.map(|message| Mark::of(message)).collect();
        for mark in &gone {
            self.messages.remove(&(id, mark.seq));
            self.ages.retain(|(_, kept)| kept != mark);
        }
        if let (Some(last), Some(conversation)) = (gone.last(), self.conversations.get_mut(&id)) {
            conversation.first_available_seq = conversation.first_available_seq.max(last.seq + 1);
        }
        gone.len()
    }
}
