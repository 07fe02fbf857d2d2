//! Takes away what differs from run to run.

use std::collections::BTreeMap;

use serde_json::Value;

/// Numbers that are larger or smaller by the speed of the machine.
const COUNTERS: [&str; 4] = ["revision", "epoch", "cursor", "nextPageToken"];

/// Replaces identifiers by the order of their appearance, names by their owner, times by a word.
pub(super) struct Normal {
    names: Vec<String>,
    ids: BTreeMap<String, String>,
}

impl Normal {
    pub(super) fn of(names: &[&str]) -> Self {
        Self {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            ids: BTreeMap::new(),
        }
    }

    pub(super) fn of_value(&mut self, value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let normal = |(key, value): (String, Value)| {
                    if COUNTERS.contains(&key.as_str()) {
                        (key, Value::String("counter".to_owned()))
                    } else {
                        let value = self.of_value(value);
                        (key, value)
                    }
                };
                Value::Object(fields.into_iter().map(normal).collect())
            }
            Value::Array(items) => {
                Value::Array(items.into_iter().map(|item| self.of_value(item)).collect())
            }
            Value::String(text) => Value::String(self.of_text(text)),
            other => other,
        }
    }

    fn of_text(&mut self, text: String) -> String {
        if let Some(at) = self.names.iter().position(|name| *name == text) {
            return format!("person {at}");
        }
        if is_id(&text) {
            let next = self.ids.len() + 1;
            let id = self.ids.entry(text.clone());
            return id
                .or_insert_with(|| format!("{}{next}", &text[..4]))
                .clone();
        }
        if is_time(&text) {
            "time".to_owned()
        } else {
            text
        }
    }
}

/// `usr_` and 26 digits.
fn is_id(text: &str) -> bool {
    text.len() == 30 && text.as_bytes()[3] == b'_'
}

/// `2026-01-01T00:00:00Z`, with or without a fraction.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 20 && bytes[10] == b'T' && bytes[4] == b'-' && text.ends_with('Z')
}

#[test]
fn only_what_differs_is_taken_away() {
    use serde_json::json;
    let mut normal = Normal::of(&["ann.grpc"]);
    let id = "usr_01h5n0et5q6mt3v7ms1234abcd";
    let value = json!({ "a": id, "b": [id, "ann.grpc", "7"], "t": "2026-01-01T10:00:00.5Z", "revision": "9" });
    let expected = json!({ "a": "usr_1", "b": ["usr_1", "person 0", "7"], "t": "time", "revision": "counter" });
    assert_eq!(normal.of_value(value), expected);
}
