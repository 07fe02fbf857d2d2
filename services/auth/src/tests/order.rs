//! Behaviour §3: the checks of a sign-in in their order, through the rpc. Everything is wrong at
//! first; then one thing after the other is put right, and the next reason shows.

use std::time::Duration;

use im_proto::auth as proto;

use super::harness::{Auth, PASSWORD, every_engine_with, from_here, reason, settings, signed_in};
use crate::config::AuthSettings;

async fn execute(auth: &Auth, sql: &'static str) {
    im_store::query(sql).execute(auth.database()).await.unwrap();
    auth.app.mirror.forget_bans().await;
}

async fn attempt(
    auth: &Auth,
    password: &str,
    site_password: &str,
    device_id: &str,
) -> Result<proto::LoginResponse, tonic::Status> {
    let request = proto::LoginRequest {
        username: "anna".to_owned(),
        password: password.to_owned(),
        site_password: site_password.to_owned(),
        device_id: device_id.to_owned(),
        ..proto::LoginRequest::default()
    };
    auth.auth()
        .login(from_here(request))
        .await
        .map(tonic::Response::into_inner)
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one sign-in after the other, in the order of the checks"
)]
async fn each_step_wins_over_the_later_ones() {
    let settings = AuthSettings {
        throttle_free_failures: 0,
        ..settings()
    };
    for auth in every_engine_with(settings, &[]).await {
        let boss = auth.administrator().await;
        let anna = auth.register("anna").await.unwrap();
        assert_eq!(
            reason(attempt(&auth, "wrong", "", "").await),
            "INVALID_CREDENTIALS"
        );
        for (key, value) in [
            ("maintenance", "true"),
            ("site_password", "open sesame"),
            ("max_password_failures", "2"),
            ("approve_new_devices", "true"),
            ("password_validity_days", "1"),
        ] {
            auth.set_policy(key, value).await;
        }
        execute(
            &auth,
            "INSERT INTO bans (ban_id, kind, value, reason, created_at_us)
             SELECT user_id, 'address', '192.0.2.0/24', '', 0 FROM users
             WHERE username_folded = 'anna'",
        )
        .await;
        execute(
            &auth,
            "UPDATE users SET state = 'waiting' WHERE username_folded = 'anna'",
        )
        .await;

        assert_eq!(reason(attempt(&auth, "wrong", "", "").await), "MAINTENANCE");
        auth.set_policy("maintenance", "false").await;
        assert_eq!(reason(attempt(&auth, "wrong", "", "").await), "BANNED");
        execute(&auth, "DELETE FROM bans").await;
        assert_eq!(
            reason(attempt(&auth, "wrong", "", "").await),
            "SITE_PASSWORD_REQUIRED"
        );
        assert_eq!(
            reason(attempt(&auth, "wrong", "open sesame", "").await),
            "THROTTLED"
        );
        auth.clock.advance(Duration::from_secs(1));
        assert_eq!(
            reason(attempt(&auth, "wrong", "close sesame", "").await),
            "SITE_PASSWORD_REQUIRED"
        );
        assert_eq!(
            reason(attempt(&auth, "wrong 2", "open sesame", "").await),
            "INVALID_CREDENTIALS"
        );
        auth.clock.advance(Duration::from_secs(10));
        let right = || attempt(&auth, PASSWORD, "open sesame", "");
        assert_eq!(reason(right().await), "WAITING_APPROVAL");
        execute(
            &auth,
            "UPDATE users SET state = 'suspended' WHERE username_folded = 'anna'",
        )
        .await;
        let disabled = super::harness::reasoned(right().await);
        assert_eq!(disabled.reason.as_deref(), Some("DISABLED"));
        assert_eq!(disabled.metadata["state"], "suspended");
        execute(
            &auth,
            "UPDATE users SET state = 'deactivated' WHERE username_folded = 'anna'",
        )
        .await;
        let disabled = super::harness::reasoned(right().await);
        assert_eq!(disabled.reason.as_deref(), Some("DISABLED"));
        assert_eq!(disabled.metadata["state"], "deactivated");
        execute(
            &auth,
            "UPDATE users SET state = 'active' WHERE username_folded = 'anna'",
        )
        .await;
        assert_eq!(reason(right().await), "LOCKED");
        auth.clock.advance(Duration::from_hours(48));
        let waiting = super::harness::reasoned(right().await);
        assert_eq!(waiting.reason.as_deref(), Some("DEVICE_WAITING_APPROVAL"));
        let device_id = waiting.metadata["device_id"].clone();
        // Asking again from the same device is still the same device.
        let again =
            super::harness::reasoned(attempt(&auth, PASSWORD, "open sesame", &device_id).await);
        assert_eq!(again.metadata["device_id"], device_id);
        auth.app
            .approve_device(
                &actor(&auth, &boss).await,
                im_types::DeviceId::parse(&device_id).unwrap(),
            )
            .await
            .unwrap();
        let login = attempt(&auth, PASSWORD, "open sesame", &device_id)
            .await
            .unwrap();
        assert!(login.password_change_required);
        assert_eq!(login.device_id, device_id);
        assert_eq!(login.user.unwrap().id, anna.id);
        auth.set_policy("password_validity_days", "0").await;
        let login = attempt(&auth, PASSWORD, "open sesame", &device_id)
            .await
            .unwrap();
        assert!(!login.password_change_required);
        let me = proto::GetUserRequest {
            user_id: "me".to_owned(),
        };
        auth.users().get_user(signed_in(&login, me)).await.unwrap();
        auth.stop().await;
    }
}

/// The administrator as a use case sees them; their access token is old by now.
async fn actor(auth: &Auth, boss: &proto::LoginResponse) -> crate::usecase::Actor {
    let token = proto::RefreshRequest {
        refresh_token: boss.refresh_token.clone(),
    };
    let renewed = auth
        .auth()
        .refresh(from_here(token))
        .await
        .unwrap()
        .into_inner();
    let token = im_types::Secret::new(renewed.access_token);
    let allowed = crate::usecase::AllowedAudience::Api;
    let origin = crate::usecase::Origin::default();
    auth.app
        .authenticate(Some(&token), origin, allowed)
        .await
        .unwrap()
}

#[tokio::test]
async fn administrators_pass_maintenance_and_nobody_else_does() {
    for auth in every_engine_with(settings(), &[]).await {
        auth.administrator().await;
        let anna = auth.newcomer("anna").await;
        auth.set_policy("maintenance", "true").await;
        auth.login("boss", PASSWORD).await.unwrap();
        assert_eq!(reason(auth.login("anna", PASSWORD).await), "MAINTENANCE");
        assert_eq!(reason(auth.login("nobody", PASSWORD).await), "MAINTENANCE");
        assert_eq!(reason(auth.register("bert").await), "MAINTENANCE");
        let token = proto::RefreshRequest {
            refresh_token: anna.refresh_token,
        };
        assert_eq!(
            reason(auth.auth().refresh(from_here(token)).await),
            "MAINTENANCE"
        );
        auth.stop().await;
    }
}
