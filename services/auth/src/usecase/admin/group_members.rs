//! Coming to groups, leaving them, and who is there.

use im_types::{GroupId, Timestamp, UserId};

use super::super::directory::{page, page_size, position};
use super::super::{Actor, App};
use super::groups::{find_managed, standing};
use super::{AdminError, act};
use crate::Error;
use crate::domain::change::Change;
use crate::domain::group::{Member, MemberRole, may_lose_manager};
use crate::domain::people::UserState;
use crate::store::Unit;

/// One page of members.
#[derive(Debug)]
pub struct MemberPage {
    /// The members.
    pub members: Vec<Member>,
    /// Empty on the last page.
    pub next_page_token: String,
}

impl App {
    /// Joins a public group, or asks to join an official one.
    pub async fn join_group(&self, actor: &Actor, group: GroupId) -> Result<Member, Error> {
        let mut unit = self.begin().await?;
        let found = unit
            .find_group(group)
            .await?
            .ok_or(AdminError::GroupNotFound)?;
        let present = unit.find_group_member(group, actor.user_id).await?;
        let standing = standing(actor, present.as_ref().map(|member| member.role));
        let role = standing
            .joining(found.kind)
            .ok_or(AdminError::GroupNotFound)?;
        if let Some(member) = present {
            if member.role == role {
                return Ok(member);
            }
        } else {
            self.check_room(&mut unit, actor, actor.user_id, &actor.roles)
                .await?;
        }
        self.put_member(unit, actor, "group.join", (group, actor.user_id, role))
            .await
    }

    /// Leaves a group, or takes a request to join back. Whoever is alone in a group takes it along.
    pub async fn leave_group(&self, actor: &Actor, group: GroupId) -> Result<(), Error> {
        let mut unit = self.begin().await?;
        unit.find_group(group)
            .await?
            .ok_or(AdminError::GroupNotFound)?;
        let member = unit.find_group_member(group, actor.user_id).await?;
        // Somebody without a place must not learn from here whether a private group exists.
        let member = member.ok_or(AdminError::GroupNotFound)?;
        let others = Others::of(&mut unit, group, actor.user_id).await?;
        others.check(
            Some(member.role),
            standing(actor, Some(member.role)).manages_all,
        )?;
        if member.role == MemberRole::Manager && others.members + others.managers == 0 {
            unit.delete_group(group).await?;
            unit.change(Change::Group(group));
            unit.change(Change::User(actor.user_id));
            unit.audit(act(actor, "group.delete").on(group));
            return self.commit(unit).await;
        }
        self.take_member(unit, actor, "group.leave", (group, &member))
            .await
    }

    /// Members in the order in which they came and, for managers, requests to join.
    pub async fn list_group_members(
        &self,
        actor: &Actor,
        group: GroupId,
        page_size_requested: i32,
        page_token: &str,
    ) -> Result<MemberPage, Error> {
        const LIST: &str = "group_members";
        let (found, standing) = self.get_group(actor, group).await?;
        if !standing.may_list_members(found.kind) {
            return Err(AdminError::NotAManager.into());
        }
        let size = page_size(page_size_requested)?;
        let after: Option<(Timestamp, UserId)> = position(LIST, page_token)?;
        let with_requests = standing.may_manage();
        let mut members = self
            .store
            .list_group_members(group, with_requests, after, size.limit())
            .await?;
        let next = page(LIST, &mut members, size, |m| (m.created_at, m.user_id))?;
        Ok(MemberPage {
            members,
            next_page_token: next,
        })
    }

    /// Adds a person, grants a request, or changes what a member is.
    pub async fn set_group_member(
        &self,
        actor: &Actor,
        group: GroupId,
        user: UserId,
        role: MemberRole,
    ) -> Result<Member, Error> {
        // Before the unit, which should not wait for a second connection.
        let roles = self
            .store
            .find_roles(&[user])
            .await?
            .remove(&user)
            .unwrap_or_default();
        let mut unit = self.begin().await?;
        let (_, standing) = find_managed(&mut unit, actor, group).await?;
        let found = unit.find_user(user).await?.ok_or(Error::UserNotFound)?;
        let present = unit.find_group_member(group, user).await?;
        match &present {
            Some(member) if member.role == role => return Ok(member.clone()),
            Some(member) if role != MemberRole::Manager => {
                let others = Others::of(&mut unit, group, user).await?;
                others.check(Some(member.role), standing.manages_all)?;
            }
            Some(_) => {}
            None => {
                if found.state != UserState::Active {
                    return Err(Error::UserStateConflict {
                        state: found.state.as_str(),
                    });
                }
                self.check_room(&mut unit, actor, user, &roles).await?;
            }
        }
        self.put_member(unit, actor, "group.set_member", (group, user, role))
            .await
    }

    /// Removes a member or declines a request to join.
    pub async fn remove_group_member(
        &self,
        actor: &Actor,
        group: GroupId,
        user: UserId,
    ) -> Result<(), Error> {
        let mut unit = self.begin().await?;
        let (_, standing) = find_managed(&mut unit, actor, group).await?;
        let member = unit.find_group_member(group, user).await?;
        let member = member.ok_or(AdminError::GroupMemberNotFound)?;
        let others = Others::of(&mut unit, group, user).await?;
        others.check(Some(member.role), standing.manages_all)?;
        self.take_member(unit, actor, "group.remove_member", (group, &member))
            .await
    }

    async fn put_member(
        &self,
        mut unit: Unit,
        actor: &Actor,
        action: &'static str,
        (group, user, role): (GroupId, UserId, MemberRole),
    ) -> Result<Member, Error> {
        unit.put_group_member(group, user, role).await?;
        let member = unit.find_group_member(group, user).await?;
        let member = member.ok_or(AdminError::GroupMemberNotFound)?;
        if role.belongs() {
            unit.change(Change::Group(group));
            unit.change(Change::User(user));
        }
        let entry = act(actor, action).on(group).with("user", user);
        unit.audit(entry.with("role", role.as_str()));
        self.commit(unit).await?;
        Ok(member)
    }

    async fn take_member(
        &self,
        mut unit: Unit,
        actor: &Actor,
        action: &'static str,
        (group, member): (GroupId, &Member),
    ) -> Result<(), Error> {
        unit.delete_group_member(group, member.user_id).await?;
        if member.role.belongs() {
            unit.change(Change::Group(group));
            unit.change(Change::User(member.user_id));
        }
        let entry = act(actor, action).on(group).with("user", member.user_id);
        unit.audit(entry.with("role", member.role.as_str()));
        self.commit(unit).await
    }
}

/// The others in a group.
struct Others {
    managers: i64,
    members: i64,
}

impl Others {
    async fn of(unit: &mut Unit, group: GroupId, user: UserId) -> Result<Self, Error> {
        Ok(Self {
            managers: unit
                .count_other_members(group, user, MemberRole::Manager)
                .await?,
            members: unit
                .count_other_members(group, user, MemberRole::Member)
                .await?,
        })
    }

    fn check(&self, role: Option<MemberRole>, manages_all: bool) -> Result<(), Error> {
        if may_lose_manager(role, self.managers, self.members, manages_all) {
            return Ok(());
        }
        Err(AdminError::LastGroupManager.into())
    }
}
