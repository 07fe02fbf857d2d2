//! From an HTTP request to the request message.

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DeserializeOptions, DynamicMessage, Kind, MessageDescriptor, Value};

use super::{BodyRule, Route, fault, params};
use crate::error::GatewayError;

/// Builds the encoded request message from body, query and path; what the path says wins.
pub(crate) fn message(
    route: &Route,
    path_values: &[String],
    query: &[(String, String)],
    body: &[u8],
) -> Result<Bytes, GatewayError> {
    let mut message = match &route.body {
        BodyRule::None => DynamicMessage::new(route.rpc.input()),
        BodyRule::All => parse(&route.rpc.input(), body)?,
        BodyRule::Field(field) => {
            let mut message = DynamicMessage::new(route.rpc.input());
            let Kind::Message(inner) = field.kind() else {
                return Err(GatewayError::MethodNotServed);
            };
            message.set_field(field, Value::Message(parse(&inner, body)?));
            message
        }
    };
    for (name, text) in query {
        let path: Vec<&str> = name.split('.').collect();
        let refuse = |description: &str| GatewayError::ParameterInvalid {
            field: name.clone(),
            description: description.to_owned(),
        };
        if route.takes_from_query(&path) {
            params::set(&mut message, &path, text).map_err(refuse)?;
        } else {
            return Err(refuse("there is no such parameter"));
        }
    }
    for (variable, text) in route.template.variables().zip(path_values) {
        let path: Vec<&str> = variable.iter().map(String::as_str).collect();
        params::set(&mut message, &path, text).map_err(|description| {
            GatewayError::ParameterInvalid {
                field: variable.join("."),
                description: description.to_owned(),
            }
        })?;
    }
    Ok(message.encode_to_vec().into())
}

impl Route {
    /// Whether the field at `path` may stand in the query: not with a body that is the whole
    /// message, not if it is in the path or is the body.
    pub(crate) fn takes_from_query(&self, path: &[&str]) -> bool {
        let input = self.rpc.input();
        let Some(field) = path.first().and_then(|name| params::field(&input, name)) else {
            // Unknown; refused when it is set.
            return self.body != BodyRule::All;
        };
        match &self.body {
            BodyRule::All => false,
            BodyRule::Field(body) if *body == field => false,
            BodyRule::None | BodyRule::Field(_) => self
                .template
                .variables()
                .all(|variable| variable.first().is_none_or(|first| first != field.name())),
        }
    }
}

/// Reads a JSON document as a message; nothing at all stands for `{}`. Unknown fields are refused.
pub(crate) fn parse(
    message: &MessageDescriptor,
    body: &[u8],
) -> Result<DynamicMessage, GatewayError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(DynamicMessage::new(message.clone()));
    }
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let parsed = DynamicMessage::deserialize_with_options(message.clone(), &mut reader, &options)
        .and_then(|parsed| reader.end().map(|()| parsed));
    parsed.map_err(|error| {
        let document = serde_json::from_slice(body).unwrap_or_default();
        GatewayError::BodyInvalid {
            field: fault::path(message, &document),
            description: error.to_string(),
        }
    })
}
