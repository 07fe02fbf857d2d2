//! The conversation of two people.

use std::sync::Arc;

use im_types::{ConversationId, SiteId, Timestamp};

use super::Planner;
use crate::domain::command::{CreateDirect, Outcome};
use crate::domain::conversation::{Conversation, Kind, Member, PairKey, Roll};
use crate::domain::entry::{EntryBody, Membership, MembershipChange};
use crate::domain::refusal::Refusal;
use crate::domain::state::Loaded;

impl Conversation {
    /// A conversation without messages.
    pub(super) fn fresh(
        id: ConversationId,
        kind: (Kind, Option<PairKey>),
        title: &str,
        site_id: &SiteId,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            kind: kind.0,
            pair: kind.1,
            title: title.to_owned(),
            site_id: site_id.clone(),
            last_seq: 0,
            first_available_seq: 1,
            roll_revision: 1,
            member_count: 0,
            is_advance_pending: false,
            created_at: now,
            active_at: now,
        }
    }
}

impl Planner<'_> {
    /// There is one for each pair. Finding it is always allowed: what was written stays readable.
    pub(super) fn create_direct(&mut self, create: &CreateDirect) -> Result<Outcome, Refusal> {
        if let Some(id) = self.state.pairs.get(&create.pair) {
            return Ok(Outcome::Conversation(*id));
        }
        let other = create.pair.other(create.actor_id).ok_or(Refusal::Stale)?;
        create.verdict.map_err(|why| Refusal::NotReachable {
            user_id: other,
            why,
        })?;
        let id = create.conversation_id;
        let kind = (Kind::Direct, Some(create.pair));
        let conversation = Conversation::fresh(id, kind, "", &create.site_id, self.now);
        let members = create.pair.both().map(|user_id| Member {
            user_id,
            is_owner: false,
            joined_at: self.now,
        });
        self.state.pairs.insert(create.pair, id);
        self.state.changes.new_conversations.push((id, None));
        self.insert(conversation, members.to_vec());
        self.tell_all(
            id,
            &EntryBody::Membership(Arc::new(Membership {
                conversation_id: id,
                change: MembershipChange::Created,
                user_ids: create.pair.both().to_vec(),
                actor_id: create.actor_id,
                title: String::new(),
                kind: Kind::Direct,
            })),
        );
        Ok(Outcome::Conversation(id))
    }

    /// Adds a new conversation with its people to the state.
    pub(super) fn insert(&mut self, mut conversation: Conversation, members: Vec<Member>) {
        let id = conversation.id;
        let roll = Roll::new(members);
        conversation.member_count = roll.len();
        self.state
            .changes
            .new_members
            .extend(roll.members().map(|member| (id, *member)));
        self.state
            .conversations
            .insert(id, Loaded::new(conversation, roll));
    }
}
