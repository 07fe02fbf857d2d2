//! What a sign-in leaves behind that an identity store has said no to.

use im_policy::{Effective, Limit};
use im_types::UserId;

use super::App;
use super::chain::ChainAnswer;
use super::login::{Login, with_reason};
use crate::Error;
use crate::domain::audit::NewAuditEntry;
use crate::domain::login::{Refusal, lock_after_failure};
use crate::ports::IdentityStore;
use crate::store::Unit;

impl App {
    /// Step 5 has failed: counts what has to be counted. For unknown names the same is written as
    /// for known ones.
    pub(super) async fn refuse_wrong(
        &self,
        login: &Login<'_>,
        policy: &Effective,
        answer: &ChainAnswer,
        store: Option<&dyn IdentityStore>,
    ) -> Result<Error, Error> {
        let (cause, external_id) = match answer {
            ChainAnswer::Wrong { cause, external_id } => (*cause, external_id.as_deref()),
            _ => ("unknown", None),
        };
        if let (Some(store), Some(external_id)) = (store, external_id) {
            self.drop_shadow(store, external_id).await?;
        }
        let store_id = store.map_or("", |store| store.id());
        let now = self.clock.now();
        let password = login.password.normalised();
        let failure = self.throttle.fail(&login.attempter, &password, now);
        if failure.is_stuffing && policy.throttle_enabled() {
            tracing::warn!(
                client.address = %login.origin.address_text(),
                "an address tries a list of names and passwords; it is refused for a day"
            );
            self.write_audit(login.audit("login.stuffing_detected"))
                .await?;
        }
        if failure.is_new || !policy.throttle_enabled() {
            let is_counted = failure.is_new && cause == "mismatch";
            let user = match external_id.filter(|_| is_counted) {
                Some(external_id) => self.store.find_identity(store_id, external_id).await?,
                None => None,
            };
            let user = match user {
                Some(user) => self.store.find_user(user).await?,
                None => None,
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

    /// Stores that were asked in vain have said that they know nobody of the name.
    pub(super) async fn heed_absence(
        &self,
        login: &Login<'_>,
        decided: Option<&dyn IdentityStore>,
    ) -> Result<(), Error> {
        let stores = self.stores_of(&login.site);
        let asked = stores.iter().map(|store| &**store as &dyn IdentityStore);
        let absent = asked.take_while(|store| decided.is_none_or(|last| last.id() != store.id()));
        self.drop_shadows_of_login(absent, login.typed).await
    }

    /// The store cannot be asked: nothing is held against anybody.
    pub(super) async fn refuse_unavailable(
        &self,
        login: &Login<'_>,
        store: &dyn IdentityStore,
        class: &str,
    ) -> Result<Error, Error> {
        let entry = login.audit("login.store_unavailable");
        self.write_audit(entry.with("store", store.id()).with("class", class))
            .await?;
        Ok(Error::IdentityStoreUnavailable)
    }

    /// The right password of somebody who is barred in the store: whatever is open ends.
    pub(super) async fn refuse_barred(
        &self,
        login: &Login<'_>,
        store: &dyn IdentityStore,
        external_id: &str,
    ) -> Result<Error, Error> {
        self.throttle.succeed(&login.attempter);
        self.drop_shadow(store, external_id).await?;
        let known = self.store.find_identity(store.id(), external_id).await?;
        let mut unit = self.begin().await?;
        let mut entry = login.audit("login.refused").with("store", store.id());
        if let Some(user) = known {
            let ended = unit.end_sessions_of_user(user, None).await?;
            entry = entry.on(user).with("sessions_ended", ended);
        }
        unit.audit(with_reason(entry, &Refusal::Deactivated));
        self.commit(unit).await?;
        Ok(Refusal::Deactivated.into())
    }
}
