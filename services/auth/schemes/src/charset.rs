//! Charsets of applications that are not UTF-8.

use encoding_rs::Encoding;
use zeroize::Zeroizing;

/// A charset, by any of its names on the web ("latin1" is windows-1252, as in browsers).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

/// Names of `MySQL` and of others that the web does not know.
const OTHER_NAMES: [(&str, &str); 12] = [
    ("latin-1", "latin1"),
    ("latin-2", "latin2"),
    ("latin7", "iso-8859-13"),
    ("utf8mb3", "utf-8"),
    ("utf8mb4", "utf-8"),
    ("koi8r", "koi8-r"),
    ("koi8u", "koi8-u"),
    ("cp932", "shift-jis"),
    ("ujis", "euc-jp"),
    ("euckr", "euc-kr"),
    ("tis620", "tis-620"),
    ("macroman", "macintosh"),
];

/// No such charset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a charset (examples: utf-8, latin1, windows-1251, koi8-r, gbk)")]
pub struct UnknownCharset(String);

impl Charset {
    /// What browsers take for latin-1.
    pub const LATIN1: Self = Self(encoding_rs::WINDOWS_1252);

    /// Looks a name up, without regard to case.
    pub fn parse(label: &str) -> Result<Self, UnknownCharset> {
        let name = label.to_ascii_lowercase().replace('_', "-");
        let other = OTHER_NAMES.iter().find(|(known, _)| *known == name);
        let name = other.map_or(name.as_str(), |(_, name)| name);
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
            ("koi8r", "KOI8-R"),
            ("iso8859_15", "ISO-8859-15"),
            ("sjis", "Shift_JIS"),
            ("ISO_8859-1", "windows-1252"),
            ("utf-16", "UTF-8"),
        ] {
            assert_eq!(Charset::parse(label).unwrap().name(), name);
        }
        assert_eq!(Charset::parse("nix"), Err(UnknownCharset("nix".to_owned())));
    }

    #[test]
    fn every_other_name_leads_somewhere() {
        for (label, _) in OTHER_NAMES {
            assert!(Charset::parse(label).is_ok(), "{label}");
            let is_known = Encoding::for_label(label.as_bytes()).is_some();
            assert!(!is_known, "{label} needs no other name");
        }
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
