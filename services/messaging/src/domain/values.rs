//! Values that come from outside, checked once where they enter.

use std::fmt;
use std::sync::Arc;

use im_types::{ConversationId, UserId};
use sha2::{Digest as _, Sha256};

/// Longest client key, in bytes.
pub const CLIENT_KEY_BYTES_MAX: usize = 64;
/// Longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 120;
/// Longest emoji, in bytes; the longest family of Unicode 16 has 35 with skin tones and is refused.
pub const EMOJI_BYTES_MAX: usize = 32;
/// Longest text that is looked at at all, in bytes; policy `message_bytes_max` is never more.
pub const TEXT_BYTES_MAX: usize = 32_768;

/// A value that cannot be one: what is wrong, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(pub &'static str);

/// What a client chose to recognise its own request by: 1 to 64 bytes without control characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientKey(Arc<str>);

impl ClientKey {
    /// Reads a client's key; nothing is trimmed.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        if !(1..=CLIENT_KEY_BYTES_MAX).contains(&text.len()) {
            return Err(InvalidValue("must have 1 to 64 bytes"));
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidValue("must not have control characters"));
        }
        Ok(Self(Arc::from(text)))
    }

    /// A key that was stored.
    pub fn from_stored(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, out)
    }
}

/// What a person wrote: 1 to 32,768 bytes, not blank, without NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Takes a client's text as it is.
    pub fn parse(text: String) -> Result<Self, InvalidValue> {
        if text.is_empty() || text.chars().all(char::is_whitespace) {
            return Err(InvalidValue("must not be empty"));
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(InvalidValue("must have at most 32768 bytes"));
        }
        // PostgreSQL cannot hold it, and nobody can read it.
        if text.contains('\0') {
            return Err(InvalidValue("must not have the character NUL"));
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, given away.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// The title of a group conversation: 1 to 120 characters, trimmed, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title(String);

impl Title {
    /// Reads a title; space around it is not part of it.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let text = text.trim();
        if text.is_empty() || text.chars().nth(TITLE_CHARS_MAX).is_some() {
            return Err(InvalidValue("must have 1 to 120 characters"));
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidValue("must not have control characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The title as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One emoji: 1 to 32 bytes, neither letters nor space nor control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emoji(String);

impl Emoji {
    /// Reads an emoji. Whether Unicode counts it as one emoji is left to those who draw it; what
    /// must not pass is text.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        if !(1..=EMOJI_BYTES_MAX).contains(&text.len()) {
            return Err(InvalidValue("must have 1 to 32 bytes"));
        }
        let is_text = |c: char| c.is_whitespace() || c.is_control() || c.is_alphabetic();
        // Keycaps begin with an ASCII digit, but nothing that is ASCII only is an emoji.
        if text.is_ascii() || text.chars().any(is_text) {
            return Err(InvalidValue("must be an emoji"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The emoji as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Tells whether a request with a known key is the same request: half of a SHA-256 over all that
/// the client said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// Of a message to send.
    pub fn of_message(conversation_id: ConversationId, reply_to_seq: i64, text: &str) -> Self {
        let mut hash = Sha256::new_with_prefix(conversation_id.as_uuid().as_bytes());
        hash.update(reply_to_seq.to_be_bytes());
        hash.update(text.as_bytes());
        Self::finish(hash)
    }

    /// Of a group conversation to make; the order of the members does not matter.
    pub fn of_group(title: &str, member_ids: &[UserId]) -> Self {
        let mut sorted = member_ids.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut hash = Sha256::new();
        for id in sorted {
            hash.update(id.as_uuid().as_bytes());
        }
        hash.update(title.as_bytes());
        Self::finish(hash)
    }

    fn finish(hash: Sha256) -> Self {
        let digest = hash.finalize();
        let mut half = [0; 16];
        half.iter_mut()
            .zip(digest)
            .for_each(|(to, from)| *to = from);
        Self(half)
    }

    /// As stored.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// From what is stored.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_checked_at_the_edge() {
        assert!(ClientKey::parse(&"k".repeat(64)).is_ok());
        assert!(ClientKey::parse(&"k".repeat(65)).is_err());
        assert!(ClientKey::parse("").is_err());
        assert!(ClientKey::parse("a\u{0}").is_err());
        assert!(Text::parse("x".repeat(TEXT_BYTES_MAX)).is_ok());
        assert!(Text::parse("x".repeat(TEXT_BYTES_MAX + 1)).is_err());
        assert!(Text::parse(" \n".to_owned()).is_err());
        assert!(Text::parse("a\0b".to_owned()).is_err());
        assert!(Title::parse(&"ä".repeat(120)).is_ok());
        assert!(Title::parse(&"ä".repeat(121)).is_err());
        assert_eq!(Title::parse("  Plan ").unwrap().as_str(), "Plan");
        assert!(Title::parse("a\nb").is_err());
    }

    #[test]
    fn emoji_pass_and_words_do_not() {
        for emoji in ["👍", "❤️", "1️⃣", "🏳️‍🌈", "👩🏽‍🚀"] {
            assert!(Emoji::parse(emoji).is_ok(), "{emoji}");
        }
        for word in ["", "ok", "1", "👍 👍", "é", "👍👍👍👍👍👍👍👍👍"] {
            assert!(Emoji::parse(word).is_err(), "{word}");
        }
    }

    #[test]
    fn fingerprints_see_each_part() {
        let id = |n: u128| ConversationId::from_uuid(uuid::Uuid::from_u128(n));
        let user = |n: u128| UserId::from_uuid(uuid::Uuid::from_u128(n));
        let first = Fingerprint::of_message(id(1), 0, "a");
        assert_eq!(first, Fingerprint::of_message(id(1), 0, "a"));
        assert_ne!(first, Fingerprint::of_message(id(2), 0, "a"));
        assert_ne!(first, Fingerprint::of_message(id(1), 1, "a"));
        assert_ne!(first, Fingerprint::of_message(id(1), 0, "b"));
        let group = Fingerprint::of_group("t", &[user(1), user(2)]);
        assert_eq!(group, Fingerprint::of_group("t", &[user(2), user(1)]));
        assert_ne!(group, Fingerprint::of_group("t", &[user(2)]));
    }
}
