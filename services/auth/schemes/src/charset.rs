//! Charsets of applications that are not UTF-8.

use encoding_rs::Encoding;
use zeroize::Zeroizing;

/// A charset, by any of its names on the web ("latin1" is windows-1252, as in browsers).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

/// No such charset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a charset (examples: utf-8, latin1, windows-1251, koi8-r, gbk)")]
pub struct UnknownCharset(String);

impl Charset {
    /// What browsers take for latin-1.
    pub const LATIN1: Self = Self(encoding_rs::WINDOWS_1252);

    /// Looks a name up, without regard to case.
    pub fn parse(label: &str) -> Result<Self, UnknownCharset> {
        // `latin-1` and MySQL's names are not in the standard's list.
        let name = match label.to_ascii_lowercase().as_str() {
            "latin-1" | "cp1252" => "latin1".to_owned(),
            "utf8mb4" | "utf8mb3" => "utf-8".to_owned(),
            other => other.to_owned(),
        };
        Encoding::for_label(name.as_bytes())
            .map(|encoding| Self(encoding.output_encoding()))
            .ok_or_else(|| UnknownCharset(label.to_owned()))
    }

    /// The name of the charset.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The text in this charset; `None` if a character does not fit.
    pub(crate) fn encode(self, text: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (bytes, _, has_unmappable) = self.0.encode(text);
        (!has_unmappable).then(|| Zeroizing::new(bytes.into_owned()))
    }

    /// The text in this charset, characters that do not fit as `&#8364;`.
    pub(crate) fn encode_with_entities(self, text: &str) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.encode(text).0.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_browsers_and_of_mysql() {
        for (label, name) in [
            ("latin1", "windows-1252"),
            ("Latin-1", "windows-1252"),
            ("ISO-8859-1", "windows-1252"),
            ("cp1251", "windows-1251"),
            ("utf8mb4", "UTF-8"),
            ("utf-16", "UTF-8"),
        ] {
            assert_eq!(Charset::parse(label).unwrap().name(), name);
        }
        assert_eq!(Charset::parse("nix"), Err(UnknownCharset("nix".to_owned())));
    }

    #[test]
    fn what_does_not_fit_is_no_text_or_an_entity() {
        assert_eq!(**Charset::LATIN1.encode("ä€").unwrap(), [0xe4, 0x80]);
        assert_eq!(Charset::LATIN1.encode("яblock"), None);
        assert_eq!(
            **Charset::LATIN1.encode_with_entities("ä→"),
            *b"\xe4&#8594;"
        );
    }
}
