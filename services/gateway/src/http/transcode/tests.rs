use http::Method;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, Value};
use serde_json::json;

use super::*;
use crate::{error::GatewayError, grpc::Methods};

fn table() -> RouteTable {
    let pool = DescriptorPool::decode(im_proto::DESCRIPTOR_SET).unwrap();
    RouteTable::new(&pool, &Methods::new(&pool)).unwrap()
}

fn found(table: &RouteTable, method: &Method, path: &str) -> (std::sync::Arc<Route>, Vec<String>) {
    match table.find(method, path) {
        Lookup::Found(route, values) => (route, values),
        other => panic!("{method} {path}: {other:?}"),
    }
}

fn request(
    method: &Method,
    path: &str,
    query: &[(&str, &str)],
    body: &str,
) -> Result<serde_json::Value, GatewayError> {
    let table = table();
    let (route, values) = found(&table, method, path);
    let query: Vec<(String, String)> = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let encoded = message(&route, &values, &query, body.as_bytes())?;
    let message = DynamicMessage::decode(route.rpc.input(), encoded).unwrap();
    Ok(serde_json::to_value(&message).unwrap())
}

/// A value that a path may hold for a field of this kind.
fn sample(kind: &Kind) -> (&'static str, Value) {
    match kind {
        Kind::String => ("a%20%3A%2Fb", Value::String("a :/b".to_owned())),
        Kind::Int64 => ("42", Value::I64(42)),
        Kind::Int32 => ("42", Value::I32(42)),
        other => panic!("a path variable of kind {other:?} has no sample"),
    }
}

#[test]
fn every_annotated_rpc_is_reached_with_its_path_values() {
    let table = table();
    for route in table.iter() {
        let mut expected = Vec::new();
        let path = route.template_text.split('/').map(|segment| {
            let Some(name) = segment
                .strip_prefix('{')
                .and_then(|rest| rest.split('}').next())
            else {
                return segment.to_owned();
            };
            let field = name.split('.').fold(
                None,
                |field: Option<prost_reflect::FieldDescriptor>, part| {
                    let message = field.map_or_else(
                        || route.rpc.input(),
                        |field| field.kind().as_message().unwrap().clone(),
                    );
                    message.get_field_by_name(part)
                },
            );
            let (text, value) = sample(&field.unwrap().kind());
            expected.push((name.to_owned(), value));
            segment.replace(&format!("{{{name}}}"), text)
        });
        let path = path.collect::<Vec<_>>().join("/");
        let (reached, values) = found(&table, &route.http_method, &path);
        assert_eq!(reached.rpc.full_name(), route.rpc.full_name(), "{path}");
        let encoded = message(&reached, &values, &[], b"{}").unwrap();
        let decoded = DynamicMessage::decode(route.rpc.input(), encoded).unwrap();
        for (name, value) in expected {
            let mut current = Value::Message(decoded.clone());
            for part in name.split('.') {
                let inner = current
                    .as_message()
                    .unwrap()
                    .get_field_by_name(part)
                    .unwrap();
                current = inner.into_owned();
            }
            assert_eq!(current, value, "{name} of {path}");
        }
    }
}

/// A message with something in every field, a few levels deep.
fn filled(message: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut made = DynamicMessage::new(message.clone());
    if message.full_name() == "google.protobuf.Timestamp" {
        made.set_field_by_name("seconds", Value::I64(1_763_836_800));
        made.set_field_by_name("nanos", Value::I32(5_000));
        return made;
    }
    for field in message.fields().filter(|field| !field.is_map()) {
        let value = match field.kind() {
            Kind::Message(inner) if depth > 0 => Value::Message(filled(&inner, depth - 1)),
            Kind::Message(_) => continue,
            Kind::String => Value::String("ü \"x\"".to_owned()),
            Kind::Int64 => Value::I64(i64::MIN),
            Kind::Int32 => Value::I32(-1),
            Kind::Bool => Value::Bool(true),
            Kind::Bytes => Value::Bytes(vec![0, 255].into()),
            Kind::Enum(values) => Value::EnumNumber(values.values().last().unwrap().number()),
            other => panic!("{other:?} is not used so far"),
        };
        made.set_field(
            &field,
            if field.is_list() {
                Value::List(vec![value])
            } else {
                value
            },
        );
    }
    made
}

#[test]
fn every_answer_becomes_json_and_back() {
    for route in table().iter() {
        let answer = match &route.response_body {
            Some(field) => field.kind().as_message().unwrap().clone(),
            None => route.rpc.output(),
        };
        for depth in [0, 3] {
            let response = filled(&route.rpc.output(), depth + 1);
            let expected = match &route.response_body {
                Some(field) => response.get_field(field).as_message().unwrap().clone(),
                None => response.clone(),
            };
            let text = json(route, response.encode_to_vec().into()).unwrap();
            let mut reader = serde_json::Deserializer::from_slice(&text);
            let back = DynamicMessage::deserialize(answer.clone(), &mut reader).unwrap();
            assert_eq!(
                back.encode_to_vec(),
                expected.encode_to_vec(),
                "{}",
                route.template_text
            );
        }
    }
}

#[test]
fn bodies_queries_and_paths_make_one_message() {
    assert_eq!(
        request(
            &Method::POST,
            "/v1/conversations/cnv_1/messages",
            &[],
            r#"{"clientKey": "k", "text": "hello", "replyToSeq": "7"}"#
        ),
        Ok(json!({
            "conversationId": "cnv_1", "clientKey": "k", "text": "hello", "replyToSeq": "7"
        }))
    );
    assert_eq!(
        request(
            &Method::GET,
            "/v1/conversations/cnv_1/messages",
            &[("beforeSeq", "9"), ("page_size", "20")],
            ""
        ),
        Ok(json!({ "conversationId": "cnv_1", "beforeSeq": "9", "pageSize": 20 }))
    );
    assert_eq!(
        request(
            &Method::GET,
            "/v1/presence",
            &[("userIds", "a,b"), ("userIds", "c")],
            ""
        ),
        Ok(json!({ "userIds": ["a", "b", "c"] }))
    );
    assert_eq!(
        request(
            &Method::PUT,
            "/v1/admin/sites/b",
            &[],
            r#"{"id": "x", "name": "B"}"#
        ),
        Ok(json!({ "site": { "id": "b", "name": "B" } }))
    );
    assert_eq!(
        request(&Method::POST, "/v1/auth:logout", &[], ""),
        Ok(json!({}))
    );
}

#[test]
fn what_does_not_fit_is_refused_with_the_field() {
    let cases = [
        (r#"{"username": "a", "pass": "b"}"#, "pass"),
        (r#"{"username": 7}"#, "username"),
        (r"{", ""),
        (r"[]", ""),
        (r"{} x", ""),
    ];
    for (body, field) in cases {
        match request(&Method::POST, "/v1/auth:login", &[], body) {
            Err(GatewayError::BodyInvalid { field: named, .. }) => {
                assert_eq!(named, field, "{body}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
    let nested = r#"{"frame": {"watch": {"userIds": [1]}}}"#;
    match request(&Method::POST, "/v1/stream:update", &[], nested) {
        Err(GatewayError::BodyInvalid { field, .. }) => assert_eq!(field, "frame.watch.userIds"),
        other => panic!("{other:?}"),
    }
    let queries = [
        ("/v1/conversations/c/messages", "before", "1"),
        ("/v1/conversations/c/messages", "beforeSeq", "x"),
        ("/v1/conversations/c/messages", "conversationId", "other"),
        ("/v1/policy:explain", "userId.x", "1"),
    ];
    for (path, name, value) in queries {
        match request(&Method::GET, path, &[(name, value)], "") {
            Err(GatewayError::ParameterInvalid { field, .. }) => assert_eq!(field, name),
            other => panic!("{path} {name}: {other:?}"),
        }
    }
    let in_path = request(&Method::DELETE, "/v1/conversations/c/messages/x", &[], "");
    assert!(
        matches!(in_path, Err(GatewayError::ParameterInvalid { .. })),
        "{in_path:?}"
    );
}

#[test]
fn another_method_is_told_apart_from_nothing() {
    let table = table();
    let Lookup::OtherMethods(methods) = table.find(&Method::PUT, "/v1/contacts") else {
        panic!("contacts can be listed and created");
    };
    assert_eq!(methods.into_iter().collect::<Vec<_>>(), ["GET", "POST"]);
    assert!(matches!(
        table.find(&Method::GET, "/v1/nothing"),
        Lookup::Nothing
    ));
    assert!(matches!(
        table.find(&Method::GET, "/im.auth.v1.AuthService/Login"),
        Lookup::Nothing
    ));
}

#[test]
fn answers_say_all_their_fields() {
    let table = table();
    let (route, _) = found(&table, &Method::GET, "/v1/conversations");
    let text = json(&route, bytes::Bytes::new()).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(answer, json!({ "conversations": [], "nextPageToken": "" }));
    let (route, _) = found(&table, &Method::POST, "/v1/contacts");
    let text = json(&route, bytes::Bytes::new()).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(
        answer["state"], "STATE_UNSPECIFIED",
        "the contact itself is the answer"
    );
}
