//! HTTP/JSON calls.

use im_proto::auth::{LoginRequest, LoginResponse};
use im_runtime::error::{ErrorKind, simple_status};
use prost::Message as _;
use prost_reflect::DescriptorPool;
use serde_json::json;

use crate::{harness::World, raw};

#[tokio::test]
async fn a_call_becomes_an_rpc_and_its_answer_json() {
    let world = World::start().await;
    let answer = LoginResponse {
        access_token: "t".to_owned(),
        expires_in: 600,
        ..Default::default()
    };
    *world.backends.answer.lock().unwrap() = Some(Ok(answer.encode_to_vec().into()));
    let body = br#"{"username": "ada", "password": "secret"}"#;
    let headers = [("x-request-id", "abc-1"), ("authorization", "Bearer stale")];
    let reply = raw::request(world.address, "POST /v1/auth:login", &headers, body).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("x-request-id"), Some("abc-1"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    let json = reply.json().await;
    assert_eq!(
        (&json["accessToken"], &json["expiresIn"]),
        (&json!("t"), &json!(600))
    );

    let call = world.backends.last_call();
    assert_eq!(call.path, "/im.auth.v1.AuthService/Login");
    let request = LoginRequest::decode(call.message.clone()).unwrap();
    assert_eq!(
        (request.username.as_str(), request.password.as_str()),
        ("ada", "secret")
    );
    assert_eq!(call.header("im-site"), Some("default"));
    assert_eq!(call.header("im-client-address"), Some("127.0.0.1"));
    assert_eq!(call.header("im-request-id"), Some("abc-1"));
    assert_eq!(
        call.header("authorization"),
        None,
        "sign-in needs no token and passes none on"
    );
    world.stop().await;
}

#[tokio::test]
async fn every_annotated_rpc_is_reached_with_the_caller_s_token() {
    let world = World::start().await;
    let person = world.person();
    let api: serde_json::Value = world.get("/openapi.json").await.json().await;
    let mut reached = Vec::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            // Answered by the gateway itself.
            if operation["tags"][0] == "StreamService" {
                continue;
            }
            let mut address = path.clone();
            while let (Some(from), Some(to)) = (address.find('{'), address.find('}')) {
                address.replace_range(from..=to, "7");
            }
            let head = format!("{} {address}", method.to_uppercase());
            let reply = world.call(&head, &person, "").await;
            assert_eq!(reply.status, 200, "{head}");
            let call = world.backends.last_call();
            let id = operation["operationId"].as_str().unwrap().replace('_', "/");
            assert!(
                call.path.ends_with(&format!(".{id}")),
                "{head} reached {}",
                call.path
            );
            let is_open = operation["security"] == json!([]);
            let expected = (!is_open).then(|| person.authorization());
            assert_eq!(
                call.header("authorization").map(str::to_owned),
                expected,
                "{head}"
            );
            reached.push(call.path);
        }
    }
    let pool = DescriptorPool::decode(im_proto::DESCRIPTOR_SET).unwrap();
    for service in pool.services() {
        let is_public = service.package_name().starts_with("im.")
            && !service.name().ends_with("InternalService")
            && service.name() != "StreamService";
        for rpc in service.methods().filter(|_| is_public) {
            let path = format!("/{}/{}", service.full_name(), rpc.name());
            assert!(reached.contains(&path), "{path} has no HTTP address");
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn errors_are_told_in_full() {
    let world = World::start().await;
    let person = world.person();
    let banned = simple_status(ErrorKind::PermissionDenied, "BANNED", "you are banned");
    *world.backends.answer.lock().unwrap() = Some(Err(banned));
    let reply = world.call("GET /v1/contacts", &person, "").await;
    assert_eq!(reply.status, 403);
    let id = reply.header("x-request-id").unwrap().to_owned();
    let error = reply.json().await;
    assert_eq!(error["code"], 7);
    assert_eq!(error["status"], "PERMISSION_DENIED");
    assert_eq!(error["reason"], "BANNED");
    assert_eq!(error["message"], "you are banned");
    assert_eq!(error["requestId"], id);
    assert_eq!(
        error["details"][0]["@type"],
        "type.googleapis.com/google.rpc.ErrorInfo"
    );
    assert_eq!(error["details"][0]["domain"], "intramessenger");

    // A service that is away says nothing about itself.
    *world.backends.answer.lock().unwrap() = Some(Err(tonic::Status::unavailable(
        "tcp connect error: 10.0.0.7:9090",
    )));
    let reply = world.call("GET /v1/contacts", &person, "").await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, Some("1"))
    );
    let error = reply.json().await;
    assert_eq!(error["reason"], "BACKEND_UNAVAILABLE");
    assert!(!error.to_string().contains("10.0.0.7"), "{error}");
    world.stop().await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table")]
async fn what_the_gateway_itself_refuses() {
    let world = World::start_with(|settings| settings.body_bytes_max = 1_024).await;
    let person = world.person();
    let elsewhere = world.person_on("b");
    let long = format!(r#"{{"username": "{}"}}"#, "x".repeat(2_000));
    let cases = [
        ("GET /v1/nothing", Some(&person), "", 404, "ROUTE_NOT_FOUND"),
        (
            "PUT /v1/contacts",
            Some(&person),
            "",
            405,
            "METHOD_NOT_ALLOWED",
        ),
        ("GET /v1/contacts", None, "", 401, "TOKEN_MISSING"),
        ("GET /v1/contacts", Some(&elsewhere), "", 401, "WRONG_SITE"),
        (
            "POST /v1/auth:login",
            None,
            long.as_str(),
            413,
            "BODY_TOO_LARGE",
        ),
        (
            "POST /v1/auth:login",
            None,
            r#"{"user": 1}"#,
            400,
            "BODY_INVALID",
        ),
        (
            "GET /v1/contacts?pageSize=x",
            Some(&person),
            "",
            400,
            "PARAMETER_INVALID",
        ),
        ("GET /v1/stream", Some(&person), "", 426, "UPGRADE_REQUIRED"),
        (
            "GET /v1/stream?token=x",
            Some(&person),
            "",
            400,
            "PARAMETER_INVALID",
        ),
        ("GET /v1/stream", None, "", 401, "TOKEN_MISSING"),
        ("GET /v1/stream?ticket=forged", None, "", 401, "UNKNOWN"),
        (
            r"POST /v1/stream:update",
            Some(&person),
            r#"{"frame": {"ping": {}}}"#,
            400,
            "FRAME_NOT_ALLOWED",
        ),
    ];
    for (head, person, body, status, reason) in cases {
        let authorization = person.map(crate::harness::Person::authorization);
        let headers: Vec<(&str, &str)> = authorization
            .iter()
            .map(|value| ("authorization", value.as_str()))
            .collect();
        let reply = raw::request(world.address, head, &headers, body.as_bytes()).await;
        let found = (reply.status, reply.json().await);
        assert_eq!(
            (found.0, found.1["reason"].as_str()),
            (status, Some(reason)),
            "{head} {}",
            found.1
        );
    }
    assert!(
        world.backends.calls.lock().unwrap().is_empty(),
        "none of them went further"
    );
    let error = raw::request(world.address, "POST /v1/auth:login", &[], br#"{"user": 1}"#).await;
    let error = error.json().await;
    let violation = &error["details"][1]["fieldViolations"][0];
    assert_eq!(violation["field"], "user", "{error}");
    world.stop().await;
}

#[tokio::test]
async fn pages_need_nothing_from_elsewhere() {
    let world = World::start().await;
    for (path, kind, part) in [
        ("/", "text/html; charset=utf-8", "IntraMessenger"),
        ("/docs", "text/html; charset=utf-8", "docs/docs.js"),
        (
            "/docs/docs.js",
            "text/javascript; charset=utf-8",
            "openapi.json",
        ),
        ("/docs/style.css", "text/css; charset=utf-8", "body"),
        ("/openapi.json", "application/json", "\"openapi\":\"3.1.0\""),
        ("/livez", "text/plain; charset=utf-8", "ok"),
        ("/readyz", "text/plain; charset=utf-8", "ready"),
        ("/metrics", "text/plain; version=0.0.4", ""),
    ] {
        let reply = world.get(path).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some(kind)),
            "{path}"
        );
        let text = String::from_utf8(reply.body().await).unwrap();
        assert!(text.contains(part), "{path}: {text}");
        let is_page = kind.starts_with("text/html") || kind.starts_with("text/javascript");
        assert!(
            !(is_page && text.contains("://")),
            "{path} fetches from elsewhere"
        );
    }
    world.stop().await;
}

#[tokio::test]
async fn a_ticket_is_made_for_the_session_of_the_token() {
    let world = World::start().await;
    let person = world.person();
    let reply = world.call("POST /v1/stream:ticket", &person, "{}").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json().await["ticket"], "ticket-1");
    let asked = world
        .backends
        .ticket_context
        .lock()
        .unwrap()
        .clone()
        .unwrap();
    assert_eq!(asked["authorization"], person.authorization().as_str());
    assert_eq!(asked["im-site"], "default");
    world.stop().await;
}
