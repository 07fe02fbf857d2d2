//! Names of people.
//!
//! A user name is what somebody signs in with and is found by, so two names that look the same
//! must be the same: comparing goes by [`Username::folded`]. A display name is decoration and only
//! has to be harmless.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Shortest user name, in characters.
pub const USERNAME_CHARS_MIN: usize = 2;
/// Longest user name, in characters; its folded form is bounded alike.
pub const USERNAME_CHARS_MAX: usize = 64;
/// Longest display name, in characters.
pub const DISPLAY_NAME_CHARS_MAX: usize = 80;

const RESERVED: [&str; 4] = ["admin", "root", "system", "me"];

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseNameError {
    /// Fewer characters than allowed.
    #[error("the name has fewer than {chars_min} characters")]
    TooShort {
        /// The least number of characters.
        chars_min: usize,
    },
    /// More characters than allowed.
    #[error("the name has more than {chars_max} characters")]
    TooLong {
        /// The greatest number of characters.
        chars_max: usize,
    },
    /// A control character, or one that changes the direction of the text around it.
    #[error("the name contains a control character")]
    ControlCharacter,
    /// A visible character, or a space, that such a name must not have.
    #[error("the name contains {character:?}, which is not allowed")]
    InvalidCharacter {
        /// The first such character.
        character: char,
    },
    /// Nothing in the name can be read.
    #[error("the name contains no letter or digit")]
    NothingReadable,
}

/// The name a user signs in with: 2 to 64 letters and digits of any script, and `.` `_` `-` `@`.
/// It is kept as written; equality and hash go by the folded form.
#[derive(Clone)]
pub struct Username {
    text: String,
    folded: String,
}

impl Username {
    /// Reads a user name; spaces around it are dropped.
    pub fn parse(text: &str) -> Result<Self, ParseNameError> {
        let text = trimmed(text, USERNAME_CHARS_MAX)?;
        let composed: String = text.nfc().collect();
        check_username(&composed)?;
        let folded = fold(&composed);
        // Compatibility forms may unfold into several characters, even forbidden ones: ㈱ is (株).
        check_username(&folded)?;
        Ok(Self {
            text: composed,
            folded,
        })
    }

    /// The name as its owner writes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The key under which the name is unique: NFKC in lower case.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Whether the name is one that only the installation itself may use. This is a separate
    /// question, because an imported or first account may bear such a name.
    pub fn is_reserved(&self) -> bool {
        RESERVED.contains(&self.folded.as_str())
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Username {}

impl std::hash::Hash for Username {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

/// The name shown to others: 1 to 80 characters, spaces inside allowed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DisplayName(String);

impl DisplayName {
    /// Reads a display name; spaces around it are dropped.
    pub fn parse(text: &str) -> Result<Self, ParseNameError> {
        let text = trimmed(text, DISPLAY_NAME_CHARS_MAX)?;
        if text.is_empty() {
            return Err(ParseNameError::TooShort { chars_min: 1 });
        }
        if text.chars().any(is_control) {
            return Err(ParseNameError::ControlCharacter);
        }
        if text.chars().all(is_invisible) {
            return Err(ParseNameError::NothingReadable);
        }
        let composed: String = text.nfc().collect();
        check_length(&composed, 1, DISPLAY_NAME_CHARS_MAX)?;
        Ok(Self(composed))
    }

    /// The name as shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Username> for DisplayName {
    /// Every user name is a good display name: what is shown until its owner chooses another.
    fn from(username: &Username) -> Self {
        Self(username.text.clone())
    }
}

/// Bounds the work before any of it: a character has at most four bytes, and decomposed text at
/// most some three marks to a letter.
fn trimmed(text: &str, chars_max: usize) -> Result<&str, ParseNameError> {
    let text = text.trim();
    if text.len() > chars_max * 16 {
        return Err(ParseNameError::TooLong { chars_max });
    }
    Ok(text)
}

fn check_length(text: &str, chars_min: usize, chars_max: usize) -> Result<(), ParseNameError> {
    let chars = text.chars().count();
    if chars < chars_min {
        return Err(ParseNameError::TooShort { chars_min });
    }
    if chars > chars_max {
        return Err(ParseNameError::TooLong { chars_max });
    }
    Ok(())
}

fn check_username(text: &str) -> Result<(), ParseNameError> {
    let mut is_after_letter = false;
    for character in text.chars() {
        if is_control(character) {
            return Err(ParseNameError::ControlCharacter);
        }
        // Many scripts write vowels and tones as marks on a letter; alone they are nothing.
        let is_mark = is_after_letter && is_combining_mark(character);
        let is_letter = character.is_alphanumeric() && !is_combining_mark(character);
        if !(is_letter || is_mark || matches!(character, '.' | '_' | '-' | '@')) {
            return Err(ParseNameError::InvalidCharacter { character });
        }
        is_after_letter = is_letter || is_mark;
    }
    check_length(text, USERNAME_CHARS_MIN, USERNAME_CHARS_MAX)?;
    if !text.chars().any(char::is_alphanumeric) {
        return Err(ParseNameError::NothingReadable);
    }
    Ok(())
}

/// Lower-casing may take a composed letter apart, so the form is normalised again after it.
fn fold(text: &str) -> String {
    let lower = text.nfkc().flat_map(char::to_lowercase);
    // A sigma is written differently at the end of a word; it is one letter all the same.
    lower
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .nfkc()
        .collect()
}

/// Control characters, line and paragraph separators, and all marks that turn the direction of the
/// text around them.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}')
        || matches!(
            character,
            '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}'
        )
        || matches!(character, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
        )
        || matches!(character, '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}')
        || matches!(character, '\u{feff}' | '\u{2800}' | '\u{fe00}'..='\u{fe0f}')
        || is_combining_mark(character)
}

macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), out)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseNameError;

            fn from_str(text: &str) -> Result<Self, ParseNameError> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(input)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

as_text! { Username DisplayName }

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded(text: &str) -> String {
        Username::parse(text).unwrap().folded().to_owned()
    }

    proptest! {
        #[test]
        fn folding_and_parsing_are_stable(text in "\\PC{1,70}") {
            if let Ok(name) = Username::parse(&text) {
                let again = Username::parse(name.folded()).unwrap();
                prop_assert_eq!(again.folded(), name.folded());
                let again = Username::parse(name.as_str()).unwrap();
                prop_assert_eq!(again.as_str(), name.as_str());
                prop_assert!(DisplayName::parse(name.as_str()).is_ok());
            }
        }
    }

    #[test]
    fn names_that_look_alike_are_one() {
        assert_eq!(
            Username::parse("Jürgen").unwrap(),
            Username::parse("ju\u{308}RGEN").unwrap()
        );
        assert_eq!(folded("ＡＢＣ"), "abc");
        assert_eq!(folded("ΟΔΟΣ"), folded("οδος"));
        assert_eq!(Username::parse("  Anna.B ").unwrap().as_str(), "Anna.B");
    }

    #[test]
    fn people_of_all_scripts_have_names() {
        for name in [
            "anna_b-2",
            "a@b.example",
            "Фёдор",
            "王芳",
            "नरेंद्र",
            "محمد",
            "ไพลิน",
        ] {
            assert!(Username::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn user_names_are_bounded_and_plain() {
        use ParseNameError::{
            ControlCharacter, InvalidCharacter, NothingReadable, TooLong, TooShort,
        };
        let refused = |text: &str| Username::parse(text).unwrap_err();
        assert_eq!(refused("a"), TooShort { chars_min: 2 });
        assert!(Username::parse(&"a".repeat(64)).is_ok());
        assert_eq!(refused(&"a".repeat(65)), TooLong { chars_max: 64 });
        assert_eq!(refused(&"ﬃ".repeat(30)), TooLong { chars_max: 64 });
        assert_eq!(refused("a b"), InvalidCharacter { character: ' ' });
        assert_eq!(
            refused("a\u{200d}b"),
            InvalidCharacter {
                character: '\u{200d}'
            }
        );
        assert_eq!(
            refused("\u{301}ab"),
            InvalidCharacter {
                character: '\u{301}'
            }
        );
        assert_eq!(
            refused("a½"),
            InvalidCharacter {
                character: '\u{2044}'
            }
        );
        assert_eq!(refused("a\u{0}b"), ControlCharacter);
        assert_eq!(refused("a\u{202e}b"), ControlCharacter);
        assert_eq!(refused("..--"), NothingReadable);
    }

    #[test]
    fn reserved_is_asked_separately() {
        assert!(Username::parse("ADMIN").unwrap().is_reserved());
        assert!(Username::parse("ｒｏｏｔ").unwrap().is_reserved());
        assert!(!Username::parse("administrator").unwrap().is_reserved());
    }

    #[test]
    fn display_names_are_harmless() {
        assert_eq!(
            DisplayName::parse(" Anna B. 👩‍🚀 ").unwrap().as_str(),
            "Anna B. 👩‍🚀"
        );
        assert!(DisplayName::parse(&"ä".repeat(80)).is_ok());
        let refused = |text: &str| DisplayName::parse(text).unwrap_err();
        assert_eq!(
            refused(&"ä".repeat(81)),
            ParseNameError::TooLong { chars_max: 80 }
        );
        assert_eq!(refused("  "), ParseNameError::TooShort { chars_min: 1 });
        assert_eq!(refused("a\nb"), ParseNameError::ControlCharacter);
        assert_eq!(refused("a\u{202e}b"), ParseNameError::ControlCharacter);
        assert_eq!(refused("\u{200b}\u{3164}"), ParseNameError::NothingReadable);
    }
}
