//! The name of a site.

use std::fmt;
use std::sync::{Arc, LazyLock};

/// Longest site id, in bytes (which are characters here).
pub const SITE_ID_BYTES_MAX: usize = 32;

static DEFAULT: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from("default"));

/// An address the system is reached through: a short name chosen by the administrator, of
/// `a-z`, `0-9` and `-`, 1 to 32 characters. It stands in configuration, tokens and URLs, which is
/// why it is a readable word and not a UUID. The site `default` always exists.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(Arc<str>);

/// Why a text is not a site id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseSiteIdError {
    /// Nothing was given.
    #[error("a site id must not be empty")]
    Empty,
    /// Longer than [`SITE_ID_BYTES_MAX`].
    #[error("a site id has at most 32 characters")]
    TooLong,
    /// Something besides `a-z`, `0-9` and `-`.
    #[error("a site id consists of a-z, 0-9 and - only")]
    InvalidCharacter,
}

impl SiteId {
    /// Reads a site id; nothing is trimmed or changed.
    pub fn parse(text: &str) -> Result<Self, ParseSiteIdError> {
        if text.is_empty() {
            return Err(ParseSiteIdError::Empty);
        }
        if text.len() > SITE_ID_BYTES_MAX {
            return Err(ParseSiteIdError::TooLong);
        }
        let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !text.bytes().all(is_allowed) {
            return Err(ParseSiteIdError::InvalidCharacter);
        }
        Ok(Self(Arc::from(text)))
    }

    /// The site id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the site that always exists.
    pub fn is_default(&self) -> bool {
        *self.0 == **DEFAULT
    }
}

impl Default for SiteId {
    fn default() -> Self {
        Self(Arc::clone(&DEFAULT))
    }
}

impl fmt::Display for SiteId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for SiteId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::str::FromStr for SiteId {
    type Err = ParseSiteIdError;

    fn from_str(text: &str) -> Result<Self, ParseSiteIdError> {
        Self::parse(text)
    }
}

impl serde::Serialize for SiteId {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for SiteId {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(input)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_characters_are_checked_at_the_edge() {
        assert!(SiteId::parse(&"a".repeat(32)).is_ok());
        assert_eq!(
            SiteId::parse(&"a".repeat(33)),
            Err(ParseSiteIdError::TooLong)
        );
        assert_eq!(SiteId::parse(""), Err(ParseSiteIdError::Empty));
        for bad in ["A", "a b", "ä", "a_b", "a/b"] {
            assert_eq!(
                SiteId::parse(bad),
                Err(ParseSiteIdError::InvalidCharacter),
                "{bad}"
            );
        }
    }

    #[test]
    fn default_is_an_ordinary_site_id() {
        assert_eq!(SiteId::parse("default").unwrap(), SiteId::default());
        assert!(SiteId::default().is_default());
        assert!(!SiteId::parse("forum").unwrap().is_default());
    }
}
