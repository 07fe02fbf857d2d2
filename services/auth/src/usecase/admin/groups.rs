//! Groups of people.

use im_policy::{Key, Permission};
use im_types::{DisplayName, GroupId, RoleId, UserId};

use super::super::directory::{page, page_size, position};
use super::super::{Actor, App, parse};
use super::{AdminError, act};
use crate::Error;
use crate::domain::change::Change;
use crate::domain::group::{DESCRIPTION_CHARS_MAX, Group, GroupKind, MemberRole, Standing};
use crate::domain::people::fold;
use crate::store::{GroupQuery, Unit};

/// Longest beginning of a name that is searched for, in bytes.
const QUERY_BYTES_MAX: usize = 400;

/// A group to be made.
#[derive(Debug, Clone)]
pub struct GroupCommand {
    /// Its name.
    pub name: String,
    /// Who sees it and who may join.
    pub kind: GroupKind,
    /// More about it.
    pub description: String,
}

/// New values; absent ones stay.
#[derive(Debug, Clone, Default)]
pub struct GroupPatch {
    /// Its name.
    pub name: Option<String>,
    /// Who sees it and who may join.
    pub kind: Option<GroupKind>,
    /// More about it.
    pub description: Option<String>,
}

/// Which groups.
#[derive(Debug, Clone, Default)]
pub struct GroupSearch {
    /// Beginning of the name.
    pub query: String,
    /// Only the own ones.
    pub is_own_only: bool,
    /// As the client sent it.
    pub page_size: i32,
    /// As the client sent it.
    pub page_token: String,
}

/// One page of groups.
#[derive(Debug)]
pub struct GroupPage {
    /// The groups.
    pub groups: Vec<Group>,
    /// Empty on the last page.
    pub next_page_token: String,
}

fn parse_name(text: &str) -> Result<DisplayName, Error> {
    DisplayName::parse(text).map_err(|error| Error::invalid("name", error))
}

fn parse_description(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.chars().count() > DESCRIPTION_CHARS_MAX {
        return Err(Error::invalid(
            "description",
            "has more than 500 characters",
        ));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Error::invalid(
            "description",
            "contains a control character",
        ));
    }
    Ok(text.to_owned())
}

/// Official groups are the organisation's.
fn check_kind(actor: &Actor, kind: GroupKind) -> Result<(), Error> {
    if kind == GroupKind::Official {
        return actor.require(Permission::GroupsManage);
    }
    Ok(())
}

/// What the actor is to a group.
pub(super) fn standing(actor: &Actor, role: Option<MemberRole>) -> Standing {
    Standing {
        role,
        manages_all: actor.may(Permission::GroupsManage),
    }
}

impl App {
    /// Makes a group, of which the caller becomes the manager.
    pub async fn create_group(
        &self,
        actor: &Actor,
        command: &GroupCommand,
    ) -> Result<Group, Error> {
        let policy = self.snapshot().policy(&actor.origin.site, &actor.roles);
        if !policy.groups_create() && !actor.may(Permission::GroupsManage) {
            return Err(Error::ForbiddenByPolicy {
                key: Key::GroupsCreate.name(),
            });
        }
        check_kind(actor, command.kind)?;
        let name = parse_name(&command.name)?;
        let mut unit = self.begin().await?;
        let group = Group {
            id: self.ids.new_id(),
            name_folded: fold(name.as_str()),
            name,
            kind: command.kind,
            description: parse_description(&command.description)?,
            member_count: 1,
            created_at: unit.now(),
        };
        self.check_room(&mut unit, actor, actor.user_id, &actor.roles)
            .await?;
        if !unit.insert_group(&group, actor.user_id).await? {
            return Err(AdminError::GroupNameTaken.into());
        }
        unit.put_group_member(group.id, actor.user_id, MemberRole::Manager)
            .await?;
        unit.change(Change::Group(group.id));
        unit.change(Change::User(actor.user_id));
        let entry = act(actor, "group.create")
            .on(group.id)
            .with("name", group.name.as_str());
        unit.audit(entry.with("kind", group.kind.as_str()));
        self.commit(unit).await?;
        Ok(group)
    }

    /// A group that the caller may know of, with what the caller is there.
    pub async fn get_group(
        &self,
        actor: &Actor,
        group: GroupId,
    ) -> Result<(Group, Standing), Error> {
        let found = self
            .store
            .find_group(group)
            .await?
            .ok_or(AdminError::GroupNotFound)?;
        let member = self.store.find_group_member(group, actor.user_id).await?;
        let standing = standing(actor, member.map(|member| member.role));
        if !standing.may_see(found.kind) {
            return Err(AdminError::GroupNotFound.into());
        }
        Ok((found, standing))
    }

    /// Groups that the caller may know of, by name.
    pub async fn list_groups(
        &self,
        actor: &Actor,
        search: &GroupSearch,
    ) -> Result<GroupPage, Error> {
        const LIST: &str = "groups";
        parse::sought("query", &search.query, QUERY_BYTES_MAX)?;
        let size = page_size(search.page_size)?;
        let after: Option<String> = position(LIST, &search.page_token)?;
        let query = GroupQuery {
            user: actor.user_id,
            sees_all: actor.may(Permission::GroupsManage),
            is_own_only: search.is_own_only,
            prefix: fold(search.query.trim()),
            after: after.unwrap_or_default(),
            limit: size.limit(),
        };
        let mut groups = self.store.list_groups(&query).await?;
        let next = page(LIST, &mut groups, size, |group| group.name_folded.clone())?;
        Ok(GroupPage {
            groups,
            next_page_token: next,
        })
    }

    /// Changes a group.
    pub async fn update_group(
        &self,
        actor: &Actor,
        group: GroupId,
        patch: &GroupPatch,
    ) -> Result<Group, Error> {
        let mut unit = self.begin().await?;
        let (mut found, _) = find_managed(&mut unit, actor, group).await?;
        let mut entry = act(actor, "group.update").on(group);
        if let Some(name) = &patch.name {
            found.name = parse_name(name)?;
            found.name_folded = fold(found.name.as_str());
            if unit.is_group_name_taken(&found).await? {
                return Err(AdminError::GroupNameTaken.into());
            }
            entry = entry.with("name", found.name.as_str());
        }
        if let Some(kind) = patch.kind.filter(|kind| *kind != found.kind) {
            check_kind(actor, kind)?;
            entry = entry.with("kind", kind.as_str());
            found.kind = kind;
        }
        if let Some(description) = &patch.description {
            found.description = parse_description(description)?;
        }
        unit.update_group(&found).await?;
        unit.change(Change::Group(group));
        unit.audit(entry);
        self.commit(unit).await?;
        Ok(found)
    }

    /// Removes a group.
    pub async fn delete_group(&self, actor: &Actor, group: GroupId) -> Result<(), Error> {
        let mut unit = self.begin().await?;
        let (found, _) = find_managed(&mut unit, actor, group).await?;
        unit.delete_group(group).await?;
        unit.change(Change::Group(group));
        unit.audit(
            act(actor, "group.delete")
                .on(group)
                .with("name", found.name.as_str()),
        );
        self.commit(unit).await
    }

    /// Refuses one more group for a person who belongs to as many as policy allows.
    pub(super) async fn check_room(
        &self,
        unit: &mut Unit,
        actor: &Actor,
        user: UserId,
        roles: &[RoleId],
    ) -> Result<(), Error> {
        let limit = self
            .snapshot()
            .policy(&actor.origin.site, roles)
            .groups_per_user_max();
        let Some(max) = limit.max() else {
            return Ok(());
        };
        if limit.allows(unit.count_groups_of_user(user).await? + 1) {
            return Ok(());
        }
        Err(AdminError::TooManyGroups { max }.into())
    }
}

/// A group that the caller may change, locked. Whoever may not even know of it is told that there
/// is none.
pub(super) async fn find_managed(
    unit: &mut Unit,
    actor: &Actor,
    group: GroupId,
) -> Result<(Group, Standing), Error> {
    let found = unit
        .find_group(group)
        .await?
        .ok_or(AdminError::GroupNotFound)?;
    let member = unit.find_group_member(group, actor.user_id).await?;
    let standing = standing(actor, member.map(|member| member.role));
    if !standing.may_see(found.kind) {
        return Err(AdminError::GroupNotFound.into());
    }
    if !standing.may_manage() {
        return Err(AdminError::NotAManager.into());
    }
    Ok((found, standing))
}
