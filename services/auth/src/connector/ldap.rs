//! A directory as an identity store. Passwords are checked there, so nothing is computed here.

use im_auth_stores::{LdapStore, Lookup, Person, Verified};

use super::report::{self, word};
use super::sighting;
use crate::domain::identity_store::{IdentityStore as IdentityStoreConfig, StoreKind, StoreTerms};
use crate::ports::{Answer, Attempt, BoxFuture, IdentityStore, Match, Sighting, StoreCheck};

/// A directory.
pub(super) struct LdapConnector {
    config: IdentityStoreConfig,
    store: LdapStore,
    tells_groups: bool,
}

impl LdapConnector {
    pub(super) const fn new(
        config: IdentityStoreConfig,
        store: LdapStore,
        tells_groups: bool,
    ) -> Self {
        Self {
            config,
            store,
            tells_groups,
        }
    }

    fn unavailable(&self, class: &im_auth_stores::Class) -> &'static str {
        tracing::warn!(store.id = %self.config.id, error = %class, "a directory cannot be asked");
        word(class)
    }

    async fn answer(&self, attempt: &Attempt<'_>) -> Answer {
        let person = match self.store.find(attempt.login).await {
            Lookup::Found(person) => person,
            Lookup::Absent => return Answer::Absent,
            Lookup::Ambiguous => return Answer::Ambiguous,
            Lookup::Unavailable(class) => {
                return Answer::Unavailable {
                    class: self.unavailable(&class),
                };
            }
        };
        let external_id = person.external_id.as_str().to_owned();
        match self.store.verify(&person, attempt.password).await {
            Verified::Match {
                is_password_expired,
            } => Answer::Match(self.matched(*person, is_password_expired)),
            Verified::Mismatch { is_locked } => {
                if is_locked {
                    let id = self.config.id.as_str();
                    tracing::info!(store.id = id, "an account is locked in its directory");
                }
                Answer::Mismatch { external_id }
            }
            Verified::Disabled => Answer::Disabled { external_id },
            Verified::Unavailable(class) => Answer::Unavailable {
                class: self.unavailable(&class),
            },
        }
    }

    fn matched(&self, person: Person, is_password_expired: bool) -> Match {
        Match {
            external_id: person.external_id.as_str().to_owned(),
            username: person.login,
            attributes: person.attributes.into_iter().collect(),
            groups: self.tells_groups.then_some(person.groups),
            is_password_expired,
            // A directory does not show what it keeps.
            fingerprint: Vec::new(),
        }
    }
}

impl IdentityStore for LdapConnector {
    fn id(&self) -> &str {
        &self.config.id
    }

    fn kind(&self) -> StoreKind {
        StoreKind::Ldap
    }

    fn terms(&self) -> &StoreTerms {
        &self.config.terms
    }

    fn verify<'a>(&'a self, attempt: &'a Attempt<'a>) -> BoxFuture<'a, Answer> {
        Box::pin(self.answer(attempt))
    }

    fn burn<'a>(&'a self, _attempt: &'a Attempt<'a>) -> BoxFuture<'a, ()> {
        Box::pin(self.store.burn())
    }

    fn look_up<'a>(&'a self, login: &'a str) -> BoxFuture<'a, Sighting> {
        Box::pin(async move {
            let found = self.store.find(login).await;
            sighting(found, |class| self.unavailable(class))
        })
    }

    fn check(&self) -> BoxFuture<'_, StoreCheck> {
        Box::pin(async move { report::steps(&self.store.check().await) })
    }
}
