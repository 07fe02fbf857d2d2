//! Tokens, sessions, devices.

use std::time::Duration;

use im_proto::auth as proto;

use super::harness::{Auth, PASSWORD, every_engine, from_here, reason, signed_in};

fn me() -> proto::GetUserRequest {
    proto::GetUserRequest {
        user_id: "me".to_owned(),
    }
}

async fn refresh(auth: &Auth, token: &str) -> Result<proto::RefreshResponse, tonic::Status> {
    let request = proto::RefreshRequest {
        refresh_token: token.to_owned(),
    };
    auth.auth()
        .refresh(from_here(request))
        .await
        .map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_its_session() {
    for auth in every_engine().await {
        let login = auth.newcomer("anna").await;
        let second = refresh(&auth, &login.refresh_token).await.unwrap();
        let third = refresh(&auth, &second.refresh_token).await.unwrap();
        let reused = refresh(&auth, &login.refresh_token).await;
        assert_eq!(reason(reused), "REFRESH_TOKEN_REUSED");
        assert_eq!(
            reason(refresh(&auth, &third.refresh_token).await),
            "REFRESH_TOKEN_INVALID"
        );
        let ended = proto::LoginResponse {
            access_token: third.access_token,
            ..login
        };
        let refused = auth.users().get_user(signed_in(&ended, me())).await;
        assert_eq!(reason(refused), "SESSION_REVOKED");
        let actions = auth.audit().await;
        assert_eq!(
            actions
                .iter()
                .filter(|entry| entry.0 == "session.token_reused")
                .count(),
            1
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn of_two_who_use_a_token_at_once_at_most_one_gets_new_ones() {
    for auth in every_engine().await {
        let login = auth.newcomer("anna").await;
        let (one, other) = tokio::join!(
            refresh(&auth, &login.refresh_token),
            refresh(&auth, &login.refresh_token)
        );
        assert!(one.is_ok() != other.is_ok() || (one.is_err() && other.is_err()));
        let renewed = one.or(other);
        if let Ok(renewed) = renewed {
            let refused = refresh(&auth, &renewed.refresh_token).await;
            assert_eq!(reason(refused), "REFRESH_TOKEN_INVALID");
        }
        auth.stop().await;
    }
}

#[tokio::test]
async fn a_made_up_token_ends_nothing() {
    for auth in every_engine().await {
        let login = auth.newcomer("anna").await;
        let session = im_types::SessionId::parse(&login.session_id).unwrap();
        let ids = im_types::Ids::system(auth.clock.clone());
        let forged = crate::domain::token::RefreshToken::first(session, &ids).to_text();
        assert_eq!(
            reason(refresh(&auth, forged.expose()).await),
            "REFRESH_TOKEN_INVALID"
        );
        assert_eq!(
            reason(refresh(&auth, "nonsense").await),
            "REFRESH_TOKEN_INVALID"
        );
        refresh(&auth, &login.refresh_token).await.unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn tokens_end_with_time_and_sessions_without_use() {
    for auth in every_engine().await {
        auth.set_policy("session_idle_days", "2").await;
        auth.set_policy("session_max_days", "3").await;
        let login = auth.newcomer("anna").await;
        auth.clock.advance(Duration::from_secs(606));
        let refused = auth.users().get_user(signed_in(&login, me())).await;
        assert_eq!(reason(refused), "TOKEN_EXPIRED");
        auth.clock.advance(Duration::from_hours(24));
        let second = refresh(&auth, &login.refresh_token).await.unwrap();
        auth.clock.advance(Duration::from_hours(24));
        let third = refresh(&auth, &second.refresh_token).await.unwrap();
        auth.clock.advance(Duration::from_hours(24));
        assert_eq!(
            reason(refresh(&auth, &third.refresh_token).await),
            "REFRESH_TOKEN_INVALID"
        );
        auth.app.clean_up().await.unwrap();
        let left: i64 = im_store::query("SELECT count(*) FROM sessions")
            .fetch_one(auth.database())
            .await
            .unwrap();
        assert_eq!(left, 0);
        auth.stop().await;
    }
}

/// §2.2
#[tokio::test]
async fn a_token_is_good_on_its_site_only_and_nonsense_nowhere() {
    for auth in every_engine().await {
        let login = auth.newcomer("anna").await;
        let mut elsewhere = signed_in(&login, me());
        elsewhere
            .metadata_mut()
            .insert("im-site", "other".parse().unwrap());
        assert_eq!(reason(auth.users().get_user(elsewhere).await), "WRONG_SITE");
        assert_eq!(
            reason(auth.users().get_user(from_here(me())).await),
            "TOKEN_MISSING"
        );
        let nonsense = proto::LoginResponse {
            access_token: "a.b.c".to_owned(),
            ..login
        };
        assert_eq!(
            reason(auth.users().get_user(signed_in(&nonsense, me())).await),
            "TOKEN_INVALID"
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn people_see_and_end_their_own_sessions() {
    for auth in every_engine().await {
        let first = auth.newcomer("anna").await;
        let second = auth.login("anna", PASSWORD).await.unwrap();
        let bert = auth.newcomer("bert").await;
        let list = auth
            .sessions()
            .list_sessions(signed_in(&first, proto::ListSessionsRequest::default()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(list.sessions.len(), 2);
        assert_eq!(
            list.sessions
                .iter()
                .filter(|session| session.is_current)
                .count(),
            1
        );
        let revoke = || proto::RevokeSessionRequest {
            session_id: second.session_id.clone(),
        };
        let refused = auth
            .sessions()
            .revoke_session(signed_in(&bert, revoke()))
            .await;
        assert_eq!(reason(refused), "SESSION_NOT_FOUND");
        let all = proto::ListSessionsRequest {
            user_id: "-".to_owned(),
            ..Default::default()
        };
        let refused = auth.sessions().list_sessions(signed_in(&bert, all)).await;
        assert_eq!(reason(refused), "PERMISSION_DENIED");
        auth.sessions()
            .revoke_session(signed_in(&first, revoke()))
            .await
            .unwrap();
        assert_eq!(
            reason(auth.users().get_user(signed_in(&second, me())).await),
            "SESSION_REVOKED"
        );
        auth.auth()
            .logout(signed_in(&first, proto::LogoutRequest {}))
            .await
            .unwrap();
        assert_eq!(
            reason(auth.users().get_user(signed_in(&first, me())).await),
            "SESSION_REVOKED"
        );
        assert_eq!(
            reason(refresh(&auth, &first.refresh_token).await),
            "REFRESH_TOKEN_INVALID"
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn changing_the_password_ends_all_other_sessions() {
    for auth in every_engine().await {
        let (first, second) = (
            auth.newcomer("anna").await,
            auth.login("anna", PASSWORD).await,
        );
        let change = proto::ChangePasswordRequest {
            old_password: PASSWORD.to_owned(),
            new_password: "another password".to_owned(),
        };
        auth.auth()
            .change_password(signed_in(&first, change))
            .await
            .unwrap();
        auth.users()
            .get_user(signed_in(&first, me()))
            .await
            .unwrap();
        let refused = auth
            .users()
            .get_user(signed_in(&second.unwrap(), me()))
            .await;
        assert_eq!(reason(refused), "SESSION_REVOKED");
        assert_eq!(
            reason(auth.login("anna", PASSWORD).await),
            "INVALID_CREDENTIALS"
        );
        auth.login("anna", "another password").await.unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn removing_a_device_ends_its_sessions_and_limits_are_kept() {
    for auth in every_engine().await {
        auth.set_policy("sessions_per_user_max", "2").await;
        let first = auth.newcomer("anna").await;
        auth.clock.advance(Duration::from_secs(1));
        let second = auth.login("anna", PASSWORD).await.unwrap();
        auth.clock.advance(Duration::from_secs(1));
        let third = auth.login("anna", PASSWORD).await.unwrap();
        // The session unused for the longest has made room.
        assert_eq!(
            reason(auth.users().get_user(signed_in(&first, me())).await),
            "SESSION_REVOKED"
        );
        let remove = proto::RemoveDeviceRequest {
            device_id: second.device_id.clone(),
        };
        auth.sessions()
            .remove_device(signed_in(&third, remove))
            .await
            .unwrap();
        assert_eq!(
            reason(auth.users().get_user(signed_in(&second, me())).await),
            "SESSION_REVOKED"
        );
        let list = proto::ListDevicesRequest::default();
        let list = auth
            .sessions()
            .list_devices(signed_in(&third, list))
            .await
            .unwrap();
        assert_eq!(list.into_inner().devices.len(), 2);
        auth.stop().await;
    }
}
