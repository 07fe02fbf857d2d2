//! Signatures of calls and answers: HMAC-SHA-256 over the direction, the time and the nonce of the
//! call, and the body.
//!
//! An answer is good for one call only, so neither a cache nor a page that says yes to everything
//! lets anybody in; and a call is not good as an answer.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use im_types::Secret;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Call,
    Answer,
}

/// What makes a call differ from all others.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    /// Seconds since 1970.
    pub(super) seconds: i64,
    pub(super) nonce: String,
}

/// `v1=` and 64 hexadecimal digits.
pub(super) fn signature(
    key: &Secret<String>,
    direction: Direction,
    stamp: &Stamp,
    body: &[u8],
) -> String {
    let word = match direction {
        Direction::Call => "call",
        Direction::Answer => "answer",
    };
    let mut text = "v1=".to_owned();
    // A key of any length is one.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()) {
        mac.update(format!("v1:{word}:{}:{}:", stamp.seconds, stamp.nonce).as_bytes());
        mac.update(body);
        for byte in mac.finalize().into_bytes() {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

/// Whether an answer was made for this call, by whoever has the key.
pub(super) fn is_answer(
    key: &Secret<String>,
    stamp: &Stamp,
    body: &[u8],
    given: Option<&[u8]>,
) -> bool {
    let expected = signature(key, Direction::Answer, stamp, body);
    let is_whole = expected.len() == "v1=".len() + 64;
    is_whole && given.is_some_and(|given| bool::from(expected.as_bytes().ct_eq(given)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCS: &str = include_str!("../../../../../docs/identity-stores-http.md");

    #[test]
    fn the_example_of_the_documentation_is_right() {
        let key = Secret::from("0123456789abcdef0123456789abcdef");
        let stamp = Stamp {
            seconds: 1_700_000_000,
            nonce: "nonce".to_owned(),
        };
        for (direction, body) in [
            (
                Direction::Call,
                r#"{"login":"anna","password":"Secret123"}"#,
            ),
            (Direction::Answer, r#"{"result":"absent"}"#),
        ] {
            let signature = signature(&key, direction, &stamp, body.as_bytes());
            assert!(
                DOCS.contains(body) && DOCS.contains(&signature),
                "{body} {signature}"
            );
        }
    }

    #[test]
    fn an_answer_is_good_for_one_call() {
        let (key, other) = (Secret::from("one"), Secret::from("other"));
        let stamp = Stamp {
            seconds: 7,
            nonce: "a".to_owned(),
        };
        let later = Stamp {
            seconds: 8,
            ..stamp.clone()
        };
        let another = Stamp {
            nonce: "b".to_owned(),
            ..stamp.clone()
        };
        let given = signature(&key, Direction::Answer, &stamp, b"x");
        let is_good = |key, stamp, body: &[u8]| is_answer(key, stamp, body, Some(given.as_bytes()));
        assert!(is_good(&key, &stamp, b"x"));
        assert!(!is_good(&other, &stamp, b"x"));
        assert!(!is_good(&key, &later, b"x"));
        assert!(!is_good(&key, &another, b"x"));
        assert!(!is_good(&key, &stamp, b"y"));
        let call = signature(&key, Direction::Call, &stamp, b"x");
        for wrong in [
            None,
            Some(call.as_bytes()),
            Some(b"v1=".as_slice()),
            Some(b""),
        ] {
            assert!(!is_answer(&key, &stamp, b"x", wrong));
        }
    }
}
