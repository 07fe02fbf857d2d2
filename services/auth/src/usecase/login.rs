//! Signing in: the checks of behaviour §3, in their order.

use std::sync::Arc;
use std::time::Duration;

use im_policy::{Effective, Limit};
use im_types::{DeviceId, Secret, SessionId, UserId, Username};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::time::{Instant, sleep_until};

use super::chain::ChainAnswer;
use super::login_account::Admitted;
use super::throttle::Attempter;
use super::{App, Origin, parse};
use crate::Error;
use crate::domain::audit::NewAuditEntry;
use crate::domain::login::{AtTheDoor, Refusal, SitePassword, at_the_door, lock_after_failure};
use crate::domain::password::Password;
use crate::domain::people::{Person, User, UserState, fold};
use crate::domain::site::{Site, Snapshot};
use crate::store::Unit;

/// "Wrong" is answered only at multiples of this after the beginning: an account that exists has
/// its counter written, which takes a little longer than writing nothing.
const WRONG_ANSWER_STEP: Duration = Duration::from_millis(20);
/// Longest login name that a store is asked about, in bytes.
const LOGIN_BYTES_MAX: usize = 320;

/// Who wants to get in.
#[derive(Debug, Clone)]
pub struct LoginCommand {
    /// The sign-in name.
    pub username: String,
    /// The password.
    pub password: Secret<String>,
    /// What an earlier sign-in on this device answered.
    pub device_id: String,
    /// What the device is called.
    pub device_name: String,
    /// The site's password.
    pub site_password: Secret<String>,
}

/// An open session.
#[derive(Debug)]
pub struct LoginAnswer {
    /// For `authorization: Bearer`.
    pub access_token: Secret<String>,
    /// For the renewal, once.
    pub refresh_token: Secret<String>,
    /// Life of the access token, in seconds.
    pub expires_in_s: u32,
    /// Who signed in.
    pub person: Person,
    /// The session.
    pub session_id: SessionId,
    /// The device.
    pub device_id: DeviceId,
    /// The session can only change the password.
    pub is_password_only: bool,
}

/// A sign-in on its way through the checks.
pub(super) struct Login<'a> {
    pub(super) origin: &'a Origin,
    pub(super) site: Site,
    pub(super) snapshot: Arc<Snapshot>,
    /// As typed, without spaces around.
    pub(super) typed: &'a str,
    /// Under which the account is throttled and banned.
    pub(super) folded: String,
    pub(super) password: Password,
    pub(super) device_id: Option<DeviceId>,
    pub(super) device_name: &'a str,
    pub(super) attempter: Attempter,
}

impl Login<'_> {
    /// An audit entry about the sign-in: the name as typed and where it came from.
    pub(super) fn audit(&self, action: &'static str) -> NewAuditEntry {
        NewAuditEntry::new(action)
            .from(&self.origin.site, self.origin.address_text())
            .with("username", self.typed)
    }
}

impl App {
    /// Signs somebody in.
    pub async fn login(
        &self,
        origin: &Origin,
        command: LoginCommand,
    ) -> Result<LoginAnswer, Error> {
        let snapshot = self.snapshot();
        let site = snapshot
            .site(&origin.site)
            .cloned()
            .ok_or(Error::SiteNotFound)?;
        let policy = snapshot.policy(&origin.site, &[]);
        let typed = command.username.trim();
        if typed.is_empty() {
            return Err(Error::invalid("username", "has to have 1 to 320 bytes"));
        }
        parse::sought("username", typed, LOGIN_BYTES_MAX)?;
        let folded = Username::parse(typed)
            .map_or_else(|_| fold(typed), |username| username.folded().to_owned());
        let login = Login {
            attempter: Attempter::new(origin.address, &folded),
            password: parse::password("password", command.password)?,
            device_id: DeviceId::parse(&command.device_id).ok(),
            device_name: &command.device_name,
            origin,
            site,
            snapshot,
            typed,
            folded,
        };
        self.check_door(&login, &policy, &command.site_password)
            .await?;
        let begun = Instant::now();
        let slot = self.hasher.enter()?;
        let answer = self
            .ask_stores(&login.site, login.typed, &login.password, &slot)
            .await?;
        drop(slot);
        let admitted = match answer {
            ChainAnswer::Known { store_id, found } => self.admit(&login, &store_id, found).await?,
            ChainAnswer::Wrong { cause, store_id } => {
                let refusal = self.refuse_wrong(&login, &policy, cause, &store_id).await?;
                sleep_until(next_step(begun)).await;
                return Err(refusal);
            }
            ChainAnswer::Disabled { store_id } => {
                self.throttle.succeed(&login.attempter);
                return Err(self.refuse(&login, Refusal::Deactivated, &store_id).await?);
            }
            ChainAnswer::Unavailable { store_id } => {
                let entry = login.audit("login.store_unavailable");
                self.write_audit(entry.with("store", store_id)).await?;
                return Err(Error::IdentityStoreUnavailable);
            }
        };
        self.answer(admitted)
    }

    fn answer(&self, admitted: Admitted) -> Result<LoginAnswer, Error> {
        let Admitted {
            person,
            session,
            refresh_token,
        } = admitted;
        Ok(LoginAnswer {
            access_token: self.issue_access_token(&session)?,
            refresh_token: refresh_token.to_text(),
            expires_in_s: self.settings.access_token_s,
            person,
            session_id: session.id,
            device_id: session.device_id,
            is_password_only: session.is_password_only,
        })
    }

    /// Steps 1 to 4.
    async fn check_door(
        &self,
        login: &Login<'_>,
        policy: &Effective,
        site_password: &Secret<String>,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let is_maintenance = policy.maintenance();
        let throttle_wait = if policy.throttle_enabled() {
            self.throttle.wait(&login.attempter, now)
        } else {
            Duration::ZERO
        };
        let facts = AtTheDoor {
            is_maintenance,
            is_administrator: is_maintenance && self.is_administrator(login).await?,
            is_banned: self
                .is_banned(login.origin, &login.folded, login.device_id)
                .await?,
            site_password: self.check_site_password(
                policy,
                site_password,
                &login.attempter,
                throttle_wait,
            ),
            throttle_wait,
        };
        match at_the_door(&facts) {
            Ok(()) => Ok(()),
            Err(refusal) => {
                if self.throttle.is_news(&login.attempter) {
                    let entry = login.audit("login.refused");
                    self.write_audit(with_reason(entry, &refusal)).await?;
                }
                Err(refusal.into())
            }
        }
    }

    /// The site's own password. Whoever has to wait is told so without a look at it, or it could
    /// be guessed while waiting.
    pub(super) fn check_site_password(
        &self,
        policy: &Effective,
        given: &Secret<String>,
        attempter: &Attempter,
        wait: Duration,
    ) -> SitePassword {
        let Some(wanted) = policy.site_password() else {
            return SitePassword::NotNeeded;
        };
        if given.expose().is_empty() {
            return SitePassword::WrongOrMissing;
        }
        if !wait.is_zero() {
            return SitePassword::Right;
        }
        let digest = |text: &Secret<String>| Sha256::digest(text.expose().as_bytes());
        if digest(wanted).ct_eq(&digest(given)).into() {
            return SitePassword::Right;
        }
        self.throttle.charge_address(attempter, self.clock.now());
        SitePassword::WrongOrMissing
    }

    /// Whether the name is that of an active administrator. Only asked during maintenance.
    async fn is_administrator(&self, login: &Login<'_>) -> Result<bool, Error> {
        let Ok(username) = Username::parse(login.typed) else {
            return Ok(false);
        };
        let Some(user) = self.store.find_user_by_name(&username).await? else {
            return Ok(false);
        };
        let Some(standing) = self.standing(user.id).await? else {
            return Ok(false);
        };
        let role = login.snapshot.administrator();
        Ok(user.state == UserState::Active && role.is_some_and(|r| standing.roles.contains(&r)))
    }

    /// Step 5 has failed: counts what has to be counted. For unknown names the same is written as
    /// for known ones.
    async fn refuse_wrong(
        &self,
        login: &Login<'_>,
        policy: &Effective,
        cause: &str,
        store_id: &str,
    ) -> Result<Error, Error> {
        let now = self.clock.now();
        let password = login.password.normalised();
        let counts = self.throttle.fail(&login.attempter, &password, now);
        if counts || !policy.throttle_enabled() {
            let is_counted = counts && cause == "mismatch";
            let user = if is_counted {
                self.find_named(login).await?
            } else {
                None
            };
            let policy = match &user {
                Some(user) => {
                    let standing = self.standing(user.id).await?;
                    let roles = standing
                        .map(|known| known.roles.clone())
                        .unwrap_or_default();
                    login.snapshot.policy(&login.origin.site, &roles)
                }
                None => policy.clone(),
            };
            let mut unit = self.begin().await?;
            let mut entry = login.audit("login.failed");
            entry = entry.with("cause", cause).with("store", store_id);
            if let Some(user) = user {
                entry = self
                    .count_failure(&mut unit, user.id, &policy, entry)
                    .await?;
            }
            unit.audit(entry);
            self.commit(unit).await?;
        }
        Ok(Refusal::InvalidCredentials.into())
    }

    /// The counter of the account, and the lock when it is full.
    async fn count_failure(
        &self,
        unit: &mut Unit,
        user: UserId,
        policy: &Effective,
        mut entry: NewAuditEntry,
    ) -> Result<NewAuditEntry, Error> {
        let Some(user) = unit.find_user(user).await? else {
            return Ok(entry);
        };
        let now = unit.now();
        let failures_max = match policy.max_password_failures() {
            Limit::Unlimited => None,
            Limit::AtMost(max) => Some(max),
        };
        // A lock that has ended starts the count anew.
        let has_ended = user.locked_until.is_some_and(|until| until <= now);
        let before = if has_ended { 0 } else { user.failure_count };
        let lock = policy.lock_duration_minutes();
        let (failures, until) = lock_after_failure(before, failures_max, lock, now);
        // The break-glass administrator is slowed down, never locked.
        let until = until.filter(|_| !user.is_break_glass);
        let until = user.locked_until.filter(|old| *old > now).max(until);
        unit.set_user_failures(user.id, failures, until).await?;
        entry = entry.on(user.id).with("failures", failures);
        if until.is_some() {
            entry = entry.with("locked", "true");
        }
        Ok(entry)
    }

    async fn find_named(&self, login: &Login<'_>) -> Result<Option<User>, Error> {
        let Ok(username) = Username::parse(login.typed) else {
            return Ok(None);
        };
        Ok(self.store.find_user_by_name(&username).await?)
    }

    /// Writes a refusal down.
    pub(super) async fn refuse(
        &self,
        login: &Login<'_>,
        refusal: Refusal,
        store_id: &str,
    ) -> Result<Error, Error> {
        let entry = with_reason(login.audit("login.refused"), &refusal);
        self.write_audit(entry.with("store", store_id)).await?;
        Ok(refusal.into())
    }

    /// An audit entry in a unit of its own.
    pub(super) async fn write_audit(&self, entry: NewAuditEntry) -> Result<(), Error> {
        let mut unit = self.begin().await?;
        unit.audit(entry);
        self.commit(unit).await
    }
}

/// The next multiple of [`WRONG_ANSWER_STEP`] after `begun`.
fn next_step(begun: Instant) -> Instant {
    let steps = begun.elapsed().as_millis() / WRONG_ANSWER_STEP.as_millis() + 1;
    begun + WRONG_ANSWER_STEP * u32::try_from(steps).unwrap_or(u32::MAX)
}

/// The entry with the reason of a refusal, and of a disabled account its state.
pub(super) fn with_reason(entry: NewAuditEntry, refusal: &Refusal) -> NewAuditEntry {
    use im_runtime::error::ServiceError as _;
    let entry = entry.with("reason", Error::Refused(refusal.clone()).reason());
    match refusal.state() {
        Some(state) => entry.with("state", state.as_str()),
        None => entry,
    }
}
