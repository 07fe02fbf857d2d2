//! Passwords of local accounts: one text for what the eye cannot tell apart, and the rules.

use im_policy::Effective;
use im_types::Secret;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// Longest password, in bytes of UTF-8, as typed and after normalisation alike.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// A password as typed: not empty, not too long. External stores get it exactly so.
#[derive(Debug, Clone)]
pub struct Password(Secret<String>);

/// Why a text cannot be a password at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParsePasswordError {
    /// Nothing was given.
    #[error("a password must not be empty")]
    Empty,
    /// Longer than [`PASSWORD_BYTES_MAX`].
    #[error("a password has at most 1024 bytes")]
    TooLong,
}

impl Password {
    /// Takes what was typed.
    pub fn parse(text: Secret<String>) -> Result<Self, ParsePasswordError> {
        match text.expose().len() {
            0 => Err(ParsePasswordError::Empty),
            bytes if bytes > PASSWORD_BYTES_MAX => Err(ParsePasswordError::TooLong),
            _ => Ok(Self(text)),
        }
    }

    /// As typed.
    pub const fn as_typed(&self) -> &Secret<String> {
        &self.0
    }

    /// For local hashes: spaces of any kind are the plain space, then NFC (RFC 8265,
    /// `OpaqueString`), so that a password typed on another keyboard is the same one.
    pub fn normalised(&self) -> Zeroizing<Vec<u8>> {
        // Composition shortens text or lengthens it threefold at most; no growth leaves copies.
        let mut out = Zeroizing::new(String::with_capacity(self.0.expose().len() * 3));
        let plain = self
            .0
            .expose()
            .chars()
            .map(|c| if is_space(c) { ' ' } else { c });
        out.extend(plain.nfc());
        Zeroizing::new(out.as_bytes().to_vec())
    }

    fn is_same(&self, other: &Self) -> bool {
        *self.normalised() == *other.normalised()
    }
}

const fn is_space(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// What a password has to be, from policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordRules {
    /// Least number of characters.
    pub length_min: u32,
    /// At least one digit and one letter.
    pub digit_and_letter: bool,
    /// At least one upper-case and one lower-case letter.
    pub upper_and_lower: bool,
    /// At least one character that is neither letter nor digit.
    pub special: bool,
    /// Days until it expires; 0 for never.
    pub validity_days: u32,
}

/// A rule that a password breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Too few characters.
    #[error("the password needs at least {length_min} characters")]
    TooShort {
        /// The least number.
        length_min: u32,
    },
    /// No digit or no letter.
    #[error("the password needs a digit and a letter")]
    DigitAndLetter,
    /// No upper-case or no lower-case letter.
    #[error("the password needs an upper-case and a lower-case letter")]
    UpperAndLower,
    /// Only letters and digits.
    #[error("the password needs a character that is neither letter nor digit")]
    Special,
    /// The same as the one before.
    #[error("the new password is the old one")]
    Unchanged,
}

impl PasswordRules {
    /// The rules that count for somebody.
    pub fn of(policy: &Effective) -> Self {
        let days = policy
            .password_validity_days()
            .map_or(0, |period| period.as_secs() / 86_400);
        Self {
            length_min: u32::try_from(policy.password_length_min()).unwrap_or(u32::MAX),
            digit_and_letter: policy.password_digit_and_letter(),
            upper_and_lower: policy.password_upper_and_lower(),
            special: policy.password_special(),
            validity_days: u32::try_from(days).unwrap_or(u32::MAX),
        }
    }

    /// All rules that a new password breaks.
    pub fn faults(&self, password: &Password, before: Option<&Password>) -> Vec<PasswordFault> {
        let text = password.as_typed().expose();
        let has = |is: fn(char) -> bool| text.chars().any(is);
        let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let checks = [
            (
                chars < self.length_min,
                PasswordFault::TooShort {
                    length_min: self.length_min,
                },
            ),
            (
                self.digit_and_letter && !(has(char::is_numeric) && has(char::is_alphabetic)),
                PasswordFault::DigitAndLetter,
            ),
            (
                self.upper_and_lower && !(has(char::is_uppercase) && has(char::is_lowercase)),
                PasswordFault::UpperAndLower,
            ),
            (
                self.special && !has(|c| !c.is_alphanumeric()),
                PasswordFault::Special,
            ),
            (
                before.is_some_and(|before| before.is_same(password)),
                PasswordFault::Unchanged,
            ),
        ];
        checks
            .into_iter()
            .filter(|(is_broken, _)| *is_broken)
            .map(|(_, fault)| fault)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text.into()).unwrap()
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        assert_eq!(
            *password("e\u{301}t\u{a0}e").normalised(),
            *password("\u{e9}t e").normalised()
        );
        assert_ne!(*password("Été").normalised(), *password("été").normalised());
    }

    #[test]
    fn length_is_bounded_at_the_edge() {
        assert!(Password::parse("x".repeat(1024).into()).is_ok());
        let too_long = Password::parse("x".repeat(1025).into()).unwrap_err();
        assert_eq!(too_long, ParsePasswordError::TooLong);
        assert_eq!(
            Password::parse("".into()).unwrap_err(),
            ParsePasswordError::Empty
        );
    }

    #[test]
    fn every_broken_rule_is_named() {
        let rules = PasswordRules {
            length_min: 8,
            digit_and_letter: true,
            upper_and_lower: true,
            special: true,
            validity_days: 0,
        };
        let faults = rules.faults(&password("abc"), Some(&password("abc")));
        assert_eq!(
            faults,
            [
                PasswordFault::TooShort { length_min: 8 },
                PasswordFault::DigitAndLetter,
                PasswordFault::UpperAndLower,
                PasswordFault::Special,
                PasswordFault::Unchanged,
            ]
        );
        assert!(rules.faults(&password("Abcdef1!"), None).is_empty());
        assert_eq!(rules.faults(&password("Äbcdef1€"), None), []);
    }
}
