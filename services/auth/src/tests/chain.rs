//! Behaviour §4: the chain of identity stores, with played ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::harness::{PASSWORD, every_engine_with, reason, settings};
use crate::domain::identity_store::{StoreKind, StoreTerms};
use crate::ports::{Answer, Attempt, BoxFuture, IdentityStore, Match, Sighting, StoreCheck};

/// Answers by the name that is asked for.
struct Played {
    id: &'static str,
    asked: AtomicUsize,
    burnt: AtomicUsize,
    terms: StoreTerms,
    answer: fn(&str) -> Answer,
}

impl IdentityStore for Played {
    fn id(&self) -> &str {
        self.id
    }

    fn verify<'a>(&'a self, attempt: &'a Attempt<'a>) -> BoxFuture<'a, Answer> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = (self.answer)(attempt.login);
        Box::pin(async move { answer })
    }

    fn kind(&self) -> StoreKind {
        StoreKind::Sql
    }

    fn terms(&self) -> &StoreTerms {
        &self.terms
    }

    fn burn<'a>(&'a self, _attempt: &'a Attempt<'a>) -> BoxFuture<'a, ()> {
        self.burnt.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {})
    }

    fn look_up<'a>(&'a self, login: &'a str) -> BoxFuture<'a, Sighting> {
        let sighting = match (self.answer)(login) {
            Answer::Match(found) => Sighting::Found {
                external_id: found.external_id,
                login: found.username,
                is_active: true,
            },
            Answer::Mismatch { external_id } => Sighting::Found {
                external_id,
                login: login.to_owned(),
                is_active: true,
            },
            Answer::Disabled { external_id } => Sighting::Found {
                external_id,
                login: login.to_owned(),
                is_active: false,
            },
            Answer::Ambiguous | Answer::UnsupportedHash => Sighting::Ambiguous,
            Answer::Absent => Sighting::Absent,
            Answer::Unavailable { class } => Sighting::Unavailable { class },
        };
        Box::pin(async move { sighting })
    }

    fn check(&self) -> BoxFuture<'_, StoreCheck> {
        Box::pin(async { StoreCheck::default() })
    }
}

fn played(id: &'static str, answer: fn(&str) -> Answer) -> Arc<Played> {
    Arc::new(Played {
        id,
        asked: AtomicUsize::new(0),
        burnt: AtomicUsize::new(0),
        terms: StoreTerms::default(),
        answer,
    })
}

fn found(external_id: &str, username: &str) -> Answer {
    Answer::Match(Match {
        external_id: external_id.to_owned(),
        username: username.to_owned(),
        attributes: vec![("display_name".to_owned(), format!("{username} of old"))],
        ..Match::default()
    })
}

fn forum(login: &str) -> Answer {
    match login {
        "anna" | "anna-renamed" => found("1", login),
        "wrong" => Answer::Mismatch {
            external_id: "9".to_owned(),
        },
        "barred" => Answer::Disabled {
            external_id: "8".to_owned(),
        },
        "twice" => Answer::Ambiguous,
        "odd" => Answer::UnsupportedHash,
        "away" => Answer::Unavailable { class: "timeout" },
        _ => Answer::Absent,
    }
}

/// A second store, in which everybody is known whom the first one may have stopped at.
fn cms(login: &str) -> Answer {
    match login {
        "nobody" | "local-user" => Answer::Absent,
        login => found(&format!("cms-{login}"), login),
    }
}

pub(super) async fn list_stores(auth: &super::harness::Auth, stores: &[&str]) {
    im_store::query("DELETE FROM site_stores")
        .execute(auth.database())
        .await
        .unwrap();
    let mut unit = auth.app.begin().await.unwrap();
    for (store, position) in stores.iter().zip(0..) {
        unit.insert_site_store(&im_types::SiteId::default(), position, store)
            .await
            .unwrap();
    }
    unit.change(crate::domain::change::Change::Snapshot);
    auth.app.commit(unit).await.unwrap();
}

/// §4.2
#[tokio::test]
async fn only_absent_goes_on_and_every_other_answer_stops() {
    let (first, second) = (played("forum", forum), played("cms", cms));
    let stores: [Arc<dyn IdentityStore>; 2] = [first, Arc::<Played>::clone(&second)];
    for auth in every_engine_with(settings(), &stores).await {
        list_stores(&auth, &["forum", "cms"]).await;
        second.asked.store(0, Ordering::SeqCst);
        for (login, expected) in [
            ("wrong", "INVALID_CREDENTIALS"),
            ("barred", "DISABLED"),
            ("twice", "INVALID_CREDENTIALS"),
            ("odd", "INVALID_CREDENTIALS"),
            ("away", "IDENTITY_STORE_UNAVAILABLE"),
        ] {
            assert_eq!(
                reason(auth.login(login, PASSWORD).await),
                expected,
                "{login}"
            );
        }
        assert_eq!(second.asked.load(Ordering::SeqCst), 0, "nobody went on");
        assert_eq!(
            reason(auth.login("nobody", PASSWORD).await),
            "INVALID_CREDENTIALS"
        );
        assert_eq!(second.asked.load(Ordering::SeqCst), 1);
        let carl = auth.login("carl", PASSWORD).await.unwrap().user.unwrap();
        assert_eq!(carl.store_ids, ["cms"]);
        assert_eq!(carl.display_name, "carl of old");
        // The local store is always there, last.
        auth.register("local-user").await.unwrap();
        auth.login("local-user", PASSWORD).await.unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn every_wrong_answer_costs_one_password_of_each_store() {
    let (first, second) = (played("forum", forum), played("cms", cms));
    let stores: [Arc<dyn IdentityStore>; 2] =
        [Arc::<Played>::clone(&first), Arc::<Played>::clone(&second)];
    for auth in every_engine_with(settings(), &stores).await {
        list_stores(&auth, &["forum", "cms"]).await;
        // Who computed, who was burnt: together each store once.
        for (login, burnt) in [("wrong", (0, 1)), ("twice", (1, 1)), ("nobody", (1, 1))] {
            first.burnt.store(0, Ordering::SeqCst);
            second.burnt.store(0, Ordering::SeqCst);
            let refused = reason(auth.login(login, "no").await);
            assert_eq!(refused, "INVALID_CREDENTIALS");
            let counts = (
                first.burnt.load(Ordering::SeqCst),
                second.burnt.load(Ordering::SeqCst),
            );
            assert_eq!(counts, burnt, "{login}");
        }
        auth.stop().await;
    }
}

/// §4.2
#[tokio::test]
async fn a_store_that_is_away_is_no_strike_against_anybody() {
    let stores: [Arc<dyn IdentityStore>; 1] = [played("forum", forum)];
    for auth in every_engine_with(settings(), &stores).await {
        list_stores(&auth, &["forum"]).await;
        for _ in 0..20 {
            let away = auth.login("away", PASSWORD).await;
            assert_eq!(reason(away), "IDENTITY_STORE_UNAVAILABLE");
        }
        auth.stop().await;
    }
}

/// §4.1
#[tokio::test]
async fn an_account_follows_the_stores_id_and_never_the_name() {
    let stores: [Arc<dyn IdentityStore>; 2] = [played("forum", forum), played("cms", cms)];
    for auth in every_engine_with(settings(), &stores).await {
        list_stores(&auth, &["forum"]).await;
        let first = auth.login("anna", PASSWORD).await.unwrap().user.unwrap();
        let renamed = auth
            .login("anna-renamed", PASSWORD)
            .await
            .unwrap()
            .user
            .unwrap();
        assert_eq!(first.id, renamed.id, "a rename keeps the account");
        // The same name in another store is somebody else: refused, or told apart by the name.
        list_stores(&auth, &["cms"]).await;
        assert_eq!(
            reason(auth.login("anna", PASSWORD).await),
            "USERNAME_CONFLICT"
        );
        auth.set_policy("username_conflict", "name_at_store").await;
        let other = auth.login("anna", PASSWORD).await.unwrap().user.unwrap();
        assert_ne!(other.id, first.id);
        assert_eq!(other.username, "anna@cms");
        let again = auth.login("anna", PASSWORD).await.unwrap().user.unwrap();
        assert_eq!(again.id, other.id);
        auth.stop().await;
    }
}

#[tokio::test]
async fn an_account_made_at_sign_in_counts_against_the_limit() {
    let stores: [Arc<dyn IdentityStore>; 1] = [played("cms", cms)];
    for auth in every_engine_with(settings(), &stores).await {
        list_stores(&auth, &["cms"]).await;
        auth.set_policy("users_max", "1").await;
        auth.login("carl", PASSWORD).await.unwrap();
        assert_eq!(
            reason(auth.login("dora", PASSWORD).await),
            "SITE_ACCOUNTS_FULL"
        );
        auth.login("carl", PASSWORD).await.unwrap();
        auth.stop().await;
    }
}
