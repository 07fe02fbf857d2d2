//! Conversations of several people: making, people coming and going, titles.

use std::sync::Arc;

use im_types::{ConversationId, UserId};

use super::Planner;
use crate::domain::command::{AddMembers, CreateGroup, Outcome, RemoveMember, Retitle};
use crate::domain::conversation::{Conversation, Kind, Member, Pointers};
use crate::domain::entry::{EntryBody, Membership, MembershipChange};
use crate::domain::refusal::Refusal;
use crate::domain::state::Loaded;

impl Planner<'_> {
    pub(super) fn create_group(&mut self, create: &CreateGroup) -> Result<Outcome, Refusal> {
        let key = create.client_key.clone().map(|key| (create.actor_id, key));
        if let Some((id, fingerprint)) = key.as_ref().and_then(|key| self.state.creations.get(key))
        {
            if *fingerprint != create.fingerprint {
                return Err(Refusal::ClientKeyReused);
            }
            return Ok(Outcome::Conversation(*id));
        }
        if !create.is_allowed {
            return Err(Refusal::GroupsDisabled);
        }
        create
            .verdict
            .map_err(|(user_id, why)| Refusal::NotReachable { user_id, why })?;
        let owner = Member {
            user_id: create.actor_id,
            is_owner: true,
            joined_at: self.now,
        };
        let others = create
            .member_ids
            .iter()
            .filter(|id| **id != create.actor_id);
        let others = others.map(|id| Member {
            user_id: *id,
            is_owner: false,
            ..owner
        });
        let members: Vec<Member> = std::iter::once(owner).chain(others).collect();
        let id = create.conversation_id;
        let title = create.title.as_str();
        let kind = (Kind::Group, None);
        let conversation = Conversation::fresh(id, kind, title, &create.site_id, self.now);
        let user_ids: Vec<UserId> = {
            let roll = crate::domain::Roll::new(members.clone());
            if roll.len() > create.members_max {
                return Err(Refusal::TooManyMembers {
                    members_max: create.members_max,
                });
            }
            roll.ids().collect()
        };
        if let Some(key) = key.clone() {
            self.state.creations.insert(key, (id, create.fingerprint));
        }
        let creation = key.map(|(user_id, key)| (user_id, key, create.fingerprint));
        self.state.changes.new_conversations.push((id, creation));
        self.insert(conversation, members);
        self.tell_membership(id, create.actor_id, MembershipChange::Created, user_ids);
        Ok(Outcome::Conversation(id))
    }

    /// Those who are in already are skipped; one who cannot be reached stops all.
    pub(super) fn add_members(&mut self, add: &AddMembers) -> Result<Outcome, Refusal> {
        let now = self.now;
        let loaded = self.member_of(add.conversation_id, add.actor_id)?;
        let is_owner = is_owner_of_group(loaded, add.actor_id)?;
        if add.is_for_owners && !is_owner {
            return Err(Refusal::NotAnOwner);
        }
        let roll = &loaded.roll;
        let is_new = |user_id: &UserId| !roll.contains(*user_id);
        if let Some((user_id, why)) = add.unreachable.iter().find(|(id, _)| is_new(id)) {
            return Err(Refusal::NotReachable {
                user_id: *user_id,
                why: *why,
            });
        }
        let mut fresh: Vec<UserId> = add.user_ids.iter().copied().filter(is_new).collect();
        fresh.sort_unstable();
        fresh.dedup();
        if fresh.is_empty() {
            return Ok(Outcome::Conversation(add.conversation_id));
        }
        if roll.len() + fresh.len() > add.members_max {
            return Err(Refusal::TooManyMembers {
                members_max: add.members_max,
            });
        }
        let member = |id: &UserId| Member {
            user_id: *id,
            is_owner: false,
            joined_at: now,
        };
        loaded.change_roll(roll.with(fresh.iter().map(member)));
        let conversation = &loaded.conversation;
        // What was written before they came is not unread to them.
        let last_seq = conversation.last_seq;
        let here = Pointers {
            read_seq: last_seq,
            shown_read_seq: last_seq,
            delivered_seq: last_seq,
        };
        for user_id in &fresh {
            let key = (add.conversation_id, *user_id);
            self.state.pointers.insert(key, here);
            self.state
                .changes
                .new_members
                .push((add.conversation_id, member(user_id)));
        }
        let change = MembershipChange::Added;
        self.tell_membership(add.conversation_id, add.actor_id, change, fresh);
        Ok(Outcome::Conversation(add.conversation_id))
    }

    pub(super) fn remove_member(&mut self, remove: &RemoveMember) -> Result<Outcome, Refusal> {
        let RemoveMember {
            actor_id,
            conversation_id: id,
            user_id,
        } = *remove;
        let loaded = self.member_of(id, actor_id)?;
        let is_owner = is_owner_of_group(loaded, actor_id)?;
        if user_id != actor_id && !is_owner {
            return Err(Refusal::NotAnOwner);
        }
        if !loaded.roll.contains(user_id) {
            return Err(Refusal::MemberNotFound);
        }
        let (roll, heir) = loaded.roll.without(user_id);
        loaded.change_roll(roll);
        let key = (id, user_id);
        let changes = &mut self.state.changes;
        let count = changes.new_members.len();
        changes
            .new_members
            .retain(|(at, member)| (*at, member.user_id) != key);
        changes.new_owners.retain(|owner| *owner != key);
        changes.changed_pointers.remove(&key);
        if changes.new_members.len() == count {
            changes.removed_members.push(key);
        }
        if let Some(heir) = heir {
            self.make_owner(id, heir);
        }
        self.tell_membership(id, actor_id, MembershipChange::Removed, vec![user_id]);
        Ok(Outcome::Done)
    }

    fn make_owner(&mut self, id: ConversationId, user_id: UserId) {
        let changes = &mut self.state.changes;
        let mut members = changes.new_members.iter_mut();
        match members.find(|(at, member)| (*at, member.user_id) == (id, user_id)) {
            Some((_, member)) => member.is_owner = true,
            None => changes.new_owners.push((id, user_id)),
        }
    }

    pub(super) fn retitle(&mut self, retitle: &Retitle) -> Result<Outcome, Refusal> {
        let id = retitle.conversation_id;
        let loaded = self.member_of(id, retitle.actor_id)?;
        if !is_owner_of_group(loaded, retitle.actor_id)? {
            return Err(Refusal::NotAnOwner);
        }
        let title = retitle.title.as_str();
        if loaded.conversation.title != title {
            title.clone_into(&mut loaded.change().title);
            let change = MembershipChange::Retitled;
            self.tell_membership(id, retitle.actor_id, change, Vec::new());
        }
        Ok(Outcome::Conversation(id))
    }

    /// Tells everybody, and those who came or went in any case.
    fn tell_membership(
        &mut self,
        id: ConversationId,
        actor_id: UserId,
        change: MembershipChange,
        user_ids: Vec<UserId>,
    ) {
        let Some(loaded) = self.state.conversations.get(&id) else {
            return;
        };
        let (roll, Conversation { title, kind, .. }) = (loaded.roll.clone(), &loaded.conversation);
        let (title, kind) = (title.clone(), *kind);
        let told = user_ids.clone();
        let membership = Membership {
            conversation_id: id,
            change,
            user_ids,
            actor_id,
            title,
            kind,
        };
        let body = EntryBody::Membership(Arc::new(membership));
        let is_large = self.is_large(id);
        self.tell_all(id, &body);
        for user_id in told {
            if is_large || !roll.contains(user_id) {
                self.tell(user_id, body.clone());
            }
        }
    }
}

/// Whether a member owns it; only groups have owners.
fn is_owner_of_group(loaded: &Loaded, user_id: UserId) -> Result<bool, Refusal> {
    match loaded.conversation.kind {
        Kind::Direct => Err(Refusal::NotAGroup),
        Kind::Group => Ok(loaded
            .roll
            .get(user_id)
            .is_some_and(|member| member.is_owner)),
    }
}
