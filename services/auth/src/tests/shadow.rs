//! Behaviour §4.8: verifiers of our own, with a store that is played.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use im_proto::auth as proto;

use super::harness::{Auth, PASSWORD, every_engine_with, from_here, reason, settings};
use crate::domain::identity_store::{ShadowTerms, StoreKind, StoreTerms};
use crate::ports::{Answer, Attempt, BoxFuture, IdentityStore, Match, Sighting, StoreCheck};

const UP: u8 = 0;
const AWAY: u8 = 1;
const BARRED: u8 = 2;
const CHANGED: u8 = 3;
const GONE: u8 = 4;
const DAY: Duration = Duration::from_hours(24);

/// Knows Anna, in one of several moods.
struct Forum {
    mood: AtomicU8,
    terms: StoreTerms,
}

impl Forum {
    fn new(shadow: Option<ShadowTerms>) -> Arc<Self> {
        Arc::new(Self {
            mood: AtomicU8::new(UP),
            terms: StoreTerms {
                shadow,
                ..StoreTerms::default()
            },
        })
    }

    fn is(&self, mood: u8) {
        self.mood.store(mood, Ordering::SeqCst);
    }

    fn says(&self, attempt: &Attempt<'_>) -> Answer {
        let mood = self.mood.load(Ordering::SeqCst);
        let external_id = "1".to_owned();
        match mood {
            AWAY => Answer::Unavailable { class: "timed_out" },
            GONE => Answer::Absent,
            _ if attempt.login != "anna" => Answer::Absent,
            _ if attempt.password.expose() != PASSWORD => Answer::Mismatch { external_id },
            BARRED => Answer::Disabled { external_id },
            mood => Answer::Match(Match {
                external_id,
                username: "anna".to_owned(),
                fingerprint: vec![mood],
                ..Match::default()
            }),
        }
    }
}

impl IdentityStore for Forum {
    fn id(&self) -> &'static str {
        "forum"
    }

    fn kind(&self) -> StoreKind {
        StoreKind::Sql
    }

    fn terms(&self) -> &StoreTerms {
        &self.terms
    }

    fn verify<'a>(&'a self, attempt: &'a Attempt<'a>) -> BoxFuture<'a, Answer> {
        let answer = self.says(attempt);
        Box::pin(async move { answer })
    }

    fn burn<'a>(&'a self, _attempt: &'a Attempt<'a>) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn look_up<'a>(&'a self, _login: &'a str) -> BoxFuture<'a, Sighting> {
        let mood = self.mood.load(Ordering::SeqCst);
        let sighting = match mood {
            AWAY => Sighting::Unavailable { class: "timed_out" },
            GONE => Sighting::Absent,
            mood => Sighting::Found {
                external_id: "1".to_owned(),
                login: "anna".to_owned(),
                is_active: mood != BARRED,
            },
        };
        Box::pin(async move { sighting })
    }

    fn check(&self) -> BoxFuture<'_, StoreCheck> {
        Box::pin(async { StoreCheck::default() })
    }
}

const ON: ShadowTerms = ShadowTerms {
    max_age: Duration::from_hours(14 * 24),
    for_administrators: false,
};

/// Auth on every engine, its default site asking the forum.
async fn every_engine(forum: &Arc<Forum>) -> Vec<Auth> {
    let stores: [Arc<dyn IdentityStore>; 1] = [Arc::<Forum>::clone(forum)];
    let all = every_engine_with(settings(), &stores).await;
    for auth in &all {
        super::chain::list_stores(auth, &["forum"]).await;
    }
    all
}

async fn refused(auth: &Auth, password: &str) -> String {
    reason(auth.login("anna", password).await)
}

async fn refresh(auth: &Auth, login: &proto::LoginResponse) -> Result<String, String> {
    let request = proto::RefreshRequest {
        refresh_token: login.refresh_token.clone(),
    };
    let answer = auth.auth().refresh(from_here(request)).await;
    answer
        .map(|answer| answer.into_inner().refresh_token)
        .map_err(|status| reason(Err::<(), _>(status)))
}

#[tokio::test]
async fn it_stands_in_only_while_the_store_is_away_and_not_for_ever() {
    let forum = Forum::new(Some(ON));
    for auth in every_engine(&forum).await {
        forum.is(AWAY);
        assert_eq!(
            refused(&auth, PASSWORD).await,
            "IDENTITY_STORE_UNAVAILABLE",
            "nothing is kept yet"
        );
        forum.is(UP);
        let first = auth.login("anna", PASSWORD).await.unwrap();
        forum.is(AWAY);
        let second = auth.login("anna", PASSWORD).await.unwrap();
        assert_eq!(second.user.unwrap().id, first.user.unwrap().id);
        // A wrong password is not called wrong: the store was not asked.
        assert_eq!(refused(&auth, "not it").await, "IDENTITY_STORE_UNAVAILABLE");
        auth.login("anna", PASSWORD).await.unwrap();
        auth.clock.advance(DAY * 14);
        assert_eq!(
            refused(&auth, PASSWORD).await,
            "IDENTITY_STORE_UNAVAILABLE",
            "too old"
        );
        forum.is(UP);
        auth.login("anna", PASSWORD).await.unwrap();
        auth.clock.advance(DAY * 13);
        forum.is(AWAY);
        auth.login("anna", PASSWORD).await.unwrap();
        forum.is(UP);
        auth.stop().await;
    }
}

#[tokio::test]
async fn whatever_the_store_says_against_it_removes_it() {
    let forum = Forum::new(Some(ON));
    for auth in every_engine(&forum).await {
        for mood in [BARRED, GONE, UP] {
            forum.is(UP);
            auth.login("anna", PASSWORD).await.unwrap();
            forum.is(mood);
            // UP stands for a wrong password.
            let password = if mood == UP { "not it" } else { PASSWORD };
            auth.login("anna", password).await.unwrap_err();
            forum.is(AWAY);
            let said = refused(&auth, PASSWORD).await;
            assert_eq!(said, "IDENTITY_STORE_UNAVAILABLE", "mood {mood}");
        }
        // A change there makes a new one, and the old password is worth nothing.
        forum.is(CHANGED);
        auth.login("anna", PASSWORD).await.unwrap();
        forum.is(AWAY);
        auth.login("anna", PASSWORD).await.unwrap();
        forum.is(UP);
        auth.stop().await;
    }
}

#[tokio::test]
async fn it_is_off_by_default() {
    let forum = Forum::new(None);
    for auth in every_engine(&forum).await {
        auth.login("anna", PASSWORD).await.unwrap();
        forum.is(AWAY);
        assert_eq!(refused(&auth, PASSWORD).await, "IDENTITY_STORE_UNAVAILABLE");
        forum.is(UP);
        auth.stop().await;
    }
}

#[tokio::test]
async fn the_store_has_the_last_word_about_sessions_when_it_is_back() {
    let forum = Forum::new(Some(ON));
    for auth in every_engine(&forum).await {
        forum.is(UP);
        auth.login("anna", PASSWORD).await.unwrap();
        forum.is(AWAY);
        let (kept, ended) = (
            auth.login("anna", PASSWORD).await.unwrap(),
            auth.login("anna", PASSWORD).await.unwrap(),
        );
        // Away: renewals go on.
        let token = refresh(&auth, &kept).await.unwrap();
        forum.is(UP);
        let kept = proto::LoginResponse {
            refresh_token: token,
            ..kept
        };
        let token = refresh(&auth, &kept).await.unwrap();
        forum.is(BARRED);
        assert_eq!(refresh(&auth, &ended).await.unwrap_err(), "SESSION_REVOKED");
        // The store had agreed to this one before; that is for the next sign-in.
        let kept = proto::LoginResponse {
            refresh_token: token,
            ..kept
        };
        refresh(&auth, &kept).await.unwrap();
        let actions: Vec<_> = auth
            .audit()
            .await
            .into_iter()
            .map(|entry| entry.0)
            .collect();
        assert!(
            actions
                .iter()
                .any(|action| action == "session.shadow_ended")
        );
        forum.is(UP);
        auth.stop().await;
    }
}

#[tokio::test]
async fn administrators_get_none_unless_the_terms_say_so() {
    for (for_administrators, expected) in [(false, false), (true, true)] {
        let forum = Forum::new(Some(ShadowTerms {
            max_age: DAY,
            for_administrators,
        }));
        for auth in every_engine(&forum).await {
            forum.is(UP);
            let anna = auth.login("anna", PASSWORD).await.unwrap().user.unwrap();
            let role = auth.app.snapshot().administrator().unwrap();
            let mut unit = auth.app.begin().await.unwrap();
            let user = im_types::UserId::parse(&anna.id).unwrap();
            unit.insert_user_role(user, role, "").await.unwrap();
            unit.change(crate::domain::change::Change::User(user));
            auth.app.commit(unit).await.unwrap();
            auth.login("anna", PASSWORD).await.unwrap();
            forum.is(AWAY);
            assert_eq!(auth.login("anna", PASSWORD).await.is_ok(), expected);
            forum.is(UP);
            auth.stop().await;
        }
    }
}
