//! Signing in: the checks of behaviour §3, in their order.

use std::sync::Arc;
use std::time::Duration;

use im_policy::Effective;
use im_types::{DeviceId, Secret, SessionId, Username};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::time::{Instant, sleep_until};

use super::chain::{ChainAnswer, Decision};
use super::login_account::{Admitted, Proof};
use super::throttle::Attempter;
use super::{App, Origin, parse};
use crate::Error;
use crate::domain::audit::NewAuditEntry;
use crate::domain::login::{AtTheDoor, Refusal, SitePassword, at_the_door};
use crate::domain::password::Password;
use crate::domain::people::{Person, UserState, fold};
use crate::domain::site::{Site, Snapshot};

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
        use im_runtime::error::ServiceError as _;
        let mut kind = "none";
        let answer = self.try_login(origin, command, &mut kind).await;
        let outcome = answer.as_ref().map_or_else(Error::reason, |_| "OK");
        self.metrics.login(outcome, kind);
        answer
    }

    /// `kind` becomes that of the store that decided, if one did.
    async fn try_login(
        &self,
        origin: &Origin,
        command: LoginCommand,
        kind: &mut &'static str,
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
        let Decision { answer, store } = self
            .ask_stores(&login.site, login.typed, &login.password, &slot)
            .await;
        if let Some(store) = &store {
            *kind = store.kind().as_str();
        }
        self.heed_absence(&login, store.as_deref()).await?;
        let proof = match (answer, &store) {
            (ChainAnswer::Known(found), Some(store)) => Proof {
                shadow: self.new_shadow(&login, &**store, &found, &slot).await?,
                found,
                is_shadow: false,
            },
            (ChainAnswer::Unavailable { class }, Some(store)) => {
                match self.ask_shadow(&login, &**store, &slot).await? {
                    Some(proof) => proof,
                    None => return Err(self.refuse_unavailable(&login, &**store, class).await?),
                }
            }
            (ChainAnswer::Disabled { external_id }, Some(store)) => {
                return Err(self.refuse_barred(&login, &**store, &external_id).await?);
            }
            (answer, store) => {
                drop(slot);
                let refusal = self
                    .refuse_wrong(&login, &policy, &answer, store.as_deref())
                    .await?;
                sleep_until(next_step(begun)).await;
                return Err(refusal);
            }
        };
        drop(slot);
        let store = store.ok_or(Error::Stopping)?;
        let admitted = self.admit(&login, &*store, proof).await?;
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
        let wait = policy
            .throttle_enabled()
            .then(|| self.throttle.wait(&login.attempter, now));
        let throttle_wait = wait.map_or(Duration::ZERO, |wait| wait.time);
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
                if let (Refusal::Throttled { .. }, Some(wait)) = (&refusal, wait) {
                    self.metrics.throttled(wait.cause);
                }
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
