//! What administrators do with accounts, and what nobody may.

use im_proto::auth as proto;

use super::harness::{PASSWORD, every_engine, reason, signed_in};

fn me() -> proto::GetUserRequest {
    proto::GetUserRequest {
        user_id: "me".to_owned(),
    }
}

#[tokio::test]
async fn a_suspended_person_is_out_at_once_and_comes_back() {
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        let anna = auth.newcomer("anna").await;
        let user_id = anna.user.clone().unwrap().id;
        let suspend = || proto::SuspendUserRequest {
            user_id: user_id.clone(),
            reason: "left the building".to_owned(),
        };
        let refused = auth.admin().suspend_user(signed_in(&anna, suspend())).await;
        assert_eq!(reason(refused), "PERMISSION_DENIED");
        let done = auth
            .admin()
            .suspend_user(signed_in(&boss, suspend()))
            .await
            .unwrap();
        assert_eq!(
            done.into_inner().user.unwrap().state(),
            proto::user::State::Suspended
        );
        assert_eq!(
            reason(auth.users().get_user(signed_in(&anna, me())).await),
            "SESSION_REVOKED"
        );
        assert_eq!(reason(auth.login("anna", PASSWORD).await), "DISABLED");
        assert_eq!(
            reason(auth.login("anna", "wrong").await),
            "INVALID_CREDENTIALS"
        );
        let again = auth.admin().suspend_user(signed_in(&boss, suspend())).await;
        assert_eq!(reason(again), "USER_STATE_CONFLICT");
        let reinstate = proto::ReinstateUserRequest { user_id };
        auth.admin()
            .reinstate_user(signed_in(&boss, reinstate))
            .await
            .unwrap();
        auth.login("anna", PASSWORD).await.unwrap();
        let log = auth.audit().await;
        let entry = log.iter().find(|entry| entry.0 == "user.suspend").unwrap();
        assert!(entry.1.contains("left the building"), "{entry:?}");
        auth.stop().await;
    }
}

#[tokio::test]
async fn the_last_administrator_stays() {
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        let user_id = boss.user.clone().unwrap().id;
        let off = proto::DeactivateUserRequest {
            user_id,
            reason: String::new(),
        };
        let refused = auth.admin().deactivate_user(signed_in(&boss, off)).await;
        assert_eq!(reason(refused), "LAST_ADMINISTRATOR");
        auth.users().get_user(signed_in(&boss, me())).await.unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn a_password_set_by_somebody_else_has_to_be_changed() {
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        let create = proto::CreateUserRequest {
            username: "anna".to_owned(),
            password: "first password".to_owned(),
            password_change_required: true,
            ..proto::CreateUserRequest::default()
        };
        let anna = auth
            .admin()
            .create_user(signed_in(&boss, create))
            .await
            .unwrap();
        let user_id = anna.into_inner().user.unwrap().id;
        let login = auth.login("anna", "first password").await.unwrap();
        assert!(login.password_change_required);
        let reset = proto::ResetPasswordRequest {
            user_id: user_id.clone(),
            new_password: "second password".to_owned(),
            password_change_required: false,
        };
        auth.admin()
            .reset_password(signed_in(&boss, reset))
            .await
            .unwrap();
        let logout = signed_in(&login, proto::LogoutRequest {});
        assert_eq!(reason(auth.auth().logout(logout).await), "SESSION_REVOKED");
        let login = auth.login("anna", "second password").await.unwrap();
        assert!(!login.password_change_required);
        let update = proto::UpdateUserRequest {
            user_id,
            hierarchy_level: Some(0),
            ..proto::UpdateUserRequest::default()
        };
        let bad = proto::UpdateUserRequest {
            hierarchy_level: Some(10),
            ..update.clone()
        };
        let refused = auth.admin().update_user(signed_in(&boss, bad)).await;
        assert_eq!(reason(refused), "INVALID_FIELD");
        let updated = auth
            .admin()
            .update_user(signed_in(&boss, update))
            .await
            .unwrap();
        assert_eq!(updated.into_inner().user.unwrap().hierarchy_level, 0);
        auth.stop().await;
    }
}

#[tokio::test]
async fn administrators_list_accounts_by_state() {
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        let anna = auth.newcomer("anna").await;
        auth.set_policy("registration", "approval").await;
        auth.register("bert").await.unwrap();
        let list = |state: proto::user::State| proto::ListAllUsersRequest {
            state: state.into(),
            ..Default::default()
        };
        let refused = auth
            .admin()
            .list_all_users(signed_in(&anna, list(proto::user::State::Active)))
            .await;
        assert_eq!(reason(refused), "PERMISSION_DENIED");
        let waiting = signed_in(&boss, list(proto::user::State::WaitingApproval));
        let waiting = auth
            .admin()
            .list_all_users(waiting)
            .await
            .unwrap()
            .into_inner()
            .users;
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].username, "bert");
        let all = signed_in(&boss, list(proto::user::State::Unspecified));
        let all = auth
            .admin()
            .list_all_users(all)
            .await
            .unwrap()
            .into_inner()
            .users;
        assert_eq!(all.len(), 3);
        assert!(all.iter().any(|user| user.last_login_time.is_some()));
        auth.stop().await;
    }
}

#[tokio::test]
async fn nobody_touches_an_account_with_more_rights() {
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        let helper = auth.newcomer("helper").await;
        let helper_id = im_types::UserId::parse(&helper.user.clone().unwrap().id).unwrap();
        let mut unit = auth.app.begin().await.unwrap();
        let role = im_types::RoleId::from_uuid(uuid::Uuid::from_u128(1));
        assert!(unit.insert_role(role, "Helper", false).await.unwrap());
        im_store::query(
            "INSERT INTO role_permissions (role_id, permission) VALUES ($1, 'users.manage')",
        )
        .bind(role)
        .execute(unit.tx())
        .await
        .unwrap();
        unit.insert_user_role(helper_id, role, "").await.unwrap();
        unit.change(crate::domain::change::Change::Snapshot);
        unit.change(crate::domain::change::Change::User(helper_id));
        auth.app.commit(unit).await.unwrap();
        let boss_id = boss.user.clone().unwrap().id;
        let reset = proto::ResetPasswordRequest {
            user_id: boss_id,
            new_password: "mine from now on".to_owned(),
            password_change_required: false,
        };
        let refused = auth.admin().reset_password(signed_in(&helper, reset)).await;
        assert_eq!(reason(refused), "MORE_RIGHTS_THAN_OWN");
        let anna = auth.register("anna").await.unwrap();
        let suspend = proto::SuspendUserRequest {
            user_id: anna.id,
            reason: String::new(),
        };
        auth.admin()
            .suspend_user(signed_in(&helper, suspend))
            .await
            .unwrap();
        auth.stop().await;
    }
}
