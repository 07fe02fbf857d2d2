//! Groups of people.

use im_store::{Executor, FromRow, Row, StoreError, query};
use im_types::{DisplayName, GroupId, Timestamp, UserId};

use super::super::{SqlStore, Unit};
use super::statements as sql;
use crate::domain::group::{Group, GroupKind, Member, MemberRole};
use crate::domain::people::end_of_range;

impl FromRow for Group {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get_id("group_id")?,
            name: row.get_parsed("name", DisplayName::parse)?,
            name_folded: row.get_text("name_folded")?,
            kind: row.get_parsed("kind", GroupKind::parse)?,
            description: row.get_text("description")?,
            member_count: row.get_i64("member_count")?,
            created_at: row.get_timestamp("created_at_us")?,
        })
    }
}

impl FromRow for Member {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: row.get_id("user_id")?,
            role: row.get_parsed("role", MemberRole::parse)?,
            created_at: row.get_timestamp("created_at_us")?,
        })
    }
}

/// A page of groups.
#[derive(Debug, Clone)]
pub struct GroupQuery {
    /// Who asks.
    pub user: UserId,
    /// Sees private groups of others too.
    pub sees_all: bool,
    /// Only the own ones.
    pub is_own_only: bool,
    /// Folded beginning of the name.
    pub prefix: String,
    /// Only names after this folded one.
    pub after: String,
    /// At most so many.
    pub limit: i64,
}

async fn find_group(on: Executor<'_>, group: GroupId) -> Result<Option<Group>, StoreError> {
    query(sql::FIND_GROUP).bind(group).fetch_optional(on).await
}

async fn find_member(
    on: Executor<'_>,
    group: GroupId,
    user: UserId,
) -> Result<Option<Member>, StoreError> {
    query(sql::FIND_GROUP_MEMBER)
        .bind(group)
        .bind(user)
        .fetch_optional(on)
        .await
}

impl SqlStore {
    /// A group.
    pub async fn find_group(&self, group: GroupId) -> Result<Option<Group>, StoreError> {
        find_group((&self.database).into(), group).await
    }

    /// Somebody's place in a group.
    pub async fn find_group_member(
        &self,
        group: GroupId,
        user: UserId,
    ) -> Result<Option<Member>, StoreError> {
        find_member((&self.database).into(), group, user).await
    }

    /// Groups by name.
    pub async fn list_groups(&self, page: &GroupQuery) -> Result<Vec<Group>, StoreError> {
        query(sql::LIST_GROUPS)
            .bind(page.user)
            .bind(page.sees_all)
            .bind(page.is_own_only)
            .bind(page.prefix.as_str())
            .bind(end_of_range(&page.prefix))
            .bind(page.after.as_str())
            .bind(page.limit)
            .fetch_all(&self.database)
            .await
    }

    /// Members in the order in which they came, beginning after one of them.
    pub async fn list_group_members(
        &self,
        group: GroupId,
        with_requests: bool,
        after: Option<(Timestamp, UserId)>,
        limit: i64,
    ) -> Result<Vec<Member>, StoreError> {
        let (at, user) = after.unwrap_or((
            Timestamp::from_micros(-1),
            UserId::from_uuid(uuid::Uuid::nil()),
        ));
        query(sql::LIST_GROUP_MEMBERS)
            .bind(group)
            .bind(with_requests)
            .bind(at)
            .bind(user)
            .bind(limit)
            .fetch_all(&self.database)
            .await
    }
}

impl Unit {
    /// Reads a group that is about to change; the unit is alone with it from here on.
    pub async fn find_group(&mut self, group: GroupId) -> Result<Option<Group>, StoreError> {
        query(sql::LOCK_GROUP)
            .bind(group)
            .execute(&mut self.tx)
            .await?;
        find_group((&mut self.tx).into(), group).await
    }

    /// Somebody's place in a group.
    pub async fn find_group_member(
        &mut self,
        group: GroupId,
        user: UserId,
    ) -> Result<Option<Member>, StoreError> {
        find_member((&mut self.tx).into(), group, user).await
    }

    /// Makes a group; `false` if the name is taken.
    pub async fn insert_group(&mut self, group: &Group, by: UserId) -> Result<bool, StoreError> {
        let inserted = query(sql::INSERT_GROUP)
            .bind(group.id)
            .bind(&group.name)
            .bind(group.name_folded.as_str())
            .bind(group.kind.as_str())
            .bind(group.description.as_str())
            .bind(by)
            .bind(group.created_at)
            .execute(&mut self.tx)
            .await?;
        Ok(inserted > 0)
    }

    /// Whether another group has this name.
    pub async fn is_group_name_taken(&mut self, group: &Group) -> Result<bool, StoreError> {
        let find = query(sql::FIND_GROUP_NAME)
            .bind(group.name_folded.as_str())
            .bind(group.id);
        Ok(find.fetch_optional::<i64>(&mut self.tx).await?.is_some())
    }

    /// Replaces name, kind and description.
    pub async fn update_group(&mut self, group: &Group) -> Result<(), StoreError> {
        query(sql::UPDATE_GROUP)
            .bind(group.id)
            .bind(&group.name)
            .bind(group.name_folded.as_str())
            .bind(group.kind.as_str())
            .bind(group.description.as_str())
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Removes a group with all places in it.
    pub async fn delete_group(&mut self, group: GroupId) -> Result<(), StoreError> {
        query(sql::DELETE_GROUP)
            .bind(group)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Gives somebody a place; who had one that counts keeps the time of coming.
    pub async fn put_group_member(
        &mut self,
        group: GroupId,
        user: UserId,
        role: MemberRole,
    ) -> Result<(), StoreError> {
        let now = self.now();
        query(sql::UPSERT_GROUP_MEMBER)
            .bind(group)
            .bind(user)
            .bind(role.as_str())
            .bind(now)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Takes somebody's place away; `false` if there was none.
    pub async fn delete_group_member(
        &mut self,
        group: GroupId,
        user: UserId,
    ) -> Result<bool, StoreError> {
        let delete = query(sql::DELETE_GROUP_MEMBER).bind(group).bind(user);
        Ok(delete.execute(&mut self.tx).await? > 0)
    }

    /// How many groups somebody belongs to or has asked to join.
    pub async fn count_groups_of_user(&mut self, user: UserId) -> Result<u64, StoreError> {
        let find = query(sql::COUNT_GROUPS_OF_USER).bind(user);
        Ok(find.fetch_one::<i64>(&mut self.tx).await?.unsigned_abs())
    }

    /// How many others have this role in a group.
    pub async fn count_other_members(
        &mut self,
        group: GroupId,
        user: UserId,
        role: MemberRole,
    ) -> Result<i64, StoreError> {
        let count = query(sql::COUNT_OTHER_MEMBERS)
            .bind(group)
            .bind(user)
            .bind(role.as_str());
        count.fetch_one(&mut self.tx).await
    }
}
