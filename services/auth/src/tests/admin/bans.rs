//! `BanService`.

use im_proto::auth as proto;
use im_proto::auth::ban::Kind;

use super::super::harness::{PASSWORD, every_engine, reason, signed_in};
use super::{Login, bans, changes, grant, new_role, revision};

fn ban(kind: Kind, value: &str) -> proto::CreateBanRequest {
    let (kind, value) = (kind.into(), value.to_owned());
    proto::CreateBanRequest {
        kind,
        value,
        reason: "noise".to_owned(),
        expire_time: None,
    }
}

fn me() -> proto::GetUserRequest {
    proto::GetUserRequest {
        user_id: "me".to_owned(),
    }
}

#[tokio::test]
async fn a_banned_name_is_out_until_the_ban_ends() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let before = revision(&auth).await;
        let made = bans(&auth)
            .create_ban(signed_in(&boss, ban(Kind::Username, "ANNA")))
            .await;
        let made = made.unwrap().into_inner().ban.unwrap();
        assert_eq!((made.value.as_str(), made.kind()), ("anna", Kind::Username));
        let ended = (proto::change::Kind::SessionRevoked, anna.session_id.clone());
        assert_eq!(changes(&auth, before).await, [ended]);
        assert_eq!(
            reason(auth.users().get_user(signed_in(&anna, me())).await),
            "SESSION_REVOKED"
        );
        assert_eq!(reason(auth.login("anna", PASSWORD).await), "BANNED");
        let list = signed_in(&boss, proto::ListBansRequest::default());
        let listed = bans(&auth).list_bans(list).await.unwrap().into_inner().bans;
        assert_eq!(listed, std::slice::from_ref(&made));
        let end = || proto::DeleteBanRequest {
            ban_id: made.id.clone(),
        };
        bans(&auth)
            .delete_ban(signed_in(&boss, end()))
            .await
            .unwrap();
        auth.login("anna", PASSWORD).await.unwrap();
        assert_eq!(
            reason(bans(&auth).delete_ban(signed_in(&boss, end())).await),
            "BAN_NOT_FOUND"
        );
        auth.stop().await;
    }
}

/// Signs somebody in from another address than everybody else in these tests.
async fn login_from(
    auth: &super::super::harness::Auth,
    address: [u8; 4],
) -> Result<Login, tonic::Status> {
    let request = proto::LoginRequest {
        username: "anna".to_owned(),
        password: PASSWORD.to_owned(),
        ..Default::default()
    };
    let context = im_runtime::rpc::RequestContext {
        site: Some("default".to_owned()),
        client_address: Some(address.into()),
        ..Default::default()
    };
    auth.auth()
        .login(context.request(request))
        .await
        .map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_banned_network_ends_the_sessions_from_there_and_no_other() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let away = login_from(&auth, [198, 51, 100, 9]).await.unwrap();
        let network = ban(Kind::Address, "198.51.100.77/24");
        let made = bans(&auth)
            .create_ban(signed_in(&boss, network))
            .await
            .unwrap();
        assert_eq!(made.into_inner().ban.unwrap().value, "198.51.100.0/24");
        assert_eq!(
            reason(auth.users().get_user(signed_in(&away, me())).await),
            "SESSION_REVOKED"
        );
        auth.users().get_user(signed_in(&anna, me())).await.unwrap();
        assert_eq!(
            reason(login_from(&auth, [198, 51, 100, 10]).await),
            "BANNED"
        );
        login_from(&auth, [198, 51, 101, 10]).await.unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn a_banned_device_is_out_and_its_owner_is_not() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let request = ban(Kind::Device, &anna.device_id);
        bans(&auth)
            .create_ban(signed_in(&boss, request))
            .await
            .unwrap();
        assert_eq!(
            reason(auth.users().get_user(signed_in(&anna, me())).await),
            "SESSION_REVOKED"
        );
        auth.login("anna", PASSWORD).await.unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn nobody_bans_themselves_or_somebody_with_more_rights() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let refused = bans(&auth)
            .create_ban(signed_in(&anna, ban(Kind::Username, "bert")))
            .await;
        assert_eq!(reason(refused), "PERMISSION_DENIED");
        let own = [
            ban(Kind::Username, "boss"),
            ban(Kind::Address, "192.0.2.0/24"),
            ban(Kind::Device, &boss.device_id),
        ];
        for request in own {
            let refused = bans(&auth)
                .create_ban(signed_in(&boss, request.clone()))
                .await;
            assert_eq!(reason(refused), "BAN_HITS_SELF", "{request:?}");
        }
        let guard = new_role(&auth, &boss, "Guards", &["bans.manage"]).await;
        grant(&auth, &boss, &anna, &guard).await;
        let refused = bans(&auth)
            .create_ban(signed_in(&anna, ban(Kind::Username, "boss")))
            .await;
        assert_eq!(reason(refused), "MORE_RIGHTS_THAN_OWN");
        let over = proto::CreateBanRequest {
            expire_time: Some(prost_types::Timestamp {
                seconds: 1,
                nanos: 0,
            }),
            ..ban(Kind::Username, "bert")
        };
        let refused = bans(&auth).create_ban(signed_in(&anna, over)).await;
        assert_eq!(reason(refused), "INVALID_FIELD");
        auth.stop().await;
    }
}
