//! The identity store of accounts that have their password here.

use im_types::Username;

use crate::Error;
use crate::crypto::PasswordHasher;
use crate::domain::credential::Credential;
use crate::domain::identity_store::{StoreKind, StoreTerms};
use crate::domain::password::Password;
use crate::domain::site::LOCAL_STORE;
use crate::ports::{Answer, Attempt, BoxFuture, IdentityStore, Match, Sighting, StoreCheck};
use crate::store::SqlStore;

/// Local accounts, by name. Their id here is the account's own.
#[derive(Debug)]
pub struct LocalStore {
    store: SqlStore,
    hasher: PasswordHasher,
    terms: StoreTerms,
}

impl LocalStore {
    /// The local accounts of a database.
    pub fn new(store: SqlStore, hasher: PasswordHasher) -> Self {
        let terms = StoreTerms::default();
        Self {
            store,
            hasher,
            terms,
        }
    }

    async fn answer(&self, attempt: &Attempt<'_>) -> Result<Answer, Error> {
        let Some(username) = attempt.username else {
            return Ok(Answer::Absent);
        };
        let Some(credential) = self.store.find_credential_by_name(username).await? else {
            return Ok(Answer::Absent);
        };
        let password = Password::parse(attempt.password.clone())
            .map_err(|error| Error::invalid("password", error))?;
        let hash = &credential.password_hash;
        if !attempt.slot.verify(password.normalised(), hash).await? {
            return Ok(Answer::Mismatch {
                external_id: credential.user_id.to_string(),
            });
        }
        if self.hasher.is_outdated(hash) {
            self.rehash(&credential, &password, attempt).await;
        }
        Ok(Answer::Match(Match {
            external_id: credential.user_id.to_string(),
            username: username.as_str().to_owned(),
            is_password_expired: credential.is_change_required,
            ..Match::default()
        }))
    }

    /// Only now the password is known, so now its hash gets the parameters of today. It is not
    /// worth failing a sign-in for.
    async fn rehash(&self, credential: &Credential, password: &Password, attempt: &Attempt<'_>) {
        let renewed = async {
            let after = attempt.slot.hash(password.normalised()).await?;
            let before = &credential.password_hash;
            self.store
                .rehash_password(credential.user_id, before, &after)
                .await?;
            Ok::<(), Error>(())
        };
        if let Err(error) = renewed.await {
            tracing::warn!(%error, "a password hash keeps its old parameters");
        }
    }
}

impl IdentityStore for LocalStore {
    fn id(&self) -> &str {
        LOCAL_STORE
    }

    fn verify<'a>(&'a self, attempt: &'a Attempt<'a>) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            self.answer(attempt).await.unwrap_or_else(|error| {
                tracing::error!(%error, "the local store cannot be asked");
                Answer::Unavailable { class: "database" }
            })
        })
    }

    fn kind(&self) -> StoreKind {
        StoreKind::Local
    }

    fn terms(&self) -> &StoreTerms {
        &self.terms
    }

    fn burn<'a>(&'a self, attempt: &'a Attempt<'a>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Ok(password) = Password::parse(attempt.password.clone()) else {
                return;
            };
            if let Err(error) = attempt.slot.verify_nobody(password.normalised()).await {
                tracing::error!(%error, "a password of nobody cannot be computed");
            }
        })
    }

    fn look_up<'a>(&'a self, login: &'a str) -> BoxFuture<'a, Sighting> {
        Box::pin(async move {
            let Ok(username) = Username::parse(login) else {
                return Sighting::Absent;
            };
            match self.store.find_credential_by_name(&username).await {
                Ok(None) => Sighting::Absent,
                Ok(Some(credential)) => Sighting::Found {
                    external_id: credential.user_id.to_string(),
                    login: username.as_str().to_owned(),
                    is_active: true,
                },
                Err(error) => {
                    tracing::error!(%error, "the local store cannot be asked");
                    Sighting::Unavailable { class: "database" }
                }
            }
        })
    }

    fn check(&self) -> BoxFuture<'_, StoreCheck> {
        // It is the server's own database; whether that works, readiness says.
        Box::pin(async { StoreCheck::default() })
    }
}
