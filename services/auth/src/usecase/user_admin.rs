//! What administrators do with accounts.

use im_policy::{Permission, PermissionSet};
use im_types::{Secret, UserId};

use super::register::{check_rules, check_username};
use super::{Actor, App, ProfilePatch, parse};
use crate::Error;
use crate::domain::change::Change;
use crate::domain::password::PasswordRules;
use crate::domain::people::{Person, User, UserState};
use crate::domain::site::ADMINISTRATOR;
use crate::store::Unit;

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 200;

/// A new local account.
#[derive(Debug, Clone)]
pub struct CreateUserCommand {
    /// The sign-in name.
    pub username: String,
    /// The password.
    pub password: Secret<String>,
    /// The username if empty.
    pub display_name: String,
    /// Mail address, or empty.
    pub email: String,
    /// The password has to be changed at the first sign-in.
    pub is_change_required: bool,
}

/// A change of what an account may do.
#[derive(Debug, Clone, Copy)]
struct StateChange<'a> {
    state: UserState,
    /// For the audit log.
    action: &'static str,
    /// For the audit log; empty if none was given.
    reason: &'a str,
}

impl StateChange<'_> {
    const fn new(state: UserState, action: &'static str) -> Self {
        Self {
            state,
            action,
            reason: "",
        }
    }
}

impl App {
    /// Makes a local account, active at once.
    pub async fn create_user(
        &self,
        actor: &Actor,
        command: CreateUserCommand,
    ) -> Result<Person, Error> {
        actor.require(Permission::UsersManage)?;
        let policy = self.snapshot().policy(&actor.origin.site, &[]);
        let username = parse::username(&command.username)?;
        check_username(&username, &policy)?;
        let password = parse::password("password", command.password)?;
        check_rules("password", &PasswordRules::of(&policy), &password, None)?;
        let display_name = parse::display_name(&command.display_name, &username)?;
        let email = parse::email(&command.email)?;
        if self.store.find_user_by_name(&username).await?.is_some() {
            return Err(Error::UsernameTaken);
        }
        let account = self
            .local_account(
                &actor.origin,
                username,
                display_name,
                email,
                UserState::Active,
                &password,
                command.is_change_required,
            )
            .await?;
        let mut unit = self.begin().await?;
        self.insert_local_account(&mut unit, &account, &policy)
            .await?;
        let entry = self.act(actor, "user.create").on(account.user.id);
        unit.audit(entry.with("username", account.user.username.as_str()));
        self.commit(unit).await?;
        self.find_person(account.user.id).await
    }

    /// Lets a waiting account in.
    pub async fn approve_user(&self, actor: &Actor, id: UserId) -> Result<Person, Error> {
        actor.require(Permission::UsersApprove)?;
        let mut unit = self.begin().await?;
        let user = unit.find_user(id).await?.ok_or(Error::UserNotFound)?;
        require_state(&user, &[UserState::Waiting])?;
        let act = StateChange::new(UserState::Active, "user.approve");
        self.set_state(actor, &mut unit, &user, act).await?;
        self.commit(unit).await?;
        self.find_person(id).await
    }

    /// Bars an account and ends its sessions.
    pub async fn suspend_user(
        &self,
        actor: &Actor,
        id: UserId,
        reason: &str,
    ) -> Result<Person, Error> {
        let act = StateChange::new(UserState::Suspended, "user.suspend");
        self.switch_off(actor, id, StateChange { reason, ..act })
            .await
    }

    /// Switches an account off for good and ends its sessions.
    pub async fn deactivate_user(
        &self,
        actor: &Actor,
        id: UserId,
        reason: &str,
    ) -> Result<Person, Error> {
        let act = StateChange::new(UserState::Deactivated, "user.deactivate");
        self.switch_off(actor, id, StateChange { reason, ..act })
            .await
    }

    async fn switch_off(
        &self,
        actor: &Actor,
        id: UserId,
        act: StateChange<'_>,
    ) -> Result<Person, Error> {
        actor.require(Permission::UsersManage)?;
        let reason = parse::line("reason", act.reason, REASON_CHARS_MAX)?;
        self.check_rank(actor, id).await?;
        let mut unit = self.begin().await?;
        // Two administrators who switch each other off at once must not both succeed.
        unit.lock_setup().await?;
        let user = unit.find_user(id).await?.ok_or(Error::UserNotFound)?;
        if user.state == act.state {
            return Err(Error::UserStateConflict {
                state: act.state.as_str(),
            });
        }
        let act = StateChange {
            reason: &reason,
            ..act
        };
        self.set_state(actor, &mut unit, &user, act).await?;
        self.check_administrator_left(&mut unit).await?;
        unit.end_sessions_of_user(id, None).await?;
        self.commit(unit).await?;
        self.find_person(id).await
    }

    /// Lets a suspended or deactivated account in again.
    pub async fn reinstate_user(&self, actor: &Actor, id: UserId) -> Result<Person, Error> {
        actor.require(Permission::UsersManage)?;
        self.check_rank(actor, id).await?;
        let mut unit = self.begin().await?;
        let user = unit.find_user(id).await?.ok_or(Error::UserNotFound)?;
        require_state(&user, &[UserState::Suspended, UserState::Deactivated])?;
        let act = StateChange::new(UserState::Active, "user.reinstate");
        self.set_state(actor, &mut unit, &user, act).await?;
        self.commit(unit).await?;
        self.find_person(id).await
    }

    /// Ends a lock after wrong passwords.
    pub async fn unlock_user(&self, actor: &Actor, id: UserId) -> Result<Person, Error> {
        actor.require(Permission::UsersManage)?;
        let mut unit = self.begin().await?;
        let user = unit.find_user(id).await?.ok_or(Error::UserNotFound)?;
        unit.set_user_failures(id, 0, None).await?;
        unit.audit(self.act(actor, "user.unlock").on(id));
        self.commit(unit).await?;
        self.throttle.succeed(&super::throttle::Attempter::new(
            None,
            user.username.folded(),
        ));
        self.find_person(id).await
    }

    /// Gives a local account a new password and ends its sessions.
    pub async fn reset_password(
        &self,
        actor: &Actor,
        id: UserId,
        password: Secret<String>,
        is_change_required: bool,
    ) -> Result<(), Error> {
        actor.require(Permission::UsersManage)?;
        self.check_rank(actor, id).await?;
        let password = parse::password("new_password", password)?;
        let user = self.store.find_user(id).await?.ok_or(Error::UserNotFound)?;
        let credential = self.store.find_credential(id).await?;
        credential.ok_or(Error::PasswordNotLocal)?;
        let roles = self
            .standing(id)
            .await?
            .map(|known| known.roles.clone())
            .unwrap_or_default();
        let policy = self.snapshot().policy(&user.site, &roles);
        check_rules("new_password", &PasswordRules::of(&policy), &password, None)?;
        let password_hash = self.hasher.enter()?.hash(password.normalised()).await?;
        let mut unit = self.begin().await?;
        unit.set_password(id, &password_hash, is_change_required)
            .await?;
        unit.set_user_failures(id, 0, None).await?;
        unit.end_sessions_of_user(id, None).await?;
        unit.audit(self.act(actor, "password.reset").on(id));
        self.commit(unit).await
    }

    /// Changes what only administrators may change.
    pub async fn update_user(
        &self,
        actor: &Actor,
        id: UserId,
        patch: &ProfilePatch,
    ) -> Result<Person, Error> {
        actor.require(Permission::UsersManage)?;
        self.check_rank(actor, id).await?;
        let mut unit = self.begin().await?;
        let user = unit.find_user(id).await?.ok_or(Error::UserNotFound)?;
        let profile = patch.apply(&user)?;
        unit.set_profile(&user, &profile).await?;
        unit.change(Change::User(id));
        unit.audit(
            self.act(actor, "user.update")
                .on(id)
                .with("fields", patch.fields()),
        );
        self.commit(unit).await?;
        self.find_person(id).await
    }

    async fn set_state(
        &self,
        actor: &Actor,
        unit: &mut Unit,
        user: &User,
        act: StateChange<'_>,
    ) -> Result<(), Error> {
        let StateChange {
            state,
            action,
            reason,
        } = act;
        unit.set_user_state(user.id, state).await?;
        unit.change(Change::User(user.id));
        let mut entry = self.act(actor, action).on(user.id);
        entry = entry
            .with("before", user.state.as_str())
            .with("after", state.as_str());
        if !reason.is_empty() {
            entry = entry.with("reason", reason);
        }
        unit.audit(entry);
        Ok(())
    }

    /// Nobody lays hands on an account that may do more than their own.
    pub(crate) async fn check_rank(&self, actor: &Actor, target: UserId) -> Result<(), Error> {
        let roles = self
            .store
            .find_roles(&[target])
            .await?
            .remove(&target)
            .unwrap_or_default();
        let theirs: PermissionSet = self.snapshot().permissions(&roles);
        if actor.permissions.contains_all(theirs) {
            Ok(())
        } else {
            Err(Error::MoreRightsThanOwn)
        }
    }

    /// There has to be an active administrator, once there was one. Call it after the change and
    /// within a unit that holds [`Unit::lock_setup`].
    pub(crate) async fn check_administrator_left(&self, unit: &mut Unit) -> Result<(), Error> {
        let Some(role) = unit.find_builtin_role(ADMINISTRATOR).await? else {
            return Ok(());
        };
        if unit.count_role_holders(role).await? == 0 {
            return Err(Error::LastAdministrator);
        }
        Ok(())
    }
}

fn require_state(user: &User, allowed: &[UserState]) -> Result<(), Error> {
    if allowed.contains(&user.state) {
        return Ok(());
    }
    Err(Error::UserStateConflict {
        state: user.state.as_str(),
    })
}
