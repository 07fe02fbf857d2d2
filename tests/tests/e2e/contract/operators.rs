//! What operators and tools look at: health, metrics, the description of the API.

use im_tests::client::ops;
use serde_json::Value;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use crate::system::{Form, System, text};

in_both_forms!(
    health_metrics_and_documents_are_served,
    grpc_health_and_reflection_are_on_every_port,
    the_description_of_the_api_names_every_fixed_call,
);

/// `/livez`, `/readyz`, `/metrics`, `/docs`, `/`
async fn health_metrics_and_documents_are_served(form: Form) {
    let system = System::start(form).await;
    let ann = system.person("ann").await;
    ann.api.ok(ops::conversations()).await;
    for door in &system.doors {
        let json = system.api().at(&door.base).json();
        for path in ["/livez", "/readyz"] {
            assert_eq!(json.get(path).await.0, 200, "{path}");
        }
        let (status, page) = json.get("/docs").await;
        assert_eq!(status, 200);
        let page = page.as_str().expect("a page").to_lowercase();
        assert!(page.contains("<html") && page.contains("openapi"), "{page}");
        for elsewhere in ["src=\"http", "href=\"https://cdn", "@import url(http"] {
            assert!(
                !page.contains(elsewhere),
                "/docs needs the internet: {elsewhere}"
            );
        }
        assert_eq!(json.get("/").await.0, 200);
    }
    let mut bases = vec![system.base()];
    bases.extend(
        system
            .services
            .iter()
            .map(|service| service.admin_base.as_str()),
    );
    for base in bases {
        let (status, metrics) = system.api().at(base).json().get("/metrics").await;
        assert_eq!(status, 200, "{base}");
        let metrics = metrics.as_str().expect("text");
        assert!(
            metrics.contains("# TYPE ") && metrics.contains("im_"),
            "{base}: {metrics}"
        );
    }
}

fn channel(base: &str) -> Channel {
    let endpoint = Endpoint::from_shared(base.to_owned()).expect("an address");
    endpoint.connect_lazy()
}

async fn grpc_health_and_reflection_are_on_every_port(form: Form) {
    let system = System::start(form).await;
    for door in &system.doors {
        let service = "im.messaging.v1.MessageService";
        assert_eq!(health(&door.base, "").await, Ok(1), "the whole server");
        assert_eq!(health(&door.base, service).await, Ok(1), "{service}");
        assert_eq!(
            health(&door.base, "nothing").await,
            Err(tonic::Code::NotFound)
        );
        let names = services(&door.base).await;
        assert!(names.iter().any(|name| name == service), "{names:?}");
        assert!(
            !names.iter().any(|name| name.contains("Internal")),
            "{names:?}"
        );
    }
    for service in &system.services {
        assert_eq!(health(&service.base, "").await, Ok(1), "{}", service.name);
        assert!(
            !services(&service.base).await.is_empty(),
            "{}",
            service.name
        );
    }
}

async fn health(base: &str, service: &str) -> Result<i32, tonic::Code> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer = HealthClient::new(channel(base)).check(request).await;
    answer
        .map(|answer| answer.into_inner().status)
        .map_err(|status| status.code())
}

async fn services(base: &str) -> Vec<String> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let requests = futures_util::stream::iter([request]);
    let mut client = ServerReflectionClient::new(channel(base));
    let answer = client
        .server_reflection_info(requests)
        .await
        .expect("reflection");
    let answer: Option<ServerReflectionResponse> =
        answer.into_inner().message().await.expect("an answer");
    match answer.and_then(|answer| answer.message_response) {
        Some(MessageResponse::ListServicesResponse(found)) => found
            .service
            .into_iter()
            .map(|service| service.name)
            .collect(),
        other => panic!("no list of services: {other:?}"),
    }
}

/// The fixed calls of the contract.
const CALLS: [(&str, &str); 24] = [
    ("post", "/v1/auth:register"),
    ("post", "/v1/auth:login"),
    ("post", "/v1/auth:refresh"),
    ("post", "/v1/auth:logout"),
    ("post", "/v1/auth:changePassword"),
    ("get", "/v1/site"),
    ("get", "/v1/users/{}"),
    ("get", "/v1/users"),
    ("get", "/v1/policy"),
    ("post", "/v1/contacts"),
    ("get", "/v1/contacts"),
    ("post", "/v1/contacts/{}:accept"),
    ("post", "/v1/contacts/{}:decline"),
    ("post", "/v1/contacts/{}:block"),
    ("delete", "/v1/contacts/{}"),
    ("put", "/v1/presence"),
    ("get", "/v1/presence"),
    ("post", "/v1/conversations"),
    ("get", "/v1/conversations"),
    ("post", "/v1/conversations/{}/messages"),
    ("get", "/v1/conversations/{}/messages"),
    ("post", "/v1/conversations/{}:markRead"),
    ("post", "/v1/stream:ticket"),
    ("patch", "/v1/users/me"),
];

/// `/openapi.json`
async fn the_description_of_the_api_names_every_fixed_call(form: Form) {
    let system = System::start(form).await;
    let (status, document) = system.api().json().get("/openapi.json").await;
    assert_eq!(status, 200);
    assert!(
        text(&document["openapi"]).starts_with("3."),
        "{}",
        document["openapi"]
    );
    let paths = document["paths"].as_object().expect("paths");
    let described: Vec<(String, String)> = paths
        .iter()
        .flat_map(|(path, calls)| {
            let methods = calls
                .as_object()
                .into_iter()
                .flatten()
                .map(|(method, _)| method);
            methods.map(|method| (method.clone(), without_names(path)))
        })
        .collect();
    for (method, path) in CALLS {
        let is_described = described.iter().any(|(m, p)| m == method && p == path);
        assert!(is_described, "{method} {path} is missing in {described:?}");
    }
    let dangling = references(&document)
        .into_iter()
        .find(|name| document.pointer(&name[1..]).is_none());
    assert_eq!(dangling, None, "every reference leads somewhere");
}

/// `/v1/contacts/{userId}:accept` as `/v1/contacts/{}:accept`.
fn without_names(path: &str) -> String {
    let mut out = String::new();
    let mut is_inside = false;
    for c in path.chars() {
        is_inside &= c != '}';
        if !is_inside {
            out.push(c);
        }
        is_inside |= c == '{';
    }
    out
}

/// All `$ref` of a document.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(target) if key == "$ref" => vec![target.clone()],
                other => references(other),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
