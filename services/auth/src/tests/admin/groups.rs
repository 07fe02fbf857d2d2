//! `GroupService`: groups.

use im_proto::auth as proto;
use im_proto::auth::group::Kind;

use super::super::harness::{Auth, every_engine, reason, signed_in};
use super::{Login, changes, groups, id_of, revision};

pub(super) fn create(name: &str, kind: Kind) -> proto::CreateGroupRequest {
    let (name, description) = (name.to_owned(), "about it".to_owned());
    proto::CreateGroupRequest {
        name,
        kind: kind.into(),
        description,
    }
}

pub(super) async fn new_group(auth: &Auth, by: &Login, name: &str, kind: Kind) -> String {
    let made = groups(auth)
        .create_group(signed_in(by, create(name, kind)))
        .await
        .unwrap();
    made.into_inner().group.unwrap().id
}

async fn names(auth: &Auth, login: &Login, request: proto::ListGroupsRequest) -> Vec<String> {
    let found = groups(auth)
        .list_groups(signed_in(login, request))
        .await
        .unwrap();
    found
        .into_inner()
        .groups
        .into_iter()
        .map(|group| group.name)
        .collect()
}

#[tokio::test]
async fn a_private_group_exists_for_its_members_only() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let bert = auth.newcomer("bert").await;
        let before = revision(&auth).await;
        let group = new_group(&auth, &anna, "Board", Kind::Private).await;
        let changed = changes(&auth, before).await;
        assert_eq!(
            changed,
            [
                (proto::change::Kind::Group, group.clone()),
                (proto::change::Kind::User, id_of(&anna)),
            ]
        );
        let get = || proto::GetGroupRequest {
            group_id: group.clone(),
        };
        let found = groups(&auth)
            .get_group(signed_in(&anna, get()))
            .await
            .unwrap();
        assert_eq!(found.into_inner().group.unwrap().member_count, 1);
        groups(&auth)
            .get_group(signed_in(&boss, get()))
            .await
            .unwrap();
        let refused = groups(&auth).get_group(signed_in(&bert, get())).await;
        assert_eq!(reason(refused), "GROUP_NOT_FOUND");
        let join = proto::JoinGroupRequest {
            group_id: group.clone(),
        };
        let refused = groups(&auth).join_group(signed_in(&bert, join)).await;
        assert_eq!(reason(refused), "GROUP_NOT_FOUND");
        let leave = proto::LeaveGroupRequest {
            group_id: group.clone(),
        };
        let refused = groups(&auth).leave_group(signed_in(&bert, leave)).await;
        assert_eq!(reason(refused), "GROUP_NOT_FOUND");
        let update = proto::UpdateGroupRequest {
            group_id: group.clone(),
            ..Default::default()
        };
        let refused = groups(&auth).update_group(signed_in(&bert, update)).await;
        assert_eq!(reason(refused), "GROUP_NOT_FOUND");
        assert!(
            names(&auth, &bert, proto::ListGroupsRequest::default())
                .await
                .is_empty()
        );
        assert_eq!(
            names(&auth, &anna, proto::ListGroupsRequest::default()).await,
            ["Board"]
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn groups_are_listed_by_name_page_by_page() {
    for auth in every_engine().await {
        let (anna, bert) = (auth.newcomer("anna").await, auth.newcomer("bert").await);
        for name in ["chess", "Bridge", "Choir"] {
            new_group(&auth, &anna, name, Kind::Public).await;
        }
        new_group(&auth, &bert, "Cooks", Kind::Public).await;
        assert_eq!(
            names(&auth, &anna, proto::ListGroupsRequest::default()).await,
            ["Bridge", "chess", "Choir", "Cooks"]
        );
        let begin = proto::ListGroupsRequest {
            query: "CH".to_owned(),
            ..Default::default()
        };
        assert_eq!(names(&auth, &bert, begin).await, ["chess", "Choir"]);
        let mine = proto::ListGroupsRequest {
            mine: true,
            ..Default::default()
        };
        assert_eq!(names(&auth, &bert, mine).await, ["Cooks"]);
        let page = proto::ListGroupsRequest {
            page_size: 3,
            ..Default::default()
        };
        let first = groups(&auth)
            .list_groups(signed_in(&anna, page.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(first.groups.len(), 3);
        let rest = proto::ListGroupsRequest {
            page_token: first.next_page_token,
            ..page
        };
        assert_eq!(names(&auth, &anna, rest).await, ["Cooks"]);
        let foreign = proto::ListGroupsRequest {
            page_token: "nonsense".to_owned(),
            ..Default::default()
        };
        let refused = groups(&auth).list_groups(signed_in(&anna, foreign)).await;
        assert_eq!(reason(refused), "INVALID_FIELD");
        auth.stop().await;
    }
}

#[tokio::test]
async fn official_groups_are_the_organisations() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let request = signed_in(&anna, create("Staff", Kind::Official));
        assert_eq!(
            reason(groups(&auth).create_group(request).await),
            "PERMISSION_DENIED"
        );
        let own = new_group(&auth, &anna, "Chess", Kind::Public).await;
        let promote = proto::UpdateGroupRequest {
            group_id: own.clone(),
            kind: Some(Kind::Official.into()),
            ..Default::default()
        };
        let refused = groups(&auth)
            .update_group(signed_in(&anna, promote.clone()))
            .await;
        assert_eq!(reason(refused), "PERMISSION_DENIED");
        let done = groups(&auth)
            .update_group(signed_in(&boss, promote))
            .await
            .unwrap();
        assert_eq!(done.into_inner().group.unwrap().kind(), Kind::Official);
        new_group(&auth, &boss, "Staff", Kind::Official).await;
        let request = signed_in(&boss, create("STAFF", Kind::Public));
        assert_eq!(
            reason(groups(&auth).create_group(request).await),
            "GROUP_NAME_TAKEN"
        );
        let rename = proto::UpdateGroupRequest {
            group_id: own,
            name: Some("staff".to_owned()),
            ..Default::default()
        };
        let refused = groups(&auth).update_group(signed_in(&boss, rename)).await;
        assert_eq!(reason(refused), "GROUP_NAME_TAKEN");
        auth.stop().await;
    }
}

#[tokio::test]
async fn policy_says_who_makes_groups_and_how_many_one_belongs_to() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        auth.set_policy("groups_per_user_max", "2").await;
        new_group(&auth, &anna, "One", Kind::Public).await;
        let open = new_group(&auth, &boss, "Two", Kind::Public).await;
        let more = new_group(&auth, &boss, "Three", Kind::Public).await;
        let join = |group_id: &str| proto::JoinGroupRequest {
            group_id: group_id.to_owned(),
        };
        groups(&auth)
            .join_group(signed_in(&anna, join(&open)))
            .await
            .unwrap();
        groups(&auth)
            .join_group(signed_in(&anna, join(&open)))
            .await
            .unwrap();
        let refused = groups(&auth)
            .join_group(signed_in(&anna, join(&more)))
            .await;
        assert_eq!(reason(refused), "TOO_MANY_GROUPS");
        auth.set_policy("groups_create", "false").await;
        let request = signed_in(&anna, create("Four", Kind::Public));
        assert_eq!(
            reason(groups(&auth).create_group(request).await),
            "FORBIDDEN_BY_POLICY"
        );
        auth.stop().await;
    }
}
