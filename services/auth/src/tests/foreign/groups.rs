//! What a store gives, only that store takes away; values by their modes; accounts that wait.

use im_proto::auth as proto;
use im_proto::auth::group_service_client::GroupServiceClient;
use im_proto::auth::role_service_client::RoleServiceClient;
use proto::identity_store::{AttributeMode, GroupRule};

use super::super::harness::{Auth, every_engine, reason, signed_in};
use super::database::ForeignDatabase;
use super::{Login, SECRET, create, list_at, store_on, update, user_of};

async fn new_role(auth: &Auth, boss: &Login, name: &str) -> String {
    let request = proto::CreateRoleRequest {
        name: name.to_owned(),
        permissions: vec!["audit.view".to_owned()],
    };
    let made = RoleServiceClient::new(auth.channel())
        .create_role(signed_in(boss, request))
        .await;
    made.unwrap().into_inner().role.unwrap().id
}

async fn new_group(auth: &Auth, boss: &Login, name: &str) -> String {
    let request = proto::CreateGroupRequest {
        name: name.to_owned(),
        kind: proto::group::Kind::Private.into(),
        ..Default::default()
    };
    let made = GroupServiceClient::new(auth.channel())
        .create_group(signed_in(boss, request))
        .await;
    made.unwrap().into_inner().group.unwrap().id
}

async fn members(auth: &Auth, boss: &Login, group_id: &str) -> Vec<String> {
    let request = proto::ListGroupMembersRequest {
        group_id: group_id.to_owned(),
        ..Default::default()
    };
    let list = GroupServiceClient::new(auth.channel())
        .list_group_members(signed_in(boss, request))
        .await;
    let members = list.unwrap().into_inner().members;
    members.into_iter().map(|member| member.user_id).collect()
}

/// phpBB with groups; Anna is in `STAFF`.
async fn forum() -> ForeignDatabase {
    let forum = ForeignDatabase::sqlite().await.with_phpbb().await;
    forum
        .run("CREATE TABLE in_group (user_id INTEGER NOT NULL, group_name VARCHAR(50) NOT NULL)")
        .await;
    forum.run("INSERT INTO in_group VALUES (2, 'STAFF')").await;
    forum
}

fn with_groups(database: &ForeignDatabase) -> proto::CreateIdentityStoreRequest {
    let mut request = store_on("forum", "phpbb3", database);
    let store = request.store.as_mut().unwrap();
    let query = "SELECT group_name FROM in_group WHERE user_id = :id";
    store
        .settings
        .insert("users.groups".to_owned(), query.to_owned());
    request
}

/// §4.6
#[tokio::test]
async fn what_a_store_gives_only_that_store_takes_away() {
    for auth in every_engine().await {
        let forum = forum().await;
        let boss = auth.administrator().await;
        let (given, granted) = (
            new_role(&auth, &boss, "Given").await,
            new_role(&auth, &boss, "Granted").await,
        );
        let group = new_group(&auth, &boss, "Staff").await;
        let mut request = with_groups(&forum);
        request.store.as_mut().unwrap().group_rules = vec![GroupRule {
            when_group: "staff".to_owned(),
            give_role_id: given.clone(),
            join_group_id: group.clone(),
        }];
        create(&auth, &boss, request).await.unwrap();
        list_at(&auth, &boss, "default", &["forum"]).await;

        let anna = user_of(&auth.login("anna", SECRET).await.unwrap());
        assert_eq!(anna.role_ids, [given.as_str()]);
        assert!(members(&auth, &boss, &group).await.contains(&anna.id));
        // A role that somebody granted by hand beside it stays for good.
        let grant = |role_id: &String| proto::GrantRoleRequest {
            user_id: anna.id.clone(),
            role_id: role_id.clone(),
        };
        let mut roles = RoleServiceClient::new(auth.channel());
        roles
            .grant_role(signed_in(&boss, grant(&granted)))
            .await
            .unwrap();

        forum.run("DELETE FROM in_group").await;
        let anna = user_of(&auth.login("anna", SECRET).await.unwrap());
        assert_eq!(anna.role_ids, [granted.as_str()]);
        assert!(!members(&auth, &boss, &group).await.contains(&anna.id));

        // The same role by hand and by the store: the store takes its own away only.
        roles
            .grant_role(signed_in(&boss, grant(&given)))
            .await
            .unwrap();
        forum.run("INSERT INTO in_group VALUES (2, 'STAFF')").await;
        auth.login("anna", SECRET).await.unwrap();
        forum.run("DELETE FROM in_group").await;
        let anna = user_of(&auth.login("anna", SECRET).await.unwrap());
        assert!(anna.role_ids.contains(&given), "{:?}", anna.role_ids);
        auth.stop().await;
    }
}

#[tokio::test]
async fn nobody_lets_a_store_give_rights_that_they_lack() {
    for auth in every_engine().await {
        let forum = forum().await;
        let boss = auth.administrator().await;
        let strong = new_role(&auth, &boss, "Strong").await;
        let role = proto::CreateRoleRequest {
            name: "Connector".to_owned(),
            permissions: vec!["stores.manage".to_owned()],
        };
        let mut roles = RoleServiceClient::new(auth.channel());
        let made = roles.create_role(signed_in(&boss, role)).await.unwrap();
        auth.newcomer("carl").await;
        let carl = auth
            .login("carl", super::super::harness::PASSWORD)
            .await
            .unwrap();
        let grant = proto::GrantRoleRequest {
            user_id: user_of(&carl).id,
            role_id: made.into_inner().role.unwrap().id,
        };
        roles.grant_role(signed_in(&boss, grant)).await.unwrap();
        let mut request = with_groups(&forum);
        request.store.as_mut().unwrap().group_rules = vec![GroupRule {
            when_group: "staff".to_owned(),
            give_role_id: strong,
            join_group_id: String::new(),
        }];
        let refused = create(&auth, &carl, request.clone()).await;
        assert_eq!(reason(refused), "PERMISSION_NOT_HELD");
        request.store.as_mut().unwrap().group_rules.clear();
        create(&auth, &carl, request).await.unwrap();
        auth.stop().await;
    }
}

/// §4.6
#[tokio::test]
async fn values_count_as_their_modes_say() {
    for auth in every_engine().await {
        let forum = forum().await;
        let boss = auth.administrator().await;
        let mut store = create(&auth, &boss, with_groups(&forum)).await.unwrap();
        list_at(&auth, &boss, "default", &["forum"]).await;
        let anna = user_of(&auth.login("anna", SECRET).await.unwrap());
        assert_eq!(
            anna.display_name, "Anna",
            "suggested when the account was made"
        );

        forum
            .run("UPDATE phpbb_users SET username = 'Anna B.', user_email = 'b@forum.example' WHERE user_id = 2")
            .await;
        store
            .attributes
            .insert("email".to_owned(), AttributeMode::Force.into());
        update(&auth, &boss, store.clone()).await;
        let anna = user_of(&auth.login("anna", SECRET).await.unwrap());
        assert_eq!(anna.email, "b@forum.example", "forced");
        assert_eq!(anna.display_name, "Anna", "what was suggested once stays");

        store
            .attributes
            .insert("email".to_owned(), AttributeMode::Require.into());
        update(&auth, &boss, store.clone()).await;
        forum
            .run("UPDATE phpbb_users SET user_email = '' WHERE user_id = 2")
            .await;
        assert_eq!(
            reason(auth.login("anna", SECRET).await),
            "STORE_ATTRIBUTE_MISSING"
        );
        store
            .attributes
            .insert("email".to_owned(), AttributeMode::Ignore.into());
        store.new_accounts_wait = true;
        update(&auth, &boss, store).await;
        let anna = user_of(&auth.login("anna", SECRET).await.unwrap());
        assert_eq!(anna.email, "b@forum.example");
        assert_eq!(
            reason(auth.login("alice", SECRET).await),
            "WAITING_APPROVAL",
            "new accounts wait"
        );
        auth.stop().await;
    }
}
