//! Which field of a JSON document is at fault. The parser stops at the first error and says what,
//! but not where; so that clients are told the field, the document is tried again piece by piece.
//! Only refused requests pay for that.

use std::fmt::Write as _;

use prost_reflect::{DynamicMessage, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use super::params;

/// Deepest level looked at.
const DEPTH_MAX: usize = 16;

/// The path of the first field that does not fit, as in JSON; empty if it is the whole.
pub(super) fn path(message: &MessageDescriptor, document: &Value) -> String {
    let mut path = String::new();
    descend(message, document, &mut path, 0);
    path
}

fn descend(message: &MessageDescriptor, document: &Value, path: &mut String, depth: usize) {
    let Value::Object(members) = document else {
        return;
    };
    if depth == DEPTH_MAX {
        return;
    }
    for (name, value) in members {
        let single = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
        if fits(message, &single) {
            continue;
        }
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
        let Some(field) = params::field(message, name) else {
            return;
        };
        let Kind::Message(inner) = field.kind() else {
            return;
        };
        if field.is_map() {
            return;
        }
        match value {
            Value::Array(items) if field.is_list() => {
                if let Some((index, item)) = items
                    .iter()
                    .enumerate()
                    .find(|(_, item)| !fits(&inner, item))
                {
                    // Writing to a String cannot fail.
                    let _infallible = write!(path, "[{index}]");
                    descend(&inner, item, path, depth + 1);
                }
            }
            other => descend(&inner, other, path, depth + 1),
        }
        return;
    }
}

fn fits(message: &MessageDescriptor, document: &Value) -> bool {
    DynamicMessage::deserialize(message.clone(), document.clone()).is_ok()
}
