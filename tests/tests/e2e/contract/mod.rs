//! Every call and every frame that is fixed, with the fields that are promised at least.

mod accounts;
mod errors;
mod frames;
mod messages;
mod operators;
mod people;

use serde_json::Value;

/// That an answer has these fields, whatever else it has.
fn has_fields(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "{field} is missing in {value}");
    }
}
