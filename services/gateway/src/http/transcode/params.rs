//! Values in paths and queries: text that becomes a field.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value,
};

/// Sets the field at `path` (names as in the proto or as in JSON) to what `text` says.
///
/// A repeated field gets one element per comma-separated part, and those of further calls after
/// them. The error says what is wrong, for people.
pub(super) fn set(
    message: &mut DynamicMessage,
    path: &[&str],
    text: &str,
) -> Result<(), &'static str> {
    const UNKNOWN: &str = "there is no such parameter";
    let (first, rest) = path.split_first().ok_or(UNKNOWN)?;
    let field = field(&message.descriptor(), first).ok_or(UNKNOWN)?;
    if !rest.is_empty() {
        let is_inner = matches!(field.kind(), Kind::Message(_)) && !field.is_list();
        if !is_inner || field.is_map() {
            return Err(UNKNOWN);
        }
        let inner = message
            .get_field_mut(&field)
            .as_message_mut()
            .ok_or(UNKNOWN)?;
        return set(inner, rest, text);
    }
    if field.is_map() {
        return Err("a map can only be given in a body");
    }
    if field.is_list() {
        let kind = field.kind();
        let parsed = text
            .split(',')
            .filter(|part| !part.is_empty())
            .map(|part| parse(&kind, part))
            .collect::<Result<Vec<_>, _>>()?;
        let list = message.get_field_mut(&field).as_list_mut().ok_or(UNKNOWN)?;
        list.extend(parsed);
        return Ok(());
    }
    let value = parse(&field.kind(), text)?;
    message.set_field(&field, value);
    Ok(())
}

/// The field of this name, as in the proto or as in JSON.
pub(super) fn field(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    message
        .get_field_by_json_name(name)
        .or_else(|| message.get_field_by_name(name))
}

fn parse(kind: &Kind, text: &str) -> Result<Value, &'static str> {
    const INTEGER: &str = "not an integer of the right size";
    const NUMBER: &str = "not a number";
    match kind {
        Kind::String => Ok(Value::String(text.to_owned())),
        Kind::Bool => text
            .parse()
            .map(Value::Bool)
            .map_err(|_| "neither true nor false"),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            text.parse().map(Value::I32).map_err(|_| INTEGER)
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            text.parse().map(Value::I64).map_err(|_| INTEGER)
        }
        Kind::Uint32 | Kind::Fixed32 => text.parse().map(Value::U32).map_err(|_| INTEGER),
        Kind::Uint64 | Kind::Fixed64 => text.parse().map(Value::U64).map_err(|_| INTEGER),
        Kind::Float => text.parse().map(Value::F32).map_err(|_| NUMBER),
        Kind::Double => text.parse().map(Value::F64).map_err(|_| NUMBER),
        Kind::Bytes => STANDARD
            .decode(text)
            .map(|bytes| Value::Bytes(bytes.into()))
            .map_err(|_| "not base64"),
        Kind::Enum(values) => values
            .get_value_by_name(text)
            .map(|value| Value::EnumNumber(value.number()))
            .ok_or("not one of the values"),
        // Times, durations and the like, which JSON writes as text.
        Kind::Message(message) => {
            DynamicMessage::deserialize(message.clone(), serde_json::Value::String(text.to_owned()))
                .map(Value::Message)
                .map_err(|_| "cannot be given as text in this form")
        }
    }
}
