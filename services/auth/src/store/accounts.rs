//! Making accounts, and what they sign in with.

use im_store::{FromRow, Row, StoreError, query, query_rows};
use im_types::{RoleId, SiteId, Timestamp, UserId, Username};

use super::statements as sql;
use super::{SqlStore, Unit};
use crate::domain::credential::Credential;
use crate::domain::people::{
    HIERARCHY_LEVEL_DEFAULT, NewUser, Profile, User, UserState, search_words,
};

struct AddressBan(String);

impl FromRow for AddressBan {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(row.get_text("value")?))
    }
}

impl SqlStore {
    /// The stored password of the local account of a name.
    pub async fn find_credential_by_name(
        &self,
        username: &Username,
    ) -> Result<Option<Credential>, StoreError> {
        let find = query(sql::FIND_CREDENTIAL_BY_NAME).bind(username.folded());
        find.fetch_optional(&self.database).await
    }

    /// The stored password of an account; `None` if it has none here.
    pub async fn find_credential(&self, user: UserId) -> Result<Option<Credential>, StoreError> {
        query(sql::FIND_CREDENTIAL)
            .bind(user)
            .fetch_optional(&self.database)
            .await
    }

    /// The account that a person of a store is bound to.
    pub async fn find_identity(
        &self,
        store_id: &str,
        external_id: &str,
    ) -> Result<Option<UserId>, StoreError> {
        let find = query(sql::FIND_IDENTITY).bind(store_id).bind(external_id);
        let user: Option<uuid::Uuid> = find.fetch_optional(&self.database).await?;
        Ok(user.map(UserId::from_uuid))
    }

    /// Puts a hash with new parameters in the place of an old one of the same password.
    pub async fn rehash_password(
        &self,
        user: UserId,
        before: &str,
        after: &str,
    ) -> Result<(), StoreError> {
        let update = query(sql::REHASH_PASSWORD)
            .bind(user)
            .bind(before)
            .bind(after);
        update.execute(&self.database).await.map(|_count| ())
    }

    /// Whether a ban of names or devices is in force for these.
    pub async fn is_banned(
        &self,
        username: &str,
        device: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let find = query(sql::FIND_BANS).bind(username).bind(device).bind(now);
        Ok(find.fetch_optional::<i64>(&self.database).await?.is_some())
    }

    /// The addresses and networks that are banned.
    pub async fn list_address_bans(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let bans: Vec<AddressBan> = query(sql::LIST_ADDRESS_BANS)
            .bind(now)
            .fetch_all(&self.database)
            .await?;
        Ok(bans.into_iter().map(|ban| ban.0).collect())
    }
}

impl Unit {
    /// Counts the accounts of a site while nobody else adds one to it.
    pub async fn lock_and_count_users(&mut self, site: &SiteId) -> Result<u64, StoreError> {
        query(sql::LOCK_SITE)
            .bind(site)
            .execute(&mut self.tx)
            .await?;
        let count: i64 = query(sql::COUNT_SITE_USERS)
            .bind(site)
            .fetch_one(&mut self.tx)
            .await?;
        Ok(count.unsigned_abs())
    }

    /// Makes an account; `false` if the name is taken.
    pub async fn insert_user(&mut self, user: &NewUser) -> Result<bool, StoreError> {
        let now = self.now();
        let inserted = query(sql::INSERT_USER)
            .bind(user.id)
            .bind(user.username.as_str())
            .bind(user.username.folded())
            .bind(&user.display_name)
            .bind(user.state.as_str())
            .bind(&user.site)
            .bind(HIERARCHY_LEVEL_DEFAULT)
            .bind(user.email.as_str())
            .bind(user.is_break_glass)
            .bind(now)
            .execute(&mut self.tx)
            .await?;
        if inserted == 0 {
            return Ok(false);
        }
        let words = search_words(&user.username, &user.display_name);
        let rows = words.into_iter().map(|word| (word, user.id));
        query_rows(sql::INSERT_USER_WORDS)
            .rows(rows)
            .execute(&mut self.tx)
            .await?;
        Ok(true)
    }

    /// Binds an account to a person of a store; `false` if that person has one.
    pub async fn insert_identity(
        &mut self,
        store_id: &str,
        external_id: &str,
        user: UserId,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let insert = query(sql::INSERT_IDENTITY)
            .bind(store_id)
            .bind(external_id)
            .bind(user)
            .bind(now);
        Ok(insert.execute(&mut self.tx).await? > 0)
    }

    /// Sets the password of a local account.
    pub async fn set_password(
        &mut self,
        user: UserId,
        password_hash: &str,
        is_change_required: bool,
    ) -> Result<(), StoreError> {
        let now = self.now();
        query(sql::UPSERT_PASSWORD)
            .bind(user)
            .bind(password_hash)
            .bind(now)
            .bind(is_change_required)
            .execute(&mut self.tx)
            .await
            .map(|_count| ())
    }

    /// Reads an account that is about to change.
    pub async fn find_user(&mut self, user: UserId) -> Result<Option<User>, StoreError> {
        query(sql::FIND_USER_FOR_UPDATE)
            .bind(user)
            .fetch_optional(&mut self.tx)
            .await
    }

    /// Replaces a profile.
    pub async fn set_profile(&mut self, user: &User, profile: &Profile) -> Result<(), StoreError> {
        query(sql::UPDATE_PROFILE)
            .bind(user.id)
            .bind(&profile.display_name)
            .bind(profile.about.as_str())
            .bind(profile.locale.as_str())
            .bind(profile.time_zone.as_str())
            .bind(profile.email.as_str())
            .bind(profile.hierarchy_level)
            .execute(&mut self.tx)
            .await?;
        query(sql::DELETE_USER_WORDS)
            .bind(user.id)
            .execute(&mut self.tx)
            .await?;
        let words = search_words(&user.username, &profile.display_name);
        let rows = words.into_iter().map(|word| (word, user.id));
        query_rows(sql::INSERT_USER_WORDS)
            .rows(rows)
            .execute(&mut self.tx)
            .await?;
        Ok(())
    }

    /// Sets what an account may do.
    pub async fn set_user_state(
        &mut self,
        user: UserId,
        state: UserState,
    ) -> Result<(), StoreError> {
        let update = query(sql::SET_USER_STATE).bind(user).bind(state.as_str());
        update.execute(&mut self.tx).await.map(|_count| ())
    }

    /// Sets the counter of wrong passwords and the lock.
    pub async fn set_user_failures(
        &mut self,
        user: UserId,
        failures: u32,
        locked_until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let update = query(sql::SET_USER_FAILURES)
            .bind(user)
            .bind(failures)
            .bind(locked_until);
        update.execute(&mut self.tx).await.map(|_count| ())
    }

    /// Notes a sign-in: the counter starts anew.
    pub async fn set_user_login(&mut self, user: UserId) -> Result<(), StoreError> {
        let now = self.now();
        let update = query(sql::SET_USER_LOGIN).bind(user).bind(now);
        update.execute(&mut self.tx).await.map(|_count| ())
    }

    /// Gives a person a role. `source` is empty for what people grant.
    pub async fn insert_user_role(
        &mut self,
        user: UserId,
        role: RoleId,
        source: &str,
    ) -> Result<bool, StoreError> {
        let now = self.now();
        let insert = query(sql::INSERT_USER_ROLE)
            .bind(user)
            .bind(role)
            .bind(source)
            .bind(now);
        Ok(insert.execute(&mut self.tx).await? > 0)
    }

    /// How many active people hold a role.
    pub async fn count_role_holders(&mut self, role: RoleId) -> Result<i64, StoreError> {
        query(sql::COUNT_ROLE_HOLDERS)
            .bind(role)
            .fetch_one(&mut self.tx)
            .await
    }

    /// Uses an invite once; `false` if it cannot be used.
    pub async fn use_invite(&mut self, token_hash: &[u8]) -> Result<bool, StoreError> {
        let now = self.now();
        let update = query(sql::USE_INVITE).bind(token_hash).bind(now);
        Ok(update.execute(&mut self.tx).await? > 0)
    }
}
