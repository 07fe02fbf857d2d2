//! From the response message to JSON.

use bytes::Bytes;
use prost_reflect::{DynamicMessage, Kind, SerializeOptions, Value};

use super::Route;
use crate::error::GatewayError;

/// proto3 JSON with all fields: who reads an answer need not know which values are left out
/// elsewhere. Absent messages and absent `optional` fields stay away.
pub(crate) fn options() -> SerializeOptions {
    SerializeOptions::new().skip_default_fields(false)
}

/// The JSON of an encoded response message, or of the field that is the answer.
pub(crate) fn json(route: &Route, encoded: Bytes) -> Result<Vec<u8>, GatewayError> {
    let invalid = |cause: String| GatewayError::BackendInvalid {
        service: "service",
        cause,
    };
    let mut message = DynamicMessage::decode(route.rpc.output(), encoded)
        .map_err(|error| invalid(error.to_string()))?;
    if let Some(field) = &route.response_body {
        let Kind::Message(inner) = field.kind() else {
            return Err(invalid(format!("{} is not a message", field.full_name())));
        };
        message = match message.take_field(field) {
            Some(Value::Message(answer)) => answer,
            _ => DynamicMessage::new(inner),
        };
    }
    write(&message).map_err(|error| invalid(error.to_string()))
}

/// A message as JSON.
pub(crate) fn write(message: &DynamicMessage) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(256);
    message.serialize_with_options(&mut serde_json::Serializer::new(&mut out), &options())?;
    Ok(out)
}
