//! What is inside stays inside.

use im_tests::client::{Operation, Transport, ops};
use serde_json::{Value, json};

use crate::system::{Form, System, list};

in_both_forms!(
    internal_services_are_not_reachable_from_outside,
    forged_headers_of_the_inside_have_no_effect,
    what_only_administrators_may_do_is_refused_to_others,
);

fn internal_calls() -> Vec<Operation> {
    let call = |rpc, message: Value| Operation::post(rpc, format!("/{rpc}"), message);
    vec![
        call("im.auth.v1.AuthInternalService/BatchGetUsers", json!({})),
        call(
            "im.presence.v1.PresenceInternalService/CheckReach",
            json!({}),
        ),
        call(
            "im.messaging.v1.MessagingInternalService/BatchSendMessages",
            json!({}),
        ),
    ]
}

async fn internal_services_are_not_reachable_from_outside(form: Form) {
    let system = System::start(form).await;
    let admin = system.administrator().await;
    for transport in [Transport::Grpc, Transport::GrpcWeb] {
        for operation in internal_calls() {
            let refusal = admin.api.over(transport).refused(operation.clone()).await;
            assert_eq!(refusal.code, 12, "{}: {refusal:?}", operation.rpc);
        }
    }
    for operation in internal_calls() {
        let (status, body) = admin.api.json().post(&operation.path, json!({})).await;
        assert!(
            [404, 405, 415, 501].contains(&status.as_u16()),
            "{}: {status} {body}",
            operation.rpc
        );
    }
    // Whoever gets as far as the port of a service still has to say who they are.
    for service in &system.services {
        for operation in internal_calls() {
            for forged in ["", "im-gateway", "im-gateway.AAAA.AAAA"] {
                let api = admin.api.over(Transport::Grpc).at(&service.base);
                let refusal = api
                    .with_header("im-service", forged)
                    .refused(operation.clone())
                    .await;
                let is_refused = [7, 12, 16].contains(&refusal.code);
                assert!(
                    is_refused,
                    "{} at {}: {refusal:?}",
                    operation.rpc, service.name
                );
            }
        }
    }
}

async fn forged_headers_of_the_inside_have_no_effect(form: Form) {
    let system = System::start(form).await;
    let admin = system.administrator().await;
    admin
        .api
        .ok(ops::create_site(
            "other",
            &json!([{ "host": "other.example" }]),
        ))
        .await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    for transport in Transport::ALL {
        let forged = [
            ("im-service", "im-gateway"),
            ("im-client-address", "203.0.113.9"),
            ("im-site", "other"),
            ("x-forwarded-for", "203.0.113.8"),
            ("forwarded", "for=203.0.113.7"),
        ];
        let mut api = system.api().over(transport);
        for (name, value) in forged {
            api = api.with_header(name, value);
        }
        let site = api.ok(ops::site()).await;
        assert_eq!(site["site"]["id"], "default", "{transport:?}");
        let username = format!("forger.{transport:?}");
        api.refused(ops::login(&username, "Wrong-password-1")).await;
        let refusal = api.refused(ops::conversations()).await;
        assert_eq!(
            refusal.code, 16,
            "{transport:?}: a service's name is no token: {refusal:?}"
        );
    }
    let log = admin.api.ok(ops::audit("login.")).await;
    let forged: Vec<&Value> = list(&log["entries"])
        .iter()
        .filter(|entry| entry.to_string().contains("forger"))
        .collect();
    assert_eq!(forged.len(), Transport::ALL.len(), "{log}");
    for entry in forged {
        assert_eq!(entry["clientAddress"], "127.0.0.1", "{entry}");
        assert_eq!(entry["siteId"], "default", "{entry}");
    }
}

async fn what_only_administrators_may_do_is_refused_to_others(form: Form) {
    let system = System::start(form).await;
    let ann = system.person("ann").await;
    let others = [
        ops::set_policy("contacts_max", "9", &json!({})),
        ops::create_site("mine", &json!([{ "host": "mine.example" }])),
        ops::create_role("rulers", &["users.manage"]),
        ops::suspend_user(&ann.id),
        ops::approve_user(&ann.id),
        ops::create_ban("ADDRESS", "127.0.0.1"),
        ops::audit(""),
    ];
    for operation in others {
        let refusal = ann.api.refused(operation.clone()).await;
        let told = (refusal.code, refusal.reason.as_str());
        assert_eq!(
            told,
            (7, "PERMISSION_DENIED"),
            "{}: {refusal:?}",
            operation.path
        );
        let nobody = ann.api.without_token().refused(operation).await;
        assert_eq!(nobody.code, 16, "{nobody:?}");
    }
}
