//! The user table of another application as an identity store.

use std::sync::Arc;

use im_auth_stores::{Class, Lookup, Person, SqlStore};
use im_types::Secret;

use super::report::{self, word};
use super::sighting;
use crate::crypto::Sealer;
use crate::domain::identity_store::{IdentityStore as IdentityStoreConfig, StoreKind, StoreTerms};
use crate::ports::{Answer, Attempt, BoxFuture, IdentityStore, Match, Sighting, StoreCheck};

/// A database.
pub(super) struct SqlConnector {
    config: IdentityStoreConfig,
    store: Arc<SqlStore>,
    tells_groups: bool,
    sealer: Arc<Sealer>,
}

/// What a check of a password has come to.
enum Checked {
    Match,
    Mismatch,
    Unsupported,
}

impl SqlConnector {
    pub(super) fn new(
        config: IdentityStoreConfig,
        store: SqlStore,
        tells_groups: bool,
        sealer: Arc<Sealer>,
    ) -> Self {
        Self {
            config,
            store: Arc::new(store),
            tells_groups,
            sealer,
        }
    }

    async fn answer(&self, attempt: &Attempt<'_>) -> Answer {
        let person = match self.find(attempt.login).await {
            Ok(person) => person,
            Err(answer) => return answer,
        };
        let external_id = person.external_id.as_str().to_owned();
        match self.check_password(&person, attempt).await {
            Some(Checked::Match) if !person.is_active => Answer::Disabled { external_id },
            Some(Checked::Match) => Answer::Match(self.matched(*person)),
            Some(Checked::Mismatch) => Answer::Mismatch { external_id },
            Some(Checked::Unsupported) => Answer::UnsupportedHash,
            None => Answer::Unavailable { class: "stopping" },
        }
    }

    async fn find(&self, login: &str) -> Result<Box<Person>, Answer> {
        match self.store.find(login).await {
            Lookup::Found(person) => Ok(person),
            Lookup::Absent => Err(Answer::Absent),
            Lookup::Ambiguous => {
                tracing::warn!(store.id = %self.config.id, "several people have the name typed");
                Err(Answer::Ambiguous)
            }
            Lookup::Unavailable(class) => Err(Answer::Unavailable {
                class: self.unavailable(&class),
            }),
        }
    }

    fn unavailable(&self, class: &Class) -> &'static str {
        tracing::warn!(store.id = %self.config.id, error = %class, "an identity store cannot be asked");
        word(class)
    }

    /// On a core of the hash pool; `None` only while the process stops.
    async fn check_password(&self, person: &Person, attempt: &Attempt<'_>) -> Option<Checked> {
        use im_auth_schemes::Verdict;
        let (store, row) = (Arc::clone(&self.store), person.row.clone());
        let password = bytes(attempt.password);
        let verdict = attempt.slot.compute_foreign(move || {
            let verdict = store.rule().verify(&row, &password);
            if verdict == Verdict::NoPassword {
                store.rule().burn(&password);
            }
            verdict
        });
        let verdict = verdict.await.ok()?;
        Some(match verdict {
            Verdict::Match { .. } => Checked::Match,
            Verdict::Mismatch | Verdict::NoPassword => Checked::Mismatch,
            Verdict::Unsupported { reason } => {
                let id = self.config.id.as_str();
                tracing::warn!(store.id = id, %reason, "a stored password cannot be checked");
                Checked::Unsupported
            }
            Verdict::TooCostly { scheme, work } => {
                let id = self.config.id.as_str();
                tracing::warn!(store.id = id, %scheme, ?work, "a stored password costs too much");
                Checked::Unsupported
            }
        })
    }

    fn matched(&self, person: Person) -> Match {
        use im_auth_schemes::Row as _;
        let columns = self.store.rule().columns().iter();
        let kept: Vec<_> = columns
            .map(|column| person.row.get(&column.name).unwrap_or_default())
            .collect();
        let fingerprint = self.sealer.fingerprint(kept.iter().map(|value| &**value));
        Match {
            external_id: person.external_id.as_str().to_owned(),
            username: person.login,
            attributes: person.attributes.into_iter().collect(),
            groups: self.tells_groups.then_some(person.groups),
            is_password_expired: false,
            fingerprint,
        }
    }
}

fn bytes(password: &Secret<String>) -> Secret<Vec<u8>> {
    Secret::new(password.expose().as_bytes().to_vec())
}

impl IdentityStore for SqlConnector {
    fn id(&self) -> &str {
        &self.config.id
    }

    fn kind(&self) -> StoreKind {
        StoreKind::Sql
    }

    fn terms(&self) -> &StoreTerms {
        &self.config.terms
    }

    fn verify<'a>(&'a self, attempt: &'a Attempt<'a>) -> BoxFuture<'a, Answer> {
        Box::pin(self.answer(attempt))
    }

    fn burn<'a>(&'a self, attempt: &'a Attempt<'a>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let (store, password) = (Arc::clone(&self.store), bytes(attempt.password));
            let burnt = attempt
                .slot
                .compute_foreign(move || store.rule().burn(&password));
            if let Err(error) = burnt.await {
                tracing::error!(%error, "a password of nobody cannot be computed");
            }
        })
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
