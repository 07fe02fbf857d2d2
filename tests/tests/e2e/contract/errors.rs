//! How failure is told.

use im_tests::client::{Transport, ops};
use reqwest::Method;
use serde_json::{Value, json};

use super::has_fields;
use crate::system::{Form, System, list, text};

in_both_forms!(
    behaviour_9_errors_have_a_status_a_reason_and_a_request_id,
    behaviour_9_errors_are_the_same_over_every_transport,
    behaviour_9_nothing_internal_is_told,
);

struct Case {
    method: Method,
    path: &'static str,
    body: Option<Value>,
    status: u16,
    code: &'static str,
    reason: &'static str,
}

fn case(
    (method, path, body): (Method, &'static str, Option<Value>),
    (status, code, reason): (u16, &'static str, &'static str),
) -> Case {
    Case {
        method,
        path,
        body,
        status,
        code,
        reason,
    }
}

fn cases() -> Vec<Case> {
    let invalid = |reason| (400, "INVALID_ARGUMENT", reason);
    let post = |path, body| (Method::POST, path, Some(body));
    let get = |path| (Method::GET, path, None);
    let unknown_field = json!({ "kind": "DIRECT", "memberIds": [], "colour": "red" });
    let nobody = json!({ "userId": "usr_01h5n0et5q6mt3v7ms1234abcd" });
    vec![
        case(get("/v1/nothing"), (404, "NOT_FOUND", "ROUTE_NOT_FOUND")),
        case(
            (Method::PATCH, "/v1/site", Some(json!({}))),
            (405, "UNIMPLEMENTED", "METHOD_NOT_ALLOWED"),
        ),
        case(
            post("/v1/conversations", unknown_field),
            invalid("BODY_INVALID"),
        ),
        case(
            post("/v1/conversations", json!("text")),
            invalid("BODY_INVALID"),
        ),
        case(
            post("/v1/conversations", json!({ "kind": "CHOIR" })),
            invalid("BODY_INVALID"),
        ),
        case(
            post("/v1/conversations", json!({ "kind": "DIRECT" })),
            invalid("INVALID_FIELD"),
        ),
        case(get("/v1/users?pageSize=many"), invalid("PARAMETER_INVALID")),
        case(get("/v1/users?colour=red"), invalid("PARAMETER_INVALID")),
        case(
            get("/v1/presence?userIds=somebody"),
            invalid("INVALID_FIELD"),
        ),
        case(get("/v1/conversations/nonsense"), invalid("INVALID_FIELD")),
        case(
            post("/v1/contacts", nobody),
            (404, "NOT_FOUND", "USER_NOT_FOUND"),
        ),
        case(
            get("/v1/admin/users"),
            (403, "PERMISSION_DENIED", "PERMISSION_DENIED"),
        ),
    ]
}

async fn behaviour_9_errors_have_a_status_a_reason_and_a_request_id(form: Form) {
    let system = System::start(form).await;
    let ann = system.person("ann").await;
    let json = ann.api.json();
    let mut ids = Vec::new();
    for case in cases() {
        let called = format!("{} {}", case.method, case.path);
        let (status, body) = json.send(case.method, case.path, case.body).await;
        assert_eq!(
            (status.as_u16(), &body["status"]),
            (case.status, &json!(case.code)),
            "{called}: {body}"
        );
        has_fields(
            &body,
            &[
                "code",
                "status",
                "reason",
                "message",
                "details",
                "requestId",
            ],
        );
        if case.reason.is_empty() {
            assert_ne!(body["reason"], "UNKNOWN", "{called}: {body}");
        } else {
            assert_eq!(body["reason"], case.reason, "{called}: {body}");
        }
        let info = &list(&body["details"])[0];
        assert_eq!(
            info["@type"], "type.googleapis.com/google.rpc.ErrorInfo",
            "{called}"
        );
        assert_eq!(
            (&info["domain"], &info["reason"]),
            (&json!("intramessenger"), &body["reason"])
        );
        let id = text(&body["requestId"]).to_owned();
        assert!(!id.is_empty() && !ids.contains(&id), "{called}: {body}");
        ids.push(id);
    }
    let weak = json!({ "username": "bob", "password": "x" });
    let (status, body) = json.post("/v1/auth:register", weak).await;
    assert_eq!(status, 400, "{body}");
    let request = list(&body["details"])
        .iter()
        .find(|d| text(&d["@type"]).ends_with(".BadRequest"));
    let violations = list(&request.expect("what is wrong")["fieldViolations"]);
    assert_eq!(violations[0]["field"], "password", "{body}");
}

async fn behaviour_9_errors_are_the_same_over_every_transport(form: Form) {
    let system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    ann.send(&id, "k1", "hello").await;
    let operations = [
        ops::send(&id, "k1", "something else"),
        ops::mark_read(&id, 99),
        ops::request_contact(&ann.id),
        ops::user("usr_01h5n0et5q6mt3v7ms1234abcd"),
        ops::create_role("rulers", &[]),
        ops::register("x", "short"),
        ops::login("ann", "wrong"),
        ops::refresh("made-up"),
    ];
    for operation in operations {
        let mut told = Vec::new();
        for transport in Transport::ALL {
            // The kind of wait a refusal may name differs from attempt to attempt.
            let mut refusal = ann.api.over(transport).refused(operation.clone()).await;
            refusal.retry_after_ms = None;
            told.push(refusal);
        }
        assert!(
            told.iter().all(|one| *one == told[0]),
            "{}: {told:#?}",
            operation.rpc
        );
        assert_ne!(told[0].reason, "", "{}", operation.rpc);
        assert_eq!(told[0].domain, "intramessenger", "{}", operation.rpc);
    }
    for transport in Transport::ALL {
        let refusal = ann
            .api
            .without_token()
            .over(transport)
            .refused(ops::conversations())
            .await;
        assert_eq!(refusal.code, 16, "{transport:?}: {refusal:?}");
    }
}

/// Calls with what is no text, no number, no position, no path.
fn odd_calls() -> Vec<(Method, &'static str, Option<Value>)> {
    let get = |path| (Method::GET, path, None);
    let post = |path, body| (Method::POST, path, Some(body));
    let quote = "x' OR 1=1 --";
    let nul = "a\u{0}b";
    vec![
        post(
            "/v1/auth:login",
            json!({ "username": quote, "password": quote }),
        ),
        post(
            "/v1/auth:login",
            json!({ "username": nul, "password": nul }),
        ),
        post(
            "/v1/auth:register",
            json!({ "username": nul, "password": "Aa1-aaaaaaaa" }),
        ),
        post("/v1/contacts", json!({ "userId": "usr_\u{0}" })),
        (
            Method::PATCH,
            "/v1/users/me",
            Some(json!({ "about": nul, "email": "a\u{0}@b.example" })),
        ),
        (
            Method::PUT,
            "/v1/presence",
            Some(json!({ "state": "BUSY", "reason": nul })),
        ),
        get("/v1/users?query=%27%20OR%201%3D1"),
        get("/v1/users?query=%00"),
        get("/v1/users?pageToken=%00"),
        get("/v1/users?pageSize=99999999999999999999"),
        get("/v1/users?pageSize=-1"),
        get("/v1/groups?query=%00"),
        get("/v1/mailbox?cursor=%00%FF"),
        get("/v1/conversations/%2e%2e%2f%2e%2e/messages"),
        get("/v1/admin/users?query=%00"),
        get("/v1/admin/audit?actionPrefix=%00&target=%00"),
        post("/v1/admin/roles", json!({ "name": nul })),
        post("/v1/admin/invites", json!({ "note": nul })),
        (
            Method::PUT,
            "/v1/policy/values/site_message",
            Some(json!({ "value": nul })),
        ),
    ]
}

async fn behaviour_9_nothing_internal_is_told(form: Form) {
    let system = System::start(form).await;
    let admin = system.administrator().await.api.json();
    let inner = [
        "sql",
        "select ",
        "panicked",
        ".rs:",
        "/src/",
        "postgres",
        "127.0.0.1",
        "unwrap",
    ];
    for (method, path, body) in odd_calls() {
        let called = format!("{method} {path} {body:?}");
        let (status, body) = admin.send(method, path, body).await;
        assert!(status.as_u16() < 500, "{called}: {status} {body}");
        let told = body.to_string().to_lowercase();
        for word in inner {
            assert!(
                status.is_success() || !told.contains(word),
                "{called}: {word} in {told}"
            );
        }
    }
}
