//! Trying an identity store out before people sign in through it.

use im_policy::{Effective, Permission};
use im_types::{Secret, Username};
use tokio::time::Instant;

use super::super::{Actor, App, parse};
use super::act;
use crate::Error;
use crate::domain::identity_store::{ConflictRule, handle_of};
use crate::ports::{Answer, Attempt, CheckStep, IdentityStore, Match, Sighting, StoreCheck};

const LOGIN_BYTES_MAX: usize = 320;

/// What to try.
#[derive(Debug, Clone, Default)]
pub struct StoreTestCommand {
    /// Which store.
    pub store_id: String,
    /// Whom to look for, or nobody.
    pub login: String,
    /// The password to check, or none.
    pub password: Secret<String>,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct StoreTest {
    /// Steps, and forms of passwords.
    pub check: StoreCheck,
    /// Whoever was found, masked.
    pub person: Vec<(String, String)>,
    /// What a sign-in would get, in one word; empty if nobody was looked for.
    pub verdict: &'static str,
    /// What the first sign-in would do; empty if nothing.
    pub first_sign_in: String,
}

impl App {
    /// Goes through everything that a sign-in needs, without changing anything but the audit log.
    pub async fn test_identity_store(
        &self,
        actor: &Actor,
        command: StoreTestCommand,
    ) -> Result<StoreTest, Error> {
        actor.require(Permission::StoresManage)?;
        let login = command.login.trim();
        parse::sought("login", login, LOGIN_BYTES_MAX)?;
        let store = self.get_store_to_test(&command.store_id).await?;
        let entry = act(actor, "store.test").on(&command.store_id);
        self.write_audit(entry.with("login", login)).await?;
        let mut test = StoreTest {
            check: store.check().await,
            ..StoreTest::default()
        };
        if login.is_empty() {
            return Ok(test);
        }
        if command.password.expose().is_empty() {
            self.look_up(&*store, login, &mut test).await?;
        } else {
            self.try_password(&*store, login, command.password, &mut test)
                .await?;
        }
        Ok(test)
    }

    /// The store in use, or one that is switched off as it would be in use.
    async fn get_store_to_test(
        &self,
        id: &str,
    ) -> Result<std::sync::Arc<dyn IdentityStore>, Error> {
        if let Some(store) = self.store_of(id) {
            return Ok(store);
        }
        let stored = self.store.list_identity_stores().await?;
        let found = stored.into_iter().find(|stored| stored.store.id == id);
        let found = found.ok_or(super::AdminError::IdentityStoreNotFound)?;
        self.open_store(&found.store, &found.secrets)
            .map_err(|problem| Error::invalid("store_id", problem))
    }

    async fn look_up(
        &self,
        store: &dyn IdentityStore,
        login: &str,
        test: &mut StoreTest,
    ) -> Result<(), Error> {
        let begun = Instant::now();
        let sighting = store.look_up(login).await;
        let (is_ok, verdict, detail) = match &sighting {
            Sighting::Found {
                is_active: true, ..
            } => (true, "", "one person".to_owned()),
            Sighting::Found { .. } => (true, "DISABLED", "one person, barred there".to_owned()),
            Sighting::Absent => (false, "ABSENT", "nobody of this name".to_owned()),
            Sighting::Ambiguous => (false, "AMBIGUOUS", "several of this name".to_owned()),
            Sighting::Unavailable { class } => (false, "UNAVAILABLE", (*class).to_owned()),
        };
        test.verdict = verdict;
        test.check.steps.push(CheckStep {
            name: "find",
            is_ok,
            detail,
            time: begun.elapsed(),
        });
        if let Sighting::Found {
            external_id, login, ..
        } = sighting
        {
            test.person = vec![
                ("id".to_owned(), masked(&external_id)),
                ("login".to_owned(), masked(&login)),
            ];
            let found = Match {
                external_id,
                username: login,
                ..Match::default()
            };
            test.first_sign_in = self.foresee(store, &found).await?;
        }
        Ok(())
    }

    async fn try_password(
        &self,
        store: &dyn IdentityStore,
        login: &str,
        password: Secret<String>,
        test: &mut StoreTest,
    ) -> Result<(), Error> {
        let password = parse::password("password", password)?;
        let username = Username::parse(login).ok();
        let slot = self.hasher.enter()?;
        let begun = Instant::now();
        let attempt = Attempt {
            login,
            username: username.as_ref(),
            password: password.as_typed(),
            slot: &slot,
        };
        let answer = store.verify(&attempt).await;
        let time = begun.elapsed();
        test.verdict = match &answer {
            Answer::Match(_) => "MATCH",
            Answer::Mismatch { .. } => "MISMATCH",
            Answer::Disabled { .. } => "DISABLED",
            Answer::Absent => "ABSENT",
            Answer::Ambiguous => "AMBIGUOUS",
            Answer::UnsupportedHash => "UNSUPPORTED_HASH",
            Answer::Unavailable { .. } => "UNAVAILABLE",
        };
        test.check.steps.push(CheckStep {
            name: "verify",
            is_ok: matches!(answer, Answer::Match(_)),
            detail: answer.word().to_owned(),
            time,
        });
        if let Answer::Match(found) = answer {
            test.person = vec![
                ("id".to_owned(), masked(&found.external_id)),
                ("login".to_owned(), masked(&found.username)),
            ];
            let attributes = found.attributes.iter();
            test.person
                .extend(attributes.map(|(name, value)| (name.clone(), masked(value))));
            if let Some(groups) = &found.groups {
                test.person.push(("groups".to_owned(), groups.join(", ")));
            }
            test.first_sign_in = self.foresee(store, &found).await?;
        }
        Ok(())
    }

    /// What the first sign-in would do.
    async fn foresee(&self, store: &dyn IdentityStore, found: &Match) -> Result<String, Error> {
        let known = self
            .store
            .find_identity(store.id(), &found.external_id)
            .await?;
        if known.is_some() {
            return Ok("the account that is bound to this person is used".to_owned());
        }
        let terms = store.terms();
        let Some(username) = handle_of(&found.username) else {
            return Ok("refused: the name cannot be a username here".to_owned());
        };
        let waits = if terms.new_accounts_wait {
            ", which waits for approval"
        } else {
            ""
        };
        if self.store.find_user_by_name(&username).await?.is_none() {
            return Ok(format!("makes the account {}{waits}", username.as_str()));
        }
        let policy: Effective = self.snapshot().policy(&im_types::SiteId::default(), &[]);
        let rule = terms.conflict.unwrap_or_else(|| conflict_of(&policy));
        Ok(match rule {
            ConflictRule::Refuse => {
                "refused: another account has this name, and the rule for that is refuse".to_owned()
            }
            ConflictRule::NameAtStore => {
                format!(
                    "makes the account {}@{}{waits}",
                    username.as_str(),
                    store.id()
                )
            }
        })
    }
}

/// What policy says about names that are taken.
pub(in crate::usecase) fn conflict_of(policy: &Effective) -> ConflictRule {
    match policy.username_conflict() {
        im_policy::UsernameConflict::NameAtStore => ConflictRule::NameAtStore,
        im_policy::UsernameConflict::Refuse => ConflictRule::Refuse,
    }
}

/// Enough to recognise, too little to use.
fn masked(text: &str) -> String {
    let count = text.chars().count();
    let shown: String = text.chars().take(if count > 4 { 2 } else { 1 }).collect();
    let hidden = if count > 4 {
        count - 2
    } else {
        count.saturating_sub(1)
    };
    format!("{shown}{}", "*".repeat(hidden.min(12)))
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn masks_show_the_beginning_only() {
        assert_eq!(masked("anna@example.org"), "an************");
        assert_eq!(masked("1234"), "1***");
        assert_eq!(masked(""), "");
    }
}
