//! Reading people.

use std::collections::HashMap;

use im_store::{FromRow, Row, StoreError, query};
use im_types::{GroupId, RoleId, UserId, Username};

use super::SqlStore;
use super::statements as sql;
use crate::domain::group::CommonMember;
use crate::domain::people::{PeopleQuery, Person, User, UserState, end_of_range};

struct UserRole(UserId, RoleId);

impl FromRow for UserRole {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(row.get_id("user_id")?, row.get_id("role_id")?))
    }
}

struct UserStore(UserId, String);

impl FromRow for UserStore {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(row.get_id("user_id")?, row.get_text("store_id")?))
    }
}

struct UserGroup(UserId, GroupId);

impl FromRow for UserGroup {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(row.get_id("user_id")?, row.get_id("group_id")?))
    }
}

impl FromRow for CommonMember {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            group_id: row.get_id("group_id")?,
            group_name: row.get_text("name")?,
            user_id: row.get_id("user_id")?,
        })
    }
}

/// The three ranges of words of a search, those that are missing being the first one again.
fn ranges(words: &[String]) -> [(String, String); 3] {
    let range = |place: usize| {
        let word = words
            .get(place)
            .or_else(|| words.first())
            .map_or("", String::as_str);
        (word.to_owned(), end_of_range(word))
    };
    [range(0), range(1), range(2)]
}

impl SqlStore {
    /// An account.
    pub async fn find_user(&self, user: UserId) -> Result<Option<User>, StoreError> {
        query(sql::FIND_USER)
            .bind(user)
            .fetch_optional(&self.database)
            .await
    }

    /// The account of a name.
    pub async fn find_user_by_name(&self, username: &Username) -> Result<Option<User>, StoreError> {
        let find = query(sql::FIND_USER_BY_NAME).bind(username.folded());
        find.fetch_optional(&self.database).await
    }

    /// Accounts, in no order; unknown ids are left out. At most 4096.
    pub async fn find_users(&self, users: &[UserId]) -> Result<Vec<User>, StoreError> {
        query(sql::FIND_USERS)
            .bind_list(users.iter().copied())
            .fetch_all(&self.database)
            .await
    }

    /// The roles of people.
    pub async fn find_roles(
        &self,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<RoleId>>, StoreError> {
        let find = query(sql::FIND_USER_ROLES).bind_list(users.iter().copied());
        let rows: Vec<UserRole> = find.fetch_all(&self.database).await?;
        let mut roles: HashMap<UserId, Vec<RoleId>> = HashMap::new();
        for UserRole(user, role) in rows {
            roles.entry(user).or_default().push(role);
        }
        for roles in roles.values_mut() {
            roles.sort_unstable();
        }
        Ok(roles)
    }

    /// The identity stores of people.
    pub async fn find_stores(
        &self,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<String>>, StoreError> {
        let find = query(sql::FIND_USER_STORES).bind_list(users.iter().copied());
        let rows: Vec<UserStore> = find.fetch_all(&self.database).await?;
        let mut stores: HashMap<UserId, Vec<String>> = HashMap::new();
        for UserStore(user, store) in rows {
            stores.entry(user).or_default().push(store);
        }
        Ok(stores)
    }

    /// The groups of people, requests to join left out.
    pub async fn find_groups(
        &self,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<GroupId>>, StoreError> {
        let find = query(sql::FIND_USER_GROUPS).bind_list(users.iter().copied());
        let rows: Vec<UserGroup> = find.fetch_all(&self.database).await?;
        let mut groups: HashMap<UserId, Vec<GroupId>> = HashMap::new();
        for UserGroup(user, group) in rows {
            groups.entry(user).or_default().push(group);
        }
        Ok(groups)
    }

    /// Adds what belongs to people, keeping their order.
    pub async fn with_belongings(&self, users: Vec<User>) -> Result<Vec<Person>, StoreError> {
        let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
        let mut roles = self.find_roles(&ids).await?;
        let mut stores = self.find_stores(&ids).await?;
        let person = |user: User| Person {
            roles: roles.remove(&user.id).unwrap_or_default(),
            stores: stores.remove(&user.id).unwrap_or_default(),
            user,
        };
        Ok(users.into_iter().map(person).collect())
    }

    /// Active people by name; with `in_groups_of` only those who share a group with somebody.
    pub async fn list_people(
        &self,
        wanted: &PeopleQuery,
        in_groups_of: Option<UserId>,
    ) -> Result<Vec<User>, StoreError> {
        let mut list = query(sql::LIST_PEOPLE).bind(wanted.after.as_str());
        list = list.bind(!wanted.words.is_empty());
        for (from, until) in ranges(&wanted.words) {
            list = list.bind(from).bind(until);
        }
        list.bind(in_groups_of.is_some())
            .bind(in_groups_of)
            .bind(wanted.limit)
            .fetch_all(&self.database)
            .await
    }

    /// All accounts by name, or those in one state.
    pub async fn list_accounts(
        &self,
        wanted: &PeopleQuery,
        state: Option<UserState>,
    ) -> Result<Vec<User>, StoreError> {
        let mut list = query(sql::LIST_ACCOUNTS).bind(wanted.after.as_str());
        list = list.bind(!wanted.words.is_empty());
        for (from, until) in ranges(&wanted.words) {
            list = list.bind(from).bind(until);
        }
        list.bind(state.map_or("", UserState::as_str))
            .bind(wanted.limit)
            .fetch_all(&self.database)
            .await
    }

    /// Whether two people are in a common group.
    pub async fn share_a_group(&self, one: UserId, other: UserId) -> Result<bool, StoreError> {
        let find = query(sql::SHARE_A_GROUP).bind(one).bind(other);
        Ok(find.fetch_optional::<i64>(&self.database).await?.is_some())
    }

    /// The members of a person's groups, by group.
    pub async fn list_common_members(
        &self,
        user: UserId,
        limit: i64,
    ) -> Result<Vec<CommonMember>, StoreError> {
        query(sql::LIST_COMMON_GROUPS)
            .bind(user)
            .bind(limit)
            .fetch_all(&self.database)
            .await
    }
}
