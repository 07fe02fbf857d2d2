//! Conversations: making, finding, people coming and going, read pointers.

use im_types::{ConversationId, UserId};

use super::core::{Core, Person};
use crate::domain::command::{
    AddMembers, CreateDirect, CreateGroup, MarkRead, RemoveMember, Retitle, Unreachable,
};
use crate::domain::{ClientKey, Command, Fingerprint, Outcome, PairKey, Refusal, Title};
use crate::error::Error;
use crate::ports::{ConversationView, ListPosition, MemberView};
use im_policy::MembersAdd;

impl Core {
    /// The conversation of two people, made if need be.
    pub async fn create_direct(
        &self,
        person: &Person,
        other_id: UserId,
    ) -> Result<ConversationView, Error> {
        let pair = PairKey::of(person.user_id, other_id)
            .ok_or_else(|| Error::invalid("member_ids", "must name somebody else"))?;
        let verdicts = self
            .verdicts(person.user_id, &person.site_id, &[other_id])
            .await?;
        let command = Command::CreateDirect(CreateDirect {
            actor_id: person.user_id,
            pair,
            conversation_id: self.ids.new_id(),
            site_id: person.site_id.clone(),
            verdict: verdicts
                .first()
                .copied()
                .unwrap_or(Err(Unreachable::UserNotFound)),
        });
        self.run_and_view(person, command).await
    }

    /// A conversation of several people.
    pub async fn create_group(
        &self,
        person: &Person,
        member_ids: Vec<UserId>,
        title: Title,
        client_key: Option<ClientKey>,
    ) -> Result<ConversationView, Error> {
        let others: Vec<UserId> = member_ids
            .into_iter()
            .filter(|user_id| *user_id != person.user_id)
            .collect();
        let unreachable = self.unreachable(person, &others).await?;
        let command = Command::CreateGroup(CreateGroup {
            actor_id: person.user_id,
            fingerprint: Fingerprint::of_group(title.as_str(), &others),
            member_ids: others,
            title,
            client_key,
            conversation_id: self.ids.new_id(),
            site_id: person.site_id.clone(),
            verdict: unreachable.first().map_or(Ok(()), |first| Err(*first)),
            is_allowed: person.policy.conversations_create_group(),
            members_max: members_max(person),
        });
        self.run_and_view(person, command).await
    }

    /// Adds people to a group.
    pub async fn add_members(
        &self,
        person: &Person,
        conversation_id: ConversationId,
        user_ids: Vec<UserId>,
    ) -> Result<ConversationView, Error> {
        let unreachable = self.unreachable(person, &user_ids).await?;
        let command = Command::AddMembers(AddMembers {
            actor_id: person.user_id,
            conversation_id,
            user_ids,
            unreachable,
            is_for_owners: person.policy.conversation_members_add() == MembersAdd::Owners,
            members_max: members_max(person),
        });
        self.run_and_view(person, command).await
    }

    /// Takes somebody out of a group.
    pub async fn remove_member(
        &self,
        person: &Person,
        conversation_id: ConversationId,
        user_id: UserId,
    ) -> Result<(), Error> {
        let remove = RemoveMember {
            actor_id: person.user_id,
            conversation_id,
            user_id,
        };
        self.writer
            .run(Command::RemoveMember(remove))
            .await
            .map(|_| ())
    }

    /// Changes the title of a group.
    pub async fn retitle(
        &self,
        person: &Person,
        conversation_id: ConversationId,
        title: Title,
    ) -> Result<ConversationView, Error> {
        let retitle = Retitle {
            actor_id: person.user_id,
            conversation_id,
            title,
        };
        self.run_and_view(person, Command::Retitle(retitle)).await
    }

    /// Moves the read pointer.
    pub async fn mark_read(
        &self,
        person: &Person,
        conversation_id: ConversationId,
        seq: i64,
    ) -> Result<ConversationView, Error> {
        let mark = MarkRead {
            actor_id: person.user_id,
            conversation_id,
            seq,
            is_shown: person.policy.read_receipts_enabled(),
        };
        self.run_and_view(person, Command::MarkRead(mark)).await
    }

    /// One conversation.
    pub async fn conversation(
        &self,
        user_id: UserId,
        id: ConversationId,
    ) -> Result<ConversationView, Error> {
        let view = self.store.conversation(user_id, id).await?;
        Ok(view.ok_or(Refusal::ConversationNotFound)?)
    }

    /// What a member may read of a conversation begins with this number.
    pub(super) async fn first_available_seq(
        &self,
        user_id: UserId,
        id: ConversationId,
    ) -> Result<i64, Error> {
        let first = self.store.first_available_seq(user_id, id).await?;
        Ok(first.ok_or(Refusal::ConversationNotFound)?)
    }

    /// A person's conversations, newest activity first.
    pub async fn conversations(
        &self,
        user_id: UserId,
        after: Option<ListPosition>,
        limit: usize,
    ) -> Result<Vec<ConversationView>, Error> {
        Ok(self.store.conversations(user_id, after, limit).await?)
    }

    /// Members by id. Whether others have read is told only while policy allows it.
    pub async fn members(
        &self,
        person: &Person,
        id: ConversationId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<MemberView>, Error> {
        self.first_available_seq(person.user_id, id).await?;
        let mut members = self.store.members(id, after, limit).await?;
        let is_shown = person.policy.read_receipts_enabled();
        for view in &mut members {
            if view.member.user_id != person.user_id {
                let shown = view.pointers.shown_read_seq;
                view.pointers.read_seq = if is_shown { shown } else { 0 };
            }
        }
        Ok(members)
    }

    /// Those of these people whom a person cannot reach.
    async fn unreachable(
        &self,
        person: &Person,
        user_ids: &[UserId],
    ) -> Result<Vec<(UserId, Unreachable)>, Error> {
        let others: Vec<UserId> = user_ids
            .iter()
            .copied()
            .filter(|user_id| *user_id != person.user_id)
            .collect();
        let verdicts = self
            .verdicts(person.user_id, &person.site_id, &others)
            .await?;
        let pairs = others.into_iter().zip(verdicts);
        Ok(pairs
            .filter_map(|(user_id, verdict)| Some((user_id, verdict.err()?)))
            .collect())
    }

    async fn run_and_view(
        &self,
        person: &Person,
        command: Command,
    ) -> Result<ConversationView, Error> {
        match self.writer.run(command).await? {
            Outcome::Conversation(id) => self.conversation(person.user_id, id).await,
            _ => Err(Error::Refused(Refusal::Stale)),
        }
    }
}

fn members_max(person: &Person) -> usize {
    let most = person.policy.conversation_members_max().max_or(u64::MAX);
    usize::try_from(most).unwrap_or(usize::MAX)
}
