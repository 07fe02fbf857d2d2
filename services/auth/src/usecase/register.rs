//! Making one's own account, where the site's policy allows it. This is how step 6 of signing in
//! happens: a sign-in with an unknown name is the same as one with a wrong password, so an account
//! is made by saying so.

use im_policy::{Effective, Registration};
use im_types::{DisplayName, Secret, Username};

use super::throttle::Attempter;
use super::{App, Origin, parse};
use crate::Error;
use crate::domain::audit::NewAuditEntry;
use crate::domain::change::Change;
use crate::domain::login::{Refusal, SitePassword};
use crate::domain::password::{Password, PasswordRules};
use crate::domain::people::{NewUser, Person, UserState};
use crate::domain::site::LOCAL_STORE;
use crate::domain::token::hash_of;
use crate::store::Unit;

/// Data of a new account.
#[derive(Debug, Clone)]
pub struct RegisterCommand {
    /// The sign-in name.
    pub username: String,
    /// The password.
    pub password: Secret<String>,
    /// The username if empty.
    pub display_name: String,
    /// Needed where registration is by invite.
    pub invite_token: Secret<String>,
    /// The site's password.
    pub site_password: Secret<String>,
    /// Mail address, or empty.
    pub email: String,
}

/// A local account whose data are in order.
pub(super) struct LocalAccount {
    pub(super) user: NewUser,
    pub(super) password_hash: String,
    pub(super) is_change_required: bool,
}

impl App {
    /// Makes an account for somebody who has not signed in.
    pub async fn register(
        &self,
        origin: &Origin,
        command: RegisterCommand,
    ) -> Result<Person, Error> {
        let snapshot = self.snapshot();
        snapshot.site(&origin.site).ok_or(Error::SiteNotFound)?;
        let policy = snapshot.policy(&origin.site, &[]);
        let username = self.check_registration(origin, &command, &policy).await?;
        let password = parse::password("password", command.password)?;
        check_rules("password", &PasswordRules::of(&policy), &password, None)?;
        let display_name = parse::display_name(&command.display_name, &username)?;
        let email = parse::email(&command.email)?;
        if self.store.find_user_by_name(&username).await?.is_some() {
            return Err(Error::UsernameTaken);
        }
        let state = match policy.registration() {
            Registration::Approval => UserState::Waiting,
            Registration::Open | Registration::Invite | Registration::Closed => UserState::Active,
        };
        let account = self
            .local_account(
                origin,
                username,
                display_name,
                email,
                state,
                &password,
                false,
            )
            .await?;

        let mut unit = self.begin().await?;
        if policy.registration() == Registration::Invite {
            let token = command.invite_token.expose();
            if token.is_empty() || !unit.use_invite(&hash_of(token.as_bytes())).await? {
                return Err(Error::InviteRequired);
            }
        }
        self.insert_local_account(&mut unit, &account, &policy)
            .await?;
        let entry = NewAuditEntry::new("user.register")
            .by(account.user.id)
            .on(account.user.id);
        let entry = entry.from(&origin.site, origin.address_text());
        unit.audit(
            entry
                .with("username", account.user.username.as_str())
                .with("state", account.user.state.as_str()),
        );
        self.commit(unit).await?;
        self.throttle
            .charge_registration(origin.address, self.clock.now());
        self.find_person(account.user.id).await
    }

    /// Whether this client may make an account of this name here at all.
    async fn check_registration(
        &self,
        origin: &Origin,
        command: &RegisterCommand,
        policy: &Effective,
    ) -> Result<Username, Error> {
        if policy.maintenance() {
            return Err(Refusal::Maintenance.into());
        }
        let username = parse::username(&command.username)?;
        if self.is_banned(origin, username.folded(), None).await? {
            return Err(Refusal::Banned.into());
        }
        let now = self.clock.now();
        let attempter = Attempter::new(origin.address, "");
        let is_throttled = policy.throttle_enabled();
        let wait = if is_throttled {
            self.throttle.wait(&attempter, now).time
        } else {
            std::time::Duration::ZERO
        };
        let site_password =
            self.check_site_password(policy, &command.site_password, &attempter, wait);
        if site_password == SitePassword::WrongOrMissing {
            return Err(Refusal::SitePasswordRequired.into());
        }
        match policy.registration() {
            Registration::Closed => return Err(Error::RegistrationClosed),
            Registration::Invite if command.invite_token.expose().is_empty() => {
                return Err(Error::InviteRequired);
            }
            Registration::Invite | Registration::Approval | Registration::Open => {}
        }
        let wait = wait.max(self.throttle.registration_wait(origin.address, now));
        if is_throttled && !wait.is_zero() {
            return Err(Error::RegistrationThrottled { wait });
        }
        check_username(&username, policy)?;
        Ok(username)
    }

    /// Computes the password of an account to be made.
    #[expect(
        clippy::too_many_arguments,
        reason = "the data of an account, each of its own type"
    )]
    pub(super) async fn local_account(
        &self,
        origin: &Origin,
        username: Username,
        display_name: DisplayName,
        email: String,
        state: UserState,
        password: &Password,
        is_change_required: bool,
    ) -> Result<LocalAccount, Error> {
        let password_hash = self.hasher.enter()?.hash(password.normalised()).await?;
        let user = NewUser {
            id: self.ids.new_id(),
            username,
            display_name,
            email,
            state,
            site: origin.site.clone(),
            is_break_glass: false,
        };
        Ok(LocalAccount {
            user,
            password_hash,
            is_change_required,
        })
    }

    /// Stores a local account, within the limit of its site.
    pub(super) async fn insert_local_account(
        &self,
        unit: &mut Unit,
        account: &LocalAccount,
        policy: &Effective,
    ) -> Result<(), Error> {
        let LocalAccount {
            user,
            password_hash,
            is_change_required,
        } = account;
        let count = unit.lock_and_count_users(&user.site).await?;
        if !policy.users_max().allows(count + 1) {
            return Err(Refusal::SiteAccountsFull.into());
        }
        if !unit.insert_user(user).await? {
            return Err(Error::UsernameTaken);
        }
        unit.insert_identity(LOCAL_STORE, &user.id.to_string(), user.id)
            .await?;
        unit.set_password(user.id, password_hash, *is_change_required)
            .await?;
        unit.change(Change::User(user.id));
        Ok(())
    }
}

/// Whether a new account may have this name.
pub(super) fn check_username(username: &Username, policy: &Effective) -> Result<(), Error> {
    if username.is_reserved() {
        return Err(Error::UsernameReserved);
    }
    let length_min = policy.username_length_min();
    let chars = i64::try_from(username.as_str().chars().count()).unwrap_or(i64::MAX);
    if chars < length_min {
        let text = format!("the name has fewer than {length_min} characters");
        return Err(Error::invalid("username", text));
    }
    Ok(())
}

/// Refuses a password that breaks rules, naming all of them.
pub(super) fn check_rules(
    field: &'static str,
    rules: &PasswordRules,
    password: &Password,
    before: Option<&Password>,
) -> Result<(), Error> {
    let faults = rules.faults(password, before);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::PasswordTooWeak { field, faults })
    }
}
