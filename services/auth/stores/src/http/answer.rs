//! What a program says.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Class;
use crate::answer::{ExternalId, Person, StoredRow};
use crate::matching::LOGIN_CHARACTERS_MAX;

const ID_BYTES_MAX: usize = 255;
const ATTRIBUTES_MAX: usize = 64;
const GROUPS_MAX: usize = 1_000;
const NAME_BYTES_MAX: usize = 255;

/// The answer to a login and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// Found, and the password is right.
    Match {
        /// Who it is.
        person: Box<Person>,
        /// It has to be changed.
        is_password_expired: bool,
    },
    /// Found, and the password is wrong.
    Mismatch(ExternalId),
    /// Found, the password is right, and the person is barred there.
    Disabled(ExternalId),
    /// Nobody of this name.
    Absent,
    /// The store cannot be asked, or its answer is not one.
    Unavailable(Class),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Match,
    Mismatch,
    /// To a call without a password.
    Found,
    Disabled,
    Absent,
}

/// The body of an answer. What is not listed here makes it no answer: a misspelt field would
/// otherwise go unnoticed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    result: Outcome,
    id: Option<String>,
    username: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    password_expired: bool,
}

/// An answer of the right shape: an outcome, and with all but `absent` somebody.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) outcome: Outcome,
    pub(super) person: Option<Person>,
    pub(super) is_password_expired: bool,
}

/// Reads a body whose signature was right.
pub(super) fn said(body: &[u8], login: &str) -> Result<Said, Class> {
    let body: Body = serde_json::from_slice(body).map_err(|_| Class::Protocol)?;
    let mut groups = body.groups;
    groups.sort_unstable();
    groups.dedup();
    let is_name = |name: &String, bytes_max: usize| {
        (1..=bytes_max).contains(&name.len()) && !name.chars().any(char::is_control)
    };
    let is_within = body.attributes.len() <= ATTRIBUTES_MAX
        && body
            .attributes
            .keys()
            .all(|name| is_name(name, NAME_BYTES_MAX))
        && groups.len() <= GROUPS_MAX
        && groups.iter().all(|name| is_name(name, NAME_BYTES_MAX));
    if !is_within {
        return Err(Class::Protocol);
    }
    if body.result == Outcome::Absent {
        return Ok(Said {
            outcome: body.result,
            person: None,
            is_password_expired: false,
        });
    }
    let id = body
        .id
        .filter(|id| is_name(id, ID_BYTES_MAX))
        .ok_or(Class::Protocol)?;
    let needs_name = matches!(body.result, Outcome::Match | Outcome::Found);
    let username = body
        .username
        .or_else(|| (!needs_name).then(|| login.to_owned()));
    let username = username.filter(|name| is_name(name, LOGIN_CHARACTERS_MAX * 4));
    let person = Person {
        external_id: ExternalId(id),
        login: username.ok_or(Class::Protocol)?,
        is_active: body.result != Outcome::Disabled,
        attributes: body.attributes,
        groups,
        row: StoredRow::default(),
    };
    Ok(Said {
        outcome: body.result,
        person: Some(person),
        is_password_expired: body.password_expired,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Said, Class> {
        said(body.as_bytes(), "anna")
    }

    #[test]
    fn a_whole_answer_is_read() {
        let body = r#"{"result": "match", "id": "7", "username": "Anna", "groups": ["b", "a", "b"],
            "attributes": {"email": "a@x"}, "passwordExpired": true}"#;
        let said = read(body).unwrap();
        let person = said.person.unwrap();
        assert_eq!(
            (said.outcome, said.is_password_expired),
            (Outcome::Match, true)
        );
        assert_eq!(
            (person.external_id.as_str(), person.login.as_str()),
            ("7", "Anna")
        );
        assert_eq!(person.groups, ["a", "b"]);
        assert_eq!(person.attributes["email"], "a@x");
        assert!(person.is_active);
        assert!(read(r#"{"result": "absent"}"#).unwrap().person.is_none());
        let barred = read(r#"{"result": "disabled", "id": "7"}"#)
            .unwrap()
            .person
            .unwrap();
        assert!(!barred.is_active);
    }

    #[test]
    fn anything_else_is_no_answer() {
        let long = "x".repeat(256);
        for body in [
            "",
            "ok",
            "true",
            "{}",
            "[]",
            r#"{"result": true}"#,
            r#"{"result": "Match", "id": "7", "username": "a"}"#,
            r#"{"result": "match", "username": "a"}"#,
            r#"{"result": "match", "id": "7"}"#,
            r#"{"result": "match", "id": 7, "username": "a"}"#,
            r#"{"result": "match", "id": "", "username": "a"}"#,
            r#"{"result": "match", "id": "a\u0000", "username": "a"}"#,
            r#"{"result": "match", "id": "7", "username": "a", "name": "x"}"#,
            r#"{"result": "match", "result": "match", "id": "7", "username": "a"}"#,
            r#"{"result": "match", "id": "7", "username": "a", "groups": [""]}"#,
            r#"{"result": "match", "id": "7", "username": "a"} trailing"#,
            r#"{"result": "mismatch"}"#,
            &format!(r#"{{"result": "match", "id": "{long}", "username": "a"}}"#),
        ] {
            assert_eq!(read(body).err(), Some(Class::Protocol), "{body}");
        }
    }
}
