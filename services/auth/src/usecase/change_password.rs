//! Replacing one's own password.

use std::time::Duration;

use im_types::Secret;

use super::register::check_rules;
use super::throttle::Attempter;
use super::{Actor, App, parse};
use crate::Error;
use crate::domain::audit::NewAuditEntry;
use crate::domain::login::Refusal;
use crate::domain::password::PasswordRules;

impl App {
    /// Replaces the caller's password and ends all the caller's other sessions. The session that
    /// asks can do everything again with its next access token.
    pub async fn change_password(
        &self,
        actor: &Actor,
        old: Secret<String>,
        new: Secret<String>,
    ) -> Result<(), Error> {
        let old = parse::password("old_password", old)?;
        let new = parse::password("new_password", new)?;
        let policy = self.snapshot().policy(&actor.origin.site, &actor.roles);
        let user = self
            .store
            .find_user(actor.user_id)
            .await?
            .ok_or(Error::UserNotFound)?;
        let credential = self.store.find_credential(actor.user_id).await?;
        let credential = credential.ok_or(Error::PasswordNotLocal)?;
        let now = self.clock.now();
        let who = Attempter::new(actor.origin.address, user.username.folded());
        let wait = self.throttle.wait(&who, now);
        if policy.throttle_enabled() && wait.time > Duration::ZERO {
            self.metrics.throttled(wait.cause);
            return Err(Refusal::Throttled { wait: wait.time }.into());
        }
        let slot = self.hasher.enter()?;
        if !slot
            .verify(old.normalised(), &credential.password_hash)
            .await?
        {
            self.throttle.fail(&who, &old.normalised(), now);
            let entry = NewAuditEntry::new("password.change_failed");
            let entry = entry.by(actor.user_id).on(actor.user_id);
            self.write_audit(entry.from(&actor.origin.site, actor.origin.address_text()))
                .await?;
            return Err(Error::OldPasswordWrong);
        }
        check_rules(
            "new_password",
            &PasswordRules::of(&policy),
            &new,
            Some(&old),
        )?;
        let password_hash = slot.hash(new.normalised()).await?;
        drop(slot);

        let mut unit = self.begin().await?;
        unit.set_password(actor.user_id, &password_hash, false)
            .await?;
        let ended = unit
            .end_sessions_of_user(actor.user_id, Some(actor.session_id))
            .await?;
        unit.lift_session(actor.session_id).await?;
        let entry = NewAuditEntry::new("password.change")
            .by(actor.user_id)
            .on(actor.user_id);
        let entry = entry.from(&actor.origin.site, actor.origin.address_text());
        unit.audit(entry.with("sessions_ended", ended));
        self.commit(unit).await
    }
}
