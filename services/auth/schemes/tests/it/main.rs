//! The crate from outside: vectors, rules of real applications, hostile rows.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests; there a panic is the answer"
)]

mod answers;
mod hostile;
mod inputs;
mod reference;
mod rules;
mod vectors;

use std::collections::BTreeMap;

use im_auth_schemes::{Caps, Options, PasswordRule, SchemeId, Strength, Verdict};
use im_types::Secret;
use serde_json::Value;

/// A row of a user table.
type Columns = BTreeMap<String, Vec<u8>>;

/// A line of tests/vectors.jsonl.
struct Vector {
    scheme: String,
    password: String,
    stored: String,
    secret: Option<String>,
    columns: Columns,
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn vectors() -> Vec<Vector> {
    let lines = include_str!("../vectors.jsonl").lines();
    let parse = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| value.get(name).map(text_of);
        let mut columns = Columns::new();
        for name in ["salt", "login"] {
            columns.extend(field(name).map(|text| (name.to_owned(), text.into_bytes())));
        }
        for (name, value) in value
            .get("row")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            columns.insert(name.clone(), text_of(value).into_bytes());
        }
        let scheme = field("scheme").unwrap();
        if scheme == "md5_pi" {
            columns.insert("id".to_owned(), columns["salt"].clone());
        }
        let stored = field("stored").unwrap();
        columns.insert("password".to_owned(), stored.clone().into_bytes());
        Vector {
            scheme,
            password: field("password").unwrap(),
            stored,
            secret: field("secret"),
            columns,
        }
    };
    lines.map(parse).collect()
}

fn secret(bytes: impl Into<Vec<u8>>) -> Secret<Vec<u8>> {
    Secret::new(bytes.into())
}

fn options() -> Options {
    Options {
        salt: Some("salt".to_owned()),
        ..Options::default()
    }
}

fn with_secrets(values: &[&str]) -> Options {
    let values = values.iter().map(|value| secret(*value)).collect();
    Options {
        secrets: BTreeMap::from([("k".to_owned(), values)]),
        ..options()
    }
}

fn rule(schemes: &str) -> PasswordRule {
    PasswordRule::parse(schemes, "", options()).unwrap()
}

impl Vector {
    fn rule(&self, caps: Caps) -> PasswordRule {
        let secrets: Vec<&str> = self.secret.as_deref().into_iter().collect();
        let options = Options {
            caps,
            ..with_secrets(&secrets)
        };
        PasswordRule::parse(&self.scheme, "raw", options).unwrap()
    }

    fn with_stored(&self, stored: &[u8]) -> Columns {
        let mut columns = self.columns.clone();
        columns.insert("password".to_owned(), stored.to_vec());
        columns
    }
}

/// A row with these columns.
fn row(columns: &[(&str, &str)]) -> Columns {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
    columns.iter().map(own).collect()
}

fn is_match(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Match { .. })
}

fn id(name: &str) -> SchemeId {
    let known = im_auth_schemes::catalogue();
    known
        .iter()
        .find(|info| info.id.as_str() == name)
        .unwrap()
        .id
}

fn matched(name: &str, strength: Strength) -> Verdict {
    Verdict::Match {
        scheme: id(name),
        strength,
    }
}
