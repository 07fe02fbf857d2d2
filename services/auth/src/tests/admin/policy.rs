//! `PolicyService`.

use im_proto::auth as proto;
use im_proto::auth::policy_scope::Level;

use super::super::harness::{Auth, every_engine, reason, reasoned, signed_in};
use super::{
    Login, audit, changes, grant, id_of, new_role, of_role, of_site, policies, revision, set,
};

async fn contacts_max(auth: &Auth, login: &Login) -> (String, Level) {
    let request = signed_in(login, proto::GetPolicyRequest {});
    let values = policies(auth)
        .get_policy(request)
        .await
        .unwrap()
        .into_inner()
        .values;
    let value = values
        .into_iter()
        .find(|value| value.key == "contacts_max")
        .unwrap();
    let level = value.scope.unwrap().level();
    (value.value, level)
}

#[tokio::test]
async fn a_role_beats_the_site_and_the_site_the_whole() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        assert_eq!(
            contacts_max(&auth, &anna).await,
            ("500".to_owned(), Level::Default)
        );
        let role = new_role(&auth, &boss, "Guests", &[]).await;
        grant(&auth, &boss, &anna, &role).await;
        let before = revision(&auth).await;
        for (value, scope, level) in [
            ("300", None, Level::Global),
            ("200", Some(of_site("default")), Level::Site),
            ("3", Some(of_role(&role)), Level::Role),
        ] {
            let request = signed_in(&boss, set("contacts_max", value, scope));
            policies(&auth).set_policy_value(request).await.unwrap();
            assert_eq!(contacts_max(&auth, &anna).await, (value.to_owned(), level));
        }
        let kinds: Vec<_> = changes(&auth, before)
            .await
            .into_iter()
            .map(|c| c.0)
            .collect();
        assert_eq!(
            kinds,
            [proto::change::Kind::Snapshot; 3],
            "mirrors hear of each"
        );

        let clear = proto::ClearPolicyValueRequest {
            key: "contacts_max".to_owned(),
            scope: Some(of_role(&role)),
        };
        policies(&auth)
            .clear_policy_value(signed_in(&boss, clear.clone()))
            .await
            .unwrap();
        assert_eq!(
            contacts_max(&auth, &anna).await,
            ("200".to_owned(), Level::Site)
        );
        // Once more changes nothing, and is no act.
        let before = revision(&auth).await;
        policies(&auth)
            .clear_policy_value(signed_in(&boss, clear))
            .await
            .unwrap();
        assert_eq!(revision(&auth).await, before);
        auth.stop().await;
    }
}

#[tokio::test]
async fn explanations_name_every_level_and_who_set_it() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let request = signed_in(&boss, set("contacts_max", "300", None));
        policies(&auth).set_policy_value(request).await.unwrap();
        let explain = |user_id: String, key: &str| proto::ExplainPolicyRequest {
            user_id,
            key: key.to_owned(),
            ..Default::default()
        };
        let ask = signed_in(&boss, explain(id_of(&anna), "contacts_max"));
        let told = policies(&auth)
            .explain_policy(ask)
            .await
            .unwrap()
            .into_inner()
            .explanations;
        let effective = told[0].effective.clone().unwrap();
        assert_eq!(
            (effective.value.as_str(), &effective.updated_by),
            ("300", &id_of(&boss))
        );
        assert!(effective.update_time.is_some());
        let levels: Vec<_> = told[0]
            .levels
            .iter()
            .map(|v| v.scope.as_ref().unwrap().level())
            .collect();
        assert_eq!(levels, [Level::Default, Level::Global]);

        // People learn of their own values, but not of who set them or of what is not for them.
        let ask = signed_in(&anna, explain(String::new(), ""));
        let told = policies(&auth)
            .explain_policy(ask)
            .await
            .unwrap()
            .into_inner()
            .explanations;
        assert!(
            told.iter()
                .all(|e| e.effective.as_ref().unwrap().updated_by.is_empty())
        );
        assert!(
            told.iter()
                .all(|e| e.effective.as_ref().unwrap().key != "site_password")
        );
        let ask = signed_in(&anna, explain(id_of(&boss), ""));
        assert_eq!(
            reason(policies(&auth).explain_policy(ask).await),
            "PERMISSION_DENIED"
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn what_does_not_fit_the_registry_is_refused_by_name() {
    for auth in every_engine().await {
        let (boss, anna) = (auth.administrator().await, auth.newcomer("anna").await);
        let refusals = [
            (set("colour", "red", None), "POLICY_KEY_NOT_FOUND"),
            (set("contacts_max", "many", None), "POLICY_VALUE_INVALID"),
            (
                set(
                    "users_max",
                    "5",
                    Some(of_role("rol_00000000000000000000000000")),
                ),
                "POLICY_NOT_OVERRIDABLE",
            ),
            (
                set(
                    "contacts_max",
                    "5",
                    Some(of_role("rol_00000000000000000000000000")),
                ),
                "ROLE_NOT_FOUND",
            ),
            (
                set("contacts_max", "5", Some(of_site("nowhere"))),
                "SITE_NOT_FOUND",
            ),
            (set("contacts_max", "5", Some(of_site(""))), "INVALID_FIELD"),
        ];
        for (request, expected) in refusals {
            let refused = policies(&auth)
                .set_policy_value(signed_in(&boss, request.clone()))
                .await;
            assert_eq!(reason(refused), expected, "{request:?}");
        }
        let request = signed_in(&boss, set("contacts_max", "-1", None));
        let refused = reasoned(policies(&auth).set_policy_value(request).await);
        assert_eq!(refused.field_violations[0].field, "value");
        assert!(
            refused.message.contains("from 0 to 100000"),
            "{}",
            refused.message
        );
        let request = signed_in(&anna, set("contacts_max", "5", None));
        assert_eq!(
            reason(policies(&auth).set_policy_value(request).await),
            "PERMISSION_DENIED"
        );
        auth.stop().await;
    }
}

#[tokio::test]
async fn a_secret_is_told_to_nobody() {
    for auth in every_engine().await {
        let boss = auth.administrator().await;
        let request = signed_in(&boss, set("site_password", "open sesame", None));
        let value = policies(&auth)
            .set_policy_value(request)
            .await
            .unwrap()
            .into_inner()
            .value;
        assert_eq!(value.unwrap().value, "***");
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
                .any(|value| value.key == "site_password" && value.value == "***")
        );
        let entries = audit(&auth)
            .list_audit_entries(signed_in(&boss, proto::ListAuditEntriesRequest::default()))
            .await
            .unwrap()
            .into_inner()
            .entries;
        assert!(entries.iter().any(|entry| entry.action == "policy.set"));
        assert!(!format!("{entries:?}").contains("sesame"));
        auth.stop().await;
    }
}

/// §5.1
#[tokio::test]
async fn the_registry_is_told_whole() {
    for auth in every_engine().await {
        let anna = auth.newcomer("anna").await;
        let request = signed_in(&anna, proto::ListPolicyKeysRequest {});
        let keys = policies(&auth)
            .list_policy_keys(request)
            .await
            .unwrap()
            .into_inner()
            .keys;
        assert_eq!(keys.len(), im_policy::registry().len());
        let key = keys.iter().find(|key| key.key == "contacts_max").unwrap();
        assert!(key.zero_is_unlimited && key.role_overridable && key.site_overridable);
        assert_eq!(
            (key.min, key.max, key.unit.as_str()),
            (0, 100_000, "contacts")
        );
        auth.stop().await;
    }
}
