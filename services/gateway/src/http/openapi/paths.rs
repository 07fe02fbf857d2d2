//! Routes as paths and operations.

use std::collections::BTreeSet;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::{Comments, ERROR, Schemas};
use crate::{
    grpc::{Access, access},
    http::transcode::{BodyRule, Route, RouteTable},
};

/// The services as tags.
pub(super) fn tags(routes: &RouteTable, comments: &Comments) -> Value {
    let mut names = BTreeSet::new();
    let mut tags = Vec::new();
    for route in routes.iter() {
        let service = route.rpc.parent_service();
        if names.insert(service.full_name().to_owned()) {
            let text = comments.get(service.parent_file().name(), service.path());
            tags.push(json!({ "name": service.name(), "description": text }));
        }
    }
    tags.into()
}

/// All routes by path and method.
pub(super) fn paths(
    routes: &RouteTable,
    comments: &Comments,
    schemas: &mut Schemas<'_>,
) -> Map<String, Value> {
    let mut paths = Map::new();
    for route in routes.iter() {
        let operation = operation(route, comments, schemas);
        let item = paths
            .entry(route.template_text.clone())
            .or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(route.http_method.as_str().to_ascii_lowercase(), operation);
        }
    }
    paths
}

fn operation(route: &Route, comments: &Comments, schemas: &mut Schemas<'_>) -> Value {
    let service = route.rpc.parent_service();
    let text = comments.get(service.parent_file().name(), route.rpc.path());
    let summary = text.split_once(". ").map_or(text, |(first, _)| first);
    let answer = match route.response_body.as_ref().map(FieldDescriptor::kind) {
        Some(Kind::Message(message)) => schemas.message(&message),
        _ => schemas.message(&route.rpc.output()),
    };
    let content = |schema: Value| json!({ "application/json": { "schema": schema } });
    let mut operation = json!({
        "operationId": format!("{}_{}", service.name(), route.rpc.name()),
        "tags": [service.name()],
        "summary": summary.trim_end_matches('.'),
        "description": text,
        "parameters": parameters(route, schemas),
        "responses": {
            "200": { "description": "Done.", "content": content(answer) },
            "default": {
                "description": "Refused or failed.",
                "content": content(json!({ "$ref": format!("#/components/schemas/{ERROR}") })),
            },
        },
        "security": [{ "bearer": [] }],
    });
    if let Some(operation) = operation.as_object_mut() {
        if let Some(schema) = body(route, schemas) {
            let body = json!({ "required": true, "content": content(schema) });
            operation.insert("requestBody".to_owned(), body);
        }
        if access(route.rpc_path.as_str()) == Access::Open {
            operation.insert("security".to_owned(), json!([]));
        }
    }
    operation
}

fn body(route: &Route, schemas: &mut Schemas<'_>) -> Option<Value> {
    match &route.body {
        BodyRule::None => None,
        BodyRule::All => {
            let in_path: BTreeSet<String> = route
                .template
                .variables()
                .filter(|path| path.len() == 1)
                .filter_map(|path| path.first().cloned())
                .collect();
            Some(schemas.object(&route.rpc.input(), &in_path))
        }
        BodyRule::Field(field) => match field.kind() {
            Kind::Message(message) => Some(schemas.message(&message)),
            _ => None,
        },
    }
}

fn parameters(route: &Route, schemas: &mut Schemas<'_>) -> Vec<Value> {
    let input = route.rpc.input();
    let in_path = route.template.variables().filter_map(|path| {
        let field = descend(&input, path)?;
        Some((path.join("."), "path", field))
    });
    let in_query = input
        .fields()
        .filter(|field| route.takes_from_query(&[field.name()]))
        .map(|field| (field.json_name().to_owned(), "query", field));
    in_path
        .chain(in_query)
        .map(|(name, place, field)| {
            let mut schema = schemas.field(&field);
            let text = schema
                .as_object_mut()
                .and_then(|schema| schema.remove("description"));
            json!({
                "name": name,
                "in": place,
                "required": place == "path",
                "description": text.unwrap_or_default(),
                "schema": schema,
            })
        })
        .collect()
}

fn descend(message: &MessageDescriptor, path: &[String]) -> Option<FieldDescriptor> {
    let (first, rest) = path.split_first()?;
    let field = message.get_field_by_name(first)?;
    if rest.is_empty() {
        return Some(field);
    }
    field
        .kind()
        .as_message()
        .and_then(|inner| descend(inner, rest))
}
