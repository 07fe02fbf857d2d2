//! `IdentityService`: two identities become one account only by an explicit act.

use im_proto::auth as proto;

use super::super::harness::{Auth, PASSWORD, every_engine, reason, signed_in};
use super::database::ForeignDatabase;
use super::{Login, SECRET, create, identities, list_at, store_on, user_of};

async fn list(auth: &Auth, login: &Login) -> Vec<(String, String)> {
    let request = proto::ListIdentitiesRequest {
        user_id: "me".to_owned(),
    };
    let found = identities(auth)
        .list_identities(signed_in(login, request))
        .await;
    let found = found.unwrap().into_inner().identities;
    found
        .into_iter()
        .map(|identity| (identity.store_id, identity.external_id))
        .collect()
}

fn link(login: &str, password: &str, current: &str) -> proto::LinkIdentityRequest {
    proto::LinkIdentityRequest {
        store_id: "forum".to_owned(),
        login: login.to_owned(),
        password: password.to_owned(),
        current_password: current.to_owned(),
    }
}

fn unlink(store_id: &str, external_id: &str) -> proto::UnlinkIdentityRequest {
    proto::UnlinkIdentityRequest {
        store_id: store_id.to_owned(),
        external_id: external_id.to_owned(),
    }
}

/// §4.7
#[tokio::test]
async fn the_owner_links_by_proving_both_and_unlinks() {
    for auth in every_engine().await {
        let forum = ForeignDatabase::sqlite().await.with_phpbb().await;
        let boss = auth.administrator().await;
        create(&auth, &boss, store_on("forum", "phpbb3", &forum))
            .await
            .unwrap();
        let carl = auth.newcomer("carl").await;
        let try_link = |request| {
            let mut client = identities(&auth);
            let request = signed_in(&carl, request);
            async move { client.link_identity(request).await }
        };
        let unlisted = try_link(link("anna", SECRET, PASSWORD)).await;
        assert_eq!(
            reason(unlisted),
            "IDENTITY_STORE_NOT_FOUND",
            "the site does not ask it"
        );
        list_at(&auth, &boss, "default", &["forum", "local"]).await;
        let wrong = try_link(link("anna", "Secret124", PASSWORD)).await;
        assert_eq!(reason(wrong), "INVALID_CREDENTIALS");
        let left_open = try_link(link("anna", SECRET, "not mine")).await;
        assert_eq!(
            reason(left_open),
            "OLD_PASSWORD_WRONG",
            "a session left open is not enough"
        );
        assert_eq!(list(&auth, &carl).await.len(), 1);

        try_link(link("anna", SECRET, PASSWORD)).await.unwrap();
        let linked = ("forum".to_owned(), "2".to_owned());
        assert!(list(&auth, &carl).await.contains(&linked));
        let by_forum = auth.login("anna", SECRET).await.unwrap();
        assert_eq!(
            user_of(&by_forum).id,
            user_of(&carl).id,
            "one account by two ways"
        );
        auth.login("carl", PASSWORD).await.unwrap();

        // Somebody else cannot take it.
        let dora = auth.newcomer("dora").await;
        let request = signed_in(&dora, link("anna", SECRET, PASSWORD));
        let taken = identities(&auth).link_identity(request).await;
        assert_eq!(reason(taken), "IDENTITY_TAKEN");

        let mut client = identities(&auth);
        let done = client
            .unlink_identity(signed_in(&carl, unlink("forum", "2")))
            .await;
        done.unwrap();
        let gone = client
            .unlink_identity(signed_in(&carl, unlink("forum", "2")))
            .await;
        assert_eq!(reason(gone), "IDENTITY_NOT_FOUND");
        let anna = auth.login("anna", SECRET).await.unwrap();
        assert_ne!(user_of(&anna).id, user_of(&carl).id);
        // The last one stays.
        let last = client
            .unlink_identity(signed_in(&anna, unlink("forum", "2")))
            .await;
        assert_eq!(reason(last), "LAST_IDENTITY");
        let actions: Vec<_> = auth
            .audit()
            .await
            .into_iter()
            .map(|entry| entry.0)
            .collect();
        for action in ["identity.link", "identity.link_failed", "identity.unlink"] {
            assert!(actions.iter().any(|done| done == action), "{action}");
        }
        auth.stop().await;
    }
}

/// §4.7, §4.10
#[tokio::test]
async fn administrators_link_and_nobody_touches_the_break_glass_account() {
    for auth in every_engine().await {
        let forum = ForeignDatabase::sqlite().await.with_phpbb().await;
        let boss = auth.administrator().await;
        create(&auth, &boss, store_on("forum", "phpbb3", &forum))
            .await
            .unwrap();
        list_at(&auth, &boss, "default", &["forum", "local"]).await;
        let carl = auth.newcomer("carl").await;
        let request = |user: &Login, login: &str| proto::LinkUserIdentityRequest {
            user_id: user_of(user).id,
            store_id: "forum".to_owned(),
            login: login.to_owned(),
        };
        let mut client = identities(&auth);
        let denied = client
            .link_user_identity(signed_in(&carl, request(&carl, "anna")))
            .await;
        assert_eq!(reason(denied), "PERMISSION_DENIED");
        let absent = client
            .link_user_identity(signed_in(&boss, request(&carl, "nobody")))
            .await;
        assert_eq!(reason(absent), "IDENTITY_NOT_FOUND");
        client
            .link_user_identity(signed_in(&boss, request(&carl, "anna")))
            .await
            .unwrap();
        let anna = auth.login("anna", SECRET).await.unwrap();
        assert_eq!(user_of(&anna).id, user_of(&carl).id);
        let glass = client
            .link_user_identity(signed_in(&boss, request(&boss, "alice")))
            .await;
        assert_eq!(reason(glass), "BREAK_GLASS_IS_LOCAL");
        let unlink = proto::UnlinkUserIdentityRequest {
            user_id: user_of(&carl).id,
            store_id: "forum".to_owned(),
            external_id: "2".to_owned(),
        };
        client
            .unlink_user_identity(signed_in(&boss, unlink))
            .await
            .unwrap();
        assert_eq!(list(&auth, &carl).await.len(), 1);
        auth.stop().await;
    }
}
