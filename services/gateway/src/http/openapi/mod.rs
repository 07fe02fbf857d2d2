//! The `OpenAPI` 3.1 description, made from the descriptors: what is annotated is described, with
//! the comments of the protos.

mod comments;
mod paths;
mod schemas;
#[cfg(test)]
mod tests;

use prost_reflect::DescriptorPool;
use serde_json::{Value, json};

use super::transcode::RouteTable;
use comments::Comments;
use paths::paths;
use schemas::Schemas;

/// Name of the schema of errors.
const ERROR: &str = "Error";

/// The description of all routes.
pub(crate) fn document(pool: &DescriptorPool, routes: &RouteTable, version: &str) -> Value {
    let comments = Comments::new(pool);
    let mut schemas = Schemas::new(&comments);
    let paths = paths(routes, &comments, &mut schemas);
    let mut components = schemas.finish();
    components.insert(ERROR.to_owned(), error_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "IntraMessenger",
            "version": version,
            "description": "Everything here can be called as gRPC and gRPC-Web too. JSON is the \
                proto3 mapping: lowerCamelCase, 64-bit integers as text, times as RFC 3339.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        // Relative, so that it is right behind every prefix.
        "servers": [{ "url": "." }],
        "tags": paths::tags(routes, &comments),
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
        },
    })
}

fn error_schema() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "description": "Why a call failed.",
        "properties": {
            "code": { "type": "integer", "description": "google.rpc.Code." },
            "status": text("Its name, such as PERMISSION_DENIED."),
            "reason": text("For machines, such as BANNED; stable."),
            "message": text("For developers, in English."),
            "details": {
                "type": "array",
                "description": "google.rpc.ErrorInfo, RetryInfo and BadRequest where they apply.",
                "items": { "type": "object" },
            },
            "requestId": text("To be quoted when asking for help."),
        },
        "required": ["code", "status", "reason", "message", "details", "requestId"],
    })
}
