//! Signing in, throttling, locks, passwords.

use std::time::Duration;

use im_proto::auth as proto;
use im_runtime::error::ErrorKind;

use super::harness::{
    PASSWORD, every_engine, every_engine_with, from_here, reason, reasoned, settings, signed_in,
};
use crate::config::AuthSettings;

#[tokio::test]
async fn somebody_registers_signs_in_and_is_known() {
    for auth in every_engine().await {
        let registered = auth.register("Anna").await.unwrap();
        assert_eq!(registered.state(), proto::user::State::Active);
        let login = auth.login("anna", PASSWORD).await.unwrap();
        let user = login.user.clone().unwrap();
        assert_eq!((user.id, user.username.as_str()), (registered.id, "Anna"));
        assert_eq!(login.expires_in, 600);
        assert!(!login.password_change_required);
        let me = proto::GetUserRequest {
            user_id: "me".to_owned(),
        };
        let me = auth
            .users()
            .get_user(signed_in(&login, me))
            .await
            .unwrap()
            .into_inner();
        let me = me.user.unwrap();
        assert_eq!(me.display_name, "Anna");
        assert_eq!(me.store_ids, ["local"]);
        let actions: Vec<_> = auth
            .audit()
            .await
            .into_iter()
            .map(|entry| entry.0)
            .collect();
        assert_eq!(
            actions[actions.len() - 2..],
            ["user.register", "login.succeeded"]
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn unknown_user_and_wrong_password_are_one_answer_and_two_audit_entries() {
    for auth in every_engine().await {
        auth.register("anna").await.unwrap();
        let wrong = auth.login("anna", "not it").await.unwrap_err();
        let unknown = auth.login("nobody", "not it").await.unwrap_err();
        assert_eq!(wrong.code(), unknown.code());
        assert_eq!(wrong.message(), unknown.message());
        assert_eq!(wrong.details(), unknown.details());
        assert_eq!(reason(Err::<(), _>(wrong)), "INVALID_CREDENTIALS");
        let details: Vec<_> = auth.audit().await;
        let failed: Vec<_> = details
            .iter()
            .filter(|entry| entry.0 == "login.failed")
            .collect();
        assert_eq!(failed.len(), 2);
        assert!(failed[0].1.contains("\"cause\":\"mismatch\""), "{failed:?}");
        assert!(failed[1].1.contains("\"cause\":\"unknown\""), "{failed:?}");
        auth.stop().await;
    }
}

#[tokio::test]
async fn different_wrong_passwords_cost_a_wait_and_the_same_one_does_not() {
    let settings = AuthSettings {
        throttle_free_failures: 1,
        ..settings()
    };
    for auth in every_engine_with(settings, &[]).await {
        auth.register("anna").await.unwrap();
        for _ in 0..5 {
            assert_eq!(
                reason(auth.login("anna", "old one").await),
                "INVALID_CREDENTIALS"
            );
        }
        assert_eq!(
            reason(auth.login("anna", "another").await),
            "INVALID_CREDENTIALS"
        );
        let refused = reasoned(auth.login("anna", PASSWORD).await);
        assert_eq!(refused.reason.as_deref(), Some("THROTTLED"));
        assert_eq!(refused.kind, ErrorKind::ResourceExhausted);
        assert_eq!(refused.retry_after, Some(Duration::from_secs(1)));
        auth.clock.advance(Duration::from_secs(1));
        auth.login("anna", PASSWORD).await.unwrap();
        // The right password has cleared it.
        assert_eq!(
            reason(auth.login("anna", "third").await),
            "INVALID_CREDENTIALS"
        );
        auth.login("anna", PASSWORD).await.unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn the_switch_of_the_policy_turns_throttling_off() {
    let settings = AuthSettings {
        throttle_free_failures: 0,
        ..settings()
    };
    for auth in every_engine_with(settings, &[]).await {
        auth.register("anna").await.unwrap();
        auth.set_policy("throttle_enabled", "false").await;
        for n in 0..8 {
            let wrong = auth.login("anna", &format!("wrong {n}")).await;
            assert_eq!(reason(wrong), "INVALID_CREDENTIALS");
        }
        auth.login("anna", PASSWORD).await.unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn too_many_wrong_passwords_lock_for_a_time_and_leave_open_sessions_alone() {
    for auth in every_engine().await {
        let open = auth.newcomer("anna").await;
        auth.set_policy("throttle_enabled", "false").await;
        auth.set_policy("max_password_failures", "3").await;
        auth.set_policy("lock_duration_minutes", "15").await;
        for n in 0..3 {
            let wrong = auth.login("anna", &format!("wrong {n}")).await;
            assert_eq!(reason(wrong), "INVALID_CREDENTIALS");
        }
        let refused = reasoned(auth.login("anna", PASSWORD).await);
        assert_eq!(refused.reason.as_deref(), Some("LOCKED"));
        assert_eq!(refused.retry_after, Some(Duration::from_mins(15)));
        assert_eq!(
            reason(auth.login("anna", "wrong 4").await),
            "INVALID_CREDENTIALS"
        );
        let token = proto::RefreshRequest {
            refresh_token: open.refresh_token,
        };
        auth.auth().refresh(from_here(token)).await.unwrap();
        auth.clock.advance(Duration::from_secs(15 * 60 + 1));
        auth.login("anna", PASSWORD).await.unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn an_administrator_ends_a_lock_that_has_no_end() {
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        let anna = auth.register("anna").await.unwrap();
        auth.set_policy("throttle_enabled", "false").await;
        auth.set_policy("max_password_failures", "1").await;
        auth.set_policy("lock_duration_minutes", "0").await;
        assert_eq!(
            reason(auth.login("anna", "wrong").await),
            "INVALID_CREDENTIALS"
        );
        let refused = reasoned(auth.login("anna", PASSWORD).await);
        assert_eq!(
            (refused.reason.as_deref(), refused.retry_after),
            (Some("LOCKED"), None)
        );
        let unlock = proto::UnlockUserRequest { user_id: anna.id };
        auth.admin()
            .unlock_user(signed_in(&boss, unlock))
            .await
            .unwrap();
        auth.login("anna", PASSWORD).await.unwrap();
        // The break-glass administrator is never locked.
        assert_eq!(
            reason(auth.login("boss", "wrong").await),
            "INVALID_CREDENTIALS"
        );
        auth.login("boss", PASSWORD).await.unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn an_expired_password_opens_a_session_that_can_only_change_it() {
    for auth in every_engine().await {
        auth.newcomer("anna").await;
        auth.set_policy("password_validity_days", "30").await;
        auth.clock.advance(Duration::from_hours(31 * 24));
        let login = auth.login("anna", PASSWORD).await.unwrap();
        assert!(login.password_change_required);
        let me = || proto::GetUserRequest {
            user_id: "me".to_owned(),
        };
        let refused = auth.users().get_user(signed_in(&login, me())).await;
        assert_eq!(reason(refused), "PASSWORD_CHANGE_REQUIRED");
        let change = |old: &str, new: &str| proto::ChangePasswordRequest {
            old_password: old.to_owned(),
            new_password: new.to_owned(),
        };
        let same = auth
            .auth()
            .change_password(signed_in(&login, change(PASSWORD, PASSWORD)))
            .await;
        assert_eq!(reason(same), "PASSWORD_TOO_WEAK");
        let wrong = auth
            .auth()
            .change_password(signed_in(&login, change("x", "new password")))
            .await;
        assert_eq!(reason(wrong), "OLD_PASSWORD_WRONG");
        let right = change(PASSWORD, "new password");
        auth.auth()
            .change_password(signed_in(&login, right))
            .await
            .unwrap();
        // The next token of the same session may do everything.
        let token = proto::RefreshRequest {
            refresh_token: login.refresh_token.clone(),
        };
        let renewed = auth
            .auth()
            .refresh(from_here(token))
            .await
            .unwrap()
            .into_inner();
        let login = proto::LoginResponse {
            access_token: renewed.access_token,
            ..login
        };
        auth.users()
            .get_user(signed_in(&login, me()))
            .await
            .unwrap();
        assert!(
            !auth
                .login("anna", "new password")
                .await
                .unwrap()
                .password_change_required
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn a_hash_gets_the_parameters_of_today_at_the_next_sign_in() {
    async fn hash(auth: &super::harness::Auth) -> String {
        im_store::query("SELECT password_hash FROM local_passwords")
            .fetch_one(auth.database())
            .await
            .unwrap()
    }
    for auth in every_engine().await {
        auth.register("anna").await.unwrap();
        let stored = hash(&auth).await;
        assert!(stored.contains("m=32,t=1,p=1"), "{stored}");
        let (first, _) = stored.rsplit_once('$').unwrap();
        // As another configuration would have made it.
        let slot_settings = AuthSettings {
            password_passes: 2,
            ..settings()
        };
        let hasher = crate::crypto::PasswordHasher::new(
            crate::crypto::HashParameters {
                memory_kib: slot_settings.password_memory_kib,
                passes: slot_settings.password_passes,
                lanes: 1,
            },
            1,
            1,
            im_types::Ids::system(auth.clock.clone()),
            crate::AuthMetrics::new(),
        )
        .unwrap();
        let password = zeroize::Zeroizing::new(PASSWORD.as_bytes().to_vec());
        let other = hasher.enter().unwrap().hash(password).await.unwrap();
        im_store::query("UPDATE local_passwords SET password_hash = $1")
            .bind(other.as_str())
            .execute(auth.database())
            .await
            .unwrap();
        auth.login("anna", PASSWORD).await.unwrap();
        let renewed = hash(&auth).await;
        assert!(
            renewed.contains("m=32,t=1,p=1") && !renewed.starts_with(first),
            "{renewed}"
        );
        auth.login("anna", PASSWORD).await.unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn of_a_storm_of_sign_ins_some_are_told_to_come_back_and_the_rest_get_in() {
    let settings = AuthSettings {
        password_threads: 1,
        password_queue_max: 2,
        ..settings()
    };
    for auth in every_engine_with(settings, &[]).await {
        auth.register("anna").await.unwrap();
        let hasher = &auth.app.hasher;
        let places: Vec<_> = (0..3).map(|_| hasher.enter().unwrap()).collect();
        let refused = reasoned(auth.login("anna", PASSWORD).await);
        assert_eq!(refused.reason.as_deref(), Some("LOGIN_BUSY"));
        assert!(refused.retry_after.is_some());
        let unknown = reasoned(auth.login("nobody", PASSWORD).await);
        assert_eq!(unknown.reason.as_deref(), Some("LOGIN_BUSY"));
        drop(places);
        auth.login("anna", PASSWORD).await.unwrap();
        auth.stop().await;
    }
}
