//! `IdentityStoreService`: secrets, permissions, versions, the test bench.

use std::collections::HashMap;

use im_proto::auth as proto;
use im_proto::auth::auth_service_client::AuthServiceClient;

use super::super::harness::{every_engine, from_here, reason, signed_in};
use super::database::ForeignDatabase;
use super::{SECRET, create, list_at, store_on, stores, update};

fn get(id: &str) -> proto::GetIdentityStoreRequest {
    proto::GetIdentityStoreRequest {
        store_id: id.to_owned(),
    }
}

#[tokio::test]
async fn secrets_are_sealed_and_never_told_and_do_not_follow_to_another_server() {
    struct Sealed(Vec<u8>);
    impl im_store::FromRow for Sealed {
        fn from_row(row: &im_store::Row) -> Result<Self, im_store::StoreError> {
            Ok(Self(row.get_bytes("secrets")?))
        }
    }
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        let settings = [
            ("driver", "mysql"),
            ("host", "db.invalid"),
            ("database", "forum"),
            ("user", "reader"),
        ];
        let request = proto::CreateIdentityStoreRequest {
            store: Some(proto::IdentityStore {
                id: "forum".to_owned(),
                kind: proto::identity_store::Kind::Sql.into(),
                name: "Forum".to_owned(),
                preset: "phpbb3".to_owned(),
                settings: settings
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
                enabled: true,
                ..Default::default()
            }),
            secrets: HashMap::from([("password".to_owned(), "hunter2-hunter2".to_owned())]),
        };
        let made = create(&auth, &boss, request.clone()).await.unwrap();
        assert_eq!(made.secret_names, ["password"]);
        assert!(!format!("{made:?}").contains("hunter2"));
        let sealed: Sealed = im_store::query("SELECT secrets FROM identity_stores")
            .fetch_one(auth.database())
            .await
            .unwrap();
        assert!(!sealed.0.windows(7).any(|part| part == b"hunter2"));
        assert!(
            auth.audit()
                .await
                .iter()
                .all(|entry| !entry.1.contains("hunter2"))
        );
        let exists = create(&auth, &boss, request).await;
        assert_eq!(reason(exists), "IDENTITY_STORE_EXISTS");

        // Another name keeps the secret, another server does not get it.
        let mut renamed = made.clone();
        renamed.name = "The forum".to_owned();
        update(&auth, &boss, renamed.clone()).await;
        let read = || async {
            let mut client = stores(&auth);
            let found = client.get_identity_store(signed_in(&boss, get("forum")));
            found.await.unwrap().into_inner().store.unwrap()
        };
        assert_eq!(read().await.secret_names, ["password"]);
        renamed
            .settings
            .insert("host".to_owned(), "evil.invalid".to_owned());
        update(&auth, &boss, renamed).await;
        assert!(read().await.secret_names.is_empty());
        auth.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_and_what_is_used_is_not_removed() {
    for auth in every_engine().await {
        let forum = ForeignDatabase::sqlite().await.with_phpbb().await;
        let boss = auth.administrator().await;
        let anna = auth.newcomer("anna-here").await;
        let denied = create(&auth, &anna, store_on("forum", "phpbb3", &forum)).await;
        assert_eq!(reason(denied), "PERMISSION_DENIED");
        for (id, preset) in [
            ("forum", "no-such-preset"),
            ("local", "phpbb3"),
            ("A", "phpbb3"),
        ] {
            let refused = create(&auth, &boss, store_on(id, preset, &forum)).await;
            assert_eq!(reason(refused), "INVALID_FIELD", "{id} {preset}");
        }
        let mut ldap = store_on("ldap", "phpbb3", &forum);
        ldap.store.as_mut().unwrap().kind = 9;
        assert_eq!(reason(create(&auth, &boss, ldap).await), "INVALID_FIELD");
        create(&auth, &boss, store_on("forum", "phpbb3", &forum))
            .await
            .unwrap();
        list_at(&auth, &boss, "default", &["forum", "local"]).await;
        let delete = proto::DeleteIdentityStoreRequest {
            store_id: "forum".to_owned(),
        };
        let used = stores(&auth)
            .delete_identity_store(signed_in(&boss, delete.clone()))
            .await;
        assert_eq!(reason(used), "IDENTITY_STORE_IN_USE");
        auth.login("anna", SECRET).await.unwrap();
        list_at(&auth, &boss, "default", &["local"]).await;
        assert_eq!(
            reason(auth.login("anna", SECRET).await),
            "INVALID_CREDENTIALS",
            "no site asks the store any more"
        );
        stores(&auth)
            .delete_identity_store(signed_in(&boss, delete))
            .await
            .unwrap();
        let gone = stores(&auth)
            .get_identity_store(signed_in(&boss, get("forum")))
            .await;
        assert_eq!(reason(gone), "IDENTITY_STORE_NOT_FOUND");
        let actions: Vec<_> = auth
            .audit()
            .await
            .into_iter()
            .map(|entry| entry.0)
            .collect();
        for action in ["store.create", "store.delete"] {
            assert!(actions.iter().any(|done| done == action), "{action}");
        }
        auth.stop().await;
    }
}

#[tokio::test]
async fn a_change_counts_on_every_replica_without_a_restart() {
    for auth in every_engine().await {
        let forum = ForeignDatabase::sqlite().await.with_phpbb().await;
        let boss = auth.administrator().await;
        let (app, channel) = auth.replica().await;
        let seen = app.newest_revision().await.unwrap();
        create(&auth, &boss, store_on("forum", "phpbb3", &forum))
            .await
            .unwrap();
        list_at(&auth, &boss, "default", &["forum"]).await;
        app.follow_changes(seen).await.unwrap();
        let request = proto::LoginRequest {
            username: "anna".to_owned(),
            password: SECRET.to_owned(),
            ..Default::default()
        };
        AuthServiceClient::new(channel)
            .login(from_here(request))
            .await
            .unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn a_test_tells_everything_and_changes_nothing() {
    for auth in every_engine().await {
        let forum = ForeignDatabase::sqlite().await.with_phpbb().await;
        let boss = auth.administrator().await;
        create(&auth, &boss, store_on("forum", "phpbb3", &forum))
            .await
            .unwrap();
        let test = |login: &str, password: &str| {
            let request = proto::TestIdentityStoreRequest {
                store_id: "forum".to_owned(),
                login: login.to_owned(),
                password: password.to_owned(),
            };
            let mut client = stores(&auth);
            let request = signed_in(&boss, request);
            async move {
                client
                    .test_identity_store(request)
                    .await
                    .unwrap()
                    .into_inner()
            }
        };
        let found = test("anna", SECRET).await;
        assert_eq!(found.verdict, "MATCH");
        assert_eq!(found.first_sign_in, "makes the account anna");
        let names: Vec<_> = found.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "connect",
                "schema",
                "privileges",
                "index",
                "sample",
                "verify"
            ]
        );
        assert_eq!(found.schemes[0].scheme, "phpass");
        assert_eq!(found.person["login"], "a***", "masked");
        assert!(!format!("{found:?}").contains("$P$B"));
        assert_eq!(test("anna", "wrong").await.verdict, "MISMATCH");
        assert_eq!(test("off", SECRET).await.verdict, "DISABLED");
        assert_eq!(test("nobody", "").await.verdict, "ABSENT");
        assert_eq!(test("", "").await.verdict, "");
        let presets = proto::ListPresetsRequest {
            query: "phpBB".to_owned(),
        };
        let presets = stores(&auth).list_presets(signed_in(&boss, presets)).await;
        let presets = presets.unwrap().into_inner().presets;
        assert!(presets.iter().any(|preset| preset.id == "phpbb3"));
        // Nobody has an account by it.
        list_at(&auth, &boss, "default", &["local"]).await;
        let people = proto::ListUsersRequest {
            query: "anna".to_owned(),
            ..Default::default()
        };
        let people = auth.users().list_users(signed_in(&boss, people)).await;
        assert!(people.unwrap().into_inner().users.is_empty());
        auth.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_no_wrong_password_and_nobody_goes_on() {
    for auth in every_engine().await {
        let forum = ForeignDatabase::sqlite().await.with_phpbb().await;
        let boss = auth.administrator().await;
        let mut request = store_on("forum", "phpbb3", &forum);
        // Nobody listens on this port.
        let store = request.store.as_mut().unwrap();
        store
            .settings
            .insert("driver".to_owned(), "mysql".to_owned());
        request.secrets = HashMap::from([(
            "url".to_owned(),
            "mysql://reader@127.0.0.1:1/forum".to_owned(),
        )]);
        create(&auth, &boss, request).await.unwrap();
        list_at(&auth, &boss, "default", &["forum", "local"]).await;
        auth.register("bert").await.unwrap();
        for _ in 0..20 {
            let away = auth.login("bert", super::super::harness::PASSWORD).await;
            assert_eq!(reason(away), "IDENTITY_STORE_UNAVAILABLE");
        }
        list_at(&auth, &boss, "default", &["local"]).await;
        auth.login("bert", super::super::harness::PASSWORD)
            .await
            .unwrap();
        auth.stop().await;
    }
}
