//! Signing in while an identity store is away (behaviour §4.8).
//!
//! A verifier of our own is made at a sign-in that the store agreed to, and stands in only when the
//! store cannot be asked. Whatever the store says against it removes it.

use im_types::{RoleId, UserId};

use super::login::Login;
use super::login_account::Proof;
use super::{App, Origin};
use crate::Error;
use crate::crypto::HashSlot;
use crate::domain::audit::NewAuditEntry;
use crate::domain::identity_store::StoreTerms;
use crate::domain::people::fold;
use crate::domain::session::Session;
use crate::ports::{IdentityStore, Match, Sighting};
use crate::store::{Shadow, ShadowRow};

impl App {
    /// Whether verifiers of our own may stand in for somebody with these roles.
    pub(super) fn may_use_shadow(&self, terms: &StoreTerms, roles: &[RoleId]) -> bool {
        let is_administrator = self
            .snapshot()
            .administrator()
            .is_some_and(|role| roles.contains(&role));
        terms
            .shadow
            .is_some_and(|shadow| shadow.for_administrators || !is_administrator)
    }

    /// The verifier to be kept for a person to whom the store has just agreed. A password is
    /// computed only if what the store keeps has changed since the last time.
    pub(super) async fn new_shadow(
        &self,
        login: &Login<'_>,
        store: &dyn IdentityStore,
        found: &Match,
        slot: &HashSlot,
    ) -> Result<Option<Shadow>, Error> {
        let Some(terms) = store.terms().shadow else {
            return Ok(None);
        };
        let kept = self
            .store
            .find_shadow(store.id(), &found.external_id)
            .await?
            .filter(|kept| !kept.fingerprint.is_empty() && kept.fingerprint == found.fingerprint);
        let password_hash = match kept {
            Some(kept) => kept.password_hash,
            None => slot.hash(login.password.normalised()).await?,
        };
        Ok(Some(Shadow {
            store_id: store.id().to_owned(),
            login_folded: fold(login.typed),
            row: ShadowRow {
                external_id: found.external_id.clone(),
                password_hash,
                fingerprint: found.fingerprint.clone(),
                username: found.username.clone(),
                expires_at: self.clock.now().saturating_add(terms.max_age),
            },
        }))
    }

    /// Asks the verifier of our own because the store is away. One password is computed whether
    /// there is one or not. `None` is not "wrong": the store was not asked.
    pub(super) async fn ask_shadow(
        &self,
        login: &Login<'_>,
        store: &dyn IdentityStore,
        slot: &HashSlot,
    ) -> Result<Option<Proof>, Error> {
        if store.terms().shadow.is_none() {
            return Ok(None);
        }
        let now = self.clock.now();
        let kept = self
            .store
            .find_shadow_of_login(store.id(), &fold(login.typed), now)
            .await?;
        let password = login.password.normalised();
        let Some(kept) = kept else {
            slot.verify_nobody(password).await?;
            return Ok(None);
        };
        if !slot.verify(password.clone(), &kept.password_hash).await? {
            // No strike against the account, but guessing is as slow as elsewhere.
            self.throttle.fail(&login.attempter, &password, now);
            return Ok(None);
        }
        Ok(Some(Proof {
            found: Match {
                external_id: kept.external_id,
                username: kept.username,
                ..Match::default()
            },
            shadow: None,
            is_shadow: true,
        }))
    }

    /// The account that a verifier of our own is about. It makes none.
    pub(super) async fn account_of_shadow(
        &self,
        store: &dyn IdentityStore,
        found: &Match,
    ) -> Result<UserId, Error> {
        let known = self
            .store
            .find_identity(store.id(), &found.external_id)
            .await?;
        known.ok_or(Error::IdentityStoreUnavailable)
    }

    /// The store has said something against a person: the verifier goes.
    pub(super) async fn drop_shadow(
        &self,
        store: &dyn IdentityStore,
        external_id: &str,
    ) -> Result<(), Error> {
        if store.terms().shadow.is_some() {
            self.store.delete_shadow(store.id(), external_id).await?;
        }
        Ok(())
    }

    /// Stores have said that they know nobody of a name.
    pub(super) async fn drop_shadows_of_login(
        &self,
        stores: impl Iterator<Item = &dyn IdentityStore>,
        typed: &str,
    ) -> Result<(), Error> {
        for store in stores.filter(|store| store.terms().shadow.is_some()) {
            self.store
                .delete_shadows_of_login(store.id(), &fold(typed))
                .await?;
        }
        Ok(())
    }

    /// A session that a verifier opened is renewed: if the store can be asked again, it has the
    /// last word. `false` if the session is over.
    pub(super) async fn recheck_shadow(
        &self,
        origin: &Origin,
        session: &Session,
    ) -> Result<bool, Error> {
        let Some((store_id, login)) = self.store.find_session_shadow(session.id).await? else {
            return Ok(true);
        };
        let sighting = match self.store_of(&store_id) {
            Some(store) => store.look_up(&login).await,
            None => Sighting::Absent,
        };
        let agrees = match sighting {
            Sighting::Unavailable { .. } => return Ok(true),
            Sighting::Absent | Sighting::Ambiguous => false,
            Sighting::Found {
                external_id,
                is_active,
                ..
            } => {
                let owner = self.store.find_identity(&store_id, &external_id).await?;
                is_active && owner == Some(session.user_id)
            }
        };
        self.settle_shadow(origin, session, &store_id, agrees)
            .await?;
        Ok(agrees)
    }

    async fn settle_shadow(
        &self,
        origin: &Origin,
        session: &Session,
        store_id: &str,
        agrees: bool,
    ) -> Result<(), Error> {
        let mut unit = self.begin().await?;
        if agrees {
            unit.set_session_shadow(session.id, "", "").await?;
        } else {
            unit.end_session(session.id).await?;
            let entry = NewAuditEntry::new("session.shadow_ended").on(session.user_id);
            let entry = entry.from(&origin.site, origin.address_text());
            unit.audit(entry.with("store", store_id).with("session", session.id));
        }
        self.commit(unit).await
    }
}
