//! `RoleService`.

use im_proto::auth as proto;

use super::super::harness::{every_engine, reason, reasoned, signed_in};
use super::{grant, id_of, new_role, of_role, policies, roles, set};

fn create(name: &str, permissions: &[&str]) -> proto::CreateRoleRequest {
    let permissions = permissions
        .iter()
        .map(|&permission| permission.to_owned())
        .collect();
    proto::CreateRoleRequest {
        name: name.to_owned(),
        permissions,
    }
}

#[tokio::test]
async fn nobody_gives_a_permission_that_they_lack() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let bert = auth.newcomer("bert").await;
        let refused = roles(&auth)
            .create_role(signed_in(&anna, create("x", &[])))
            .await;
        assert_eq!(reason(refused), "PERMISSION_DENIED");

        let keeper = new_role(&auth, &boss, "Keeper", &["roles.manage", "users.view"]).await;
        let auditor = new_role(&auth, &boss, "Auditor", &["audit.view"]).await;
        grant(&auth, &boss, &anna, &keeper).await;
        let refused = roles(&auth)
            .create_role(signed_in(&anna, create("x", &["audit.view"])))
            .await;
        let refused = reasoned(refused);
        assert!(refused.has_reason("PERMISSION_NOT_HELD"));
        assert_eq!(refused.metadata["permission"], "audit.view");

        let give = |role_id: &str, user_id: String| proto::GrantRoleRequest {
            user_id,
            role_id: role_id.to_owned(),
        };
        let request = signed_in(&anna, give(&auditor, id_of(&anna)));
        assert_eq!(
            reason(roles(&auth).grant_role(request).await),
            "PERMISSION_NOT_HELD"
        );
        let widen = proto::UpdateRoleRequest {
            role_id: keeper.clone(),
            permissions: vec!["roles.manage".to_owned(), "policy.manage".to_owned()],
            replace_permissions: true,
            name: None,
        };
        let refused = roles(&auth).update_role(signed_in(&anna, widen)).await;
        assert_eq!(reason(refused), "PERMISSION_NOT_HELD");
        let remove = proto::DeleteRoleRequest { role_id: auditor };
        let refused = roles(&auth).delete_role(signed_in(&anna, remove)).await;
        assert_eq!(reason(refused), "PERMISSION_NOT_HELD");
        // What she holds she may pass on.
        roles(&auth)
            .grant_role(signed_in(&anna, give(&keeper, id_of(&bert))))
            .await
            .unwrap();
        auth.stop().await;
    }
}

#[tokio::test]
async fn a_permission_bites_with_the_next_call_and_goes_with_the_role() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let role = new_role(&auth, &boss, "Clerks", &["policy.manage"]).await;
        let limit = || set("contacts_max", "7", None);
        let refused = policies(&auth)
            .set_policy_value(signed_in(&anna, limit()))
            .await;
        assert_eq!(reason(refused), "PERMISSION_DENIED");
        grant(&auth, &boss, &anna, &role).await;
        policies(&auth)
            .set_policy_value(signed_in(&anna, limit()))
            .await
            .unwrap();
        let request = signed_in(&boss, set("contacts_max", "9", Some(of_role(&role))));
        policies(&auth).set_policy_value(request).await.unwrap();

        let list = signed_in(&boss, proto::ListRolesRequest {});
        let all = roles(&auth).list_roles(list).await.unwrap().into_inner();
        let found = all.roles.iter().find(|found| found.id == role).unwrap();
        assert_eq!((found.holder_count, found.is_builtin), (1, false));
        assert!(all.permissions.contains(&"users.manage".to_owned()));

        let remove = proto::DeleteRoleRequest {
            role_id: role.clone(),
        };
        roles(&auth)
            .delete_role(signed_in(&boss, remove))
            .await
            .unwrap();
        let refused = policies(&auth)
            .set_policy_value(signed_in(&anna, limit()))
            .await;
        assert_eq!(reason(refused), "PERMISSION_DENIED");
        let list = signed_in(&boss, proto::ListPolicyValuesRequest::default());
        let values = policies(&auth)
            .list_policy_values(list)
            .await
            .unwrap()
            .into_inner()
            .values;
        assert!(
            values
                .iter()
                .all(|value| value.scope.as_ref().unwrap().role_id != role)
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn there_is_always_an_administrator() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let list = signed_in(&boss, proto::ListRolesRequest {});
        let all = roles(&auth)
            .list_roles(list)
            .await
            .unwrap()
            .into_inner()
            .roles;
        let administrator = all.into_iter().find(|role| role.is_builtin).unwrap().id;
        let take = |login: &proto::LoginResponse| proto::RevokeRoleRequest {
            user_id: id_of(login),
            role_id: administrator.clone(),
        };
        let refused = roles(&auth)
            .revoke_role(signed_in(&boss, take(&boss)))
            .await;
        assert_eq!(reason(refused), "LAST_ADMINISTRATOR");
        grant(&auth, &boss, &anna, &administrator).await;
        // Both take it from the other at the same time: one of them stays.
        let (mut one, mut other) = (roles(&auth), roles(&auth));
        let (first, second) = tokio::join!(
            one.revoke_role(signed_in(&boss, take(&anna))),
            other.revoke_role(signed_in(&anna, take(&boss))),
        );
        assert_eq!(
            [first.is_ok(), second.is_ok()]
                .iter()
                .filter(|ok| **ok)
                .count(),
            1
        );
        let change = proto::UpdateRoleRequest {
            role_id: administrator.clone(),
            name: Some("Boss".to_owned()),
            ..Default::default()
        };
        let winner = if first.is_ok() { &boss } else { &anna };
        let refused = roles(&auth).update_role(signed_in(winner, change)).await;
        assert_eq!(reason(refused), "ROLE_BUILTIN");
        auth.stop().await;
    }
}

#[tokio::test]
async fn names_of_roles_are_unique_without_regard_to_case() {
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        let first = new_role(&auth, &boss, "Clerks", &[]).await;
        let refused = roles(&auth)
            .create_role(signed_in(&boss, create("CLERKS", &[])))
            .await;
        assert_eq!(reason(refused), "ROLE_NAME_TAKEN");
        new_role(&auth, &boss, "Guests", &[]).await;
        let rename = |name: &str| proto::UpdateRoleRequest {
            role_id: first.clone(),
            name: Some(name.to_owned()),
            ..Default::default()
        };
        let refused = roles(&auth)
            .update_role(signed_in(&boss, rename("guests")))
            .await;
        assert_eq!(reason(refused), "ROLE_NAME_TAKEN");
        let renamed = roles(&auth)
            .update_role(signed_in(&boss, rename("clerks")))
            .await
            .unwrap();
        assert_eq!(renamed.into_inner().role.unwrap().name, "clerks");
        let refused = roles(&auth)
            .create_role(signed_in(&boss, create("x", &["fly"])))
            .await;
        assert_eq!(reason(refused), "INVALID_FIELD");
        auth.stop().await;
    }
}
