//! `GroupService`: members.

use im_proto::auth as proto;
use im_proto::auth::group::Kind;
use im_proto::auth::group_member::Role;

use super::super::harness::{Auth, every_engine, reason, signed_in};
use super::groups::new_group;
use super::{Login, changes, groups, id_of, revision};

fn join(group: &str) -> proto::JoinGroupRequest {
    proto::JoinGroupRequest {
        group_id: group.to_owned(),
    }
}

fn leave(group: &str) -> proto::LeaveGroupRequest {
    proto::LeaveGroupRequest {
        group_id: group.to_owned(),
    }
}

fn give(group: &str, user: &Login, role: Role) -> proto::SetGroupMemberRequest {
    let (group_id, user_id) = (group.to_owned(), id_of(user));
    proto::SetGroupMemberRequest {
        group_id,
        user_id,
        role: role.into(),
    }
}

fn take(group: &str, user: &Login) -> proto::RemoveGroupMemberRequest {
    proto::RemoveGroupMemberRequest {
        group_id: group.to_owned(),
        user_id: id_of(user),
    }
}

async fn members(auth: &Auth, login: &Login, group: &str) -> Vec<(String, Role)> {
    let request = proto::ListGroupMembersRequest {
        group_id: group.to_owned(),
        ..Default::default()
    };
    let found = groups(auth)
        .list_group_members(signed_in(login, request))
        .await
        .unwrap();
    found
        .into_inner()
        .members
        .into_iter()
        .map(|m| (m.user_id.clone(), m.role()))
        .collect()
}

/// The groups that other services hear somebody belongs to.
async fn told_groups(auth: &Auth, login: &Login) -> Vec<String> {
    let request = proto::BatchGetUsersRequest {
        user_ids: vec![id_of(login)],
    };
    auth.internal()
        .batch_get_users(request)
        .await
        .unwrap()
        .into_inner()
        .users[0]
        .group_ids
        .clone()
}

#[tokio::test]
async fn joining_an_official_group_is_asked_for_and_granted() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let group = new_group(&auth, &boss, "Staff", Kind::Official).await;
        let before = revision(&auth).await;
        let asked = groups(&auth)
            .join_group(signed_in(&anna, join(&group)))
            .await
            .unwrap();
        assert_eq!(asked.into_inner().member.unwrap().role(), Role::Requested);
        assert_eq!(
            revision(&auth).await,
            before,
            "a request is nobody else's business"
        );
        assert!(told_groups(&auth, &anna).await.is_empty());
        let asking = proto::ListGroupMembersRequest {
            group_id: group.clone(),
            ..Default::default()
        };
        let refused = groups(&auth)
            .list_group_members(signed_in(&anna, asking))
            .await;
        assert_eq!(reason(refused), "NOT_A_MANAGER");
        assert_eq!(members(&auth, &boss, &group).await.len(), 2);

        let refused = groups(&auth)
            .set_group_member(signed_in(&anna, give(&group, &anna, Role::Member)))
            .await;
        assert_eq!(reason(refused), "NOT_A_MANAGER");
        // People are listed in the order in which they came, and this clock stands still.
        auth.clock.advance(std::time::Duration::from_secs(1));
        groups(&auth)
            .set_group_member(signed_in(&boss, give(&group, &anna, Role::Member)))
            .await
            .unwrap();
        let kinds: Vec<_> = changes(&auth, before)
            .await
            .into_iter()
            .map(|change| change.0)
            .collect();
        assert_eq!(
            kinds,
            [proto::change::Kind::Group, proto::change::Kind::User]
        );
        assert_eq!(
            told_groups(&auth, &anna).await,
            std::slice::from_ref(&group)
        );
        assert_eq!(
            members(&auth, &anna, &group).await,
            [(id_of(&boss), Role::Manager), (id_of(&anna), Role::Member),]
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn the_last_manager_stays_while_others_are_there() {
    for auth in every_engine().await {
        let (anna, bert) = (auth.newcomer("anna").await, auth.newcomer("bert").await);
        let group = new_group(&auth, &anna, "Chess", Kind::Public).await;
        groups(&auth)
            .join_group(signed_in(&bert, join(&group)))
            .await
            .unwrap();
        for refused in [
            groups(&auth)
                .leave_group(signed_in(&anna, leave(&group)))
                .await
                .map(|_| ()),
            groups(&auth)
                .set_group_member(signed_in(&anna, give(&group, &anna, Role::Member)))
                .await
                .map(|_| ()),
            groups(&auth)
                .remove_group_member(signed_in(&anna, take(&group, &anna)))
                .await
                .map(|_| ()),
        ] {
            assert_eq!(reason(refused), "LAST_GROUP_MANAGER");
        }
        groups(&auth)
            .set_group_member(signed_in(&anna, give(&group, &bert, Role::Manager)))
            .await
            .unwrap();
        // Both leave at the same time: the one who comes second is alone and takes the group along.
        let (mut one, mut other) = (groups(&auth), groups(&auth));
        let (first, second) = tokio::join!(
            one.leave_group(signed_in(&anna, leave(&group))),
            other.leave_group(signed_in(&bert, leave(&group))),
        );
        first.unwrap();
        second.unwrap();
        let get = proto::GetGroupRequest { group_id: group };
        assert_eq!(
            reason(groups(&auth).get_group(signed_in(&anna, get)).await),
            "GROUP_NOT_FOUND"
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn managers_add_and_remove_people() {
    for auth in every_engine().await {
        let (anna, bert) = (auth.newcomer("anna").await, auth.newcomer("bert").await);
        let group = new_group(&auth, &anna, "Board", Kind::Private).await;
        groups(&auth)
            .set_group_member(signed_in(&anna, give(&group, &bert, Role::Member)))
            .await
            .unwrap();
        assert_eq!(members(&auth, &bert, &group).await.len(), 2);
        let refused = groups(&auth)
            .remove_group_member(signed_in(&bert, take(&group, &anna)))
            .await;
        assert_eq!(reason(refused), "NOT_A_MANAGER");
        groups(&auth)
            .remove_group_member(signed_in(&anna, take(&group, &bert)))
            .await
            .unwrap();
        let again = groups(&auth)
            .remove_group_member(signed_in(&anna, take(&group, &bert)))
            .await;
        assert_eq!(reason(again), "GROUP_MEMBER_NOT_FOUND");
        assert!(told_groups(&auth, &bert).await.is_empty());
        let nobody = proto::SetGroupMemberRequest {
            user_id: "usr_00000000000000000000000000".to_owned(),
            ..give(&group, &bert, Role::Member)
        };
        let refused = groups(&auth)
            .set_group_member(signed_in(&anna, nobody))
            .await;
        assert_eq!(reason(refused), "USER_NOT_FOUND");
        let refused = groups(&auth)
            .set_group_member(signed_in(&anna, give(&group, &bert, Role::Requested)))
            .await;
        assert_eq!(reason(refused), "INVALID_FIELD");
        auth.stop().await;
    }
}
