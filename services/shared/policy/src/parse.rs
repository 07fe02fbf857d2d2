//! From text to a value, and what can be wrong on the way.

use crate::{Definition, Key, Kind, TextForm, Value};

/// Most of a refused value that an error repeats, in characters.
const GIVEN_CHARS_MAX: usize = 40;

/// Why a text is not a value of a key. Each names the key, what was given and what is allowed;
/// secrets are not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseValueError {
    /// Neither `true` nor `false`.
    #[error("{key} is \"{given}\", must be true or false")]
    NotBoolean {
        /// The key.
        key: &'static str,
        /// The start of what was given.
        given: String,
    },
    /// No whole number within the range.
    #[error("{key} is \"{given}\", must be a whole number from {min} to {max}")]
    NotInRange {
        /// The key.
        key: &'static str,
        /// The start of what was given.
        given: String,
        /// Least number.
        min: i64,
        /// Greatest number.
        max: i64,
    },
    /// None of the choices.
    #[error("{key} is \"{given}\", must be one of: {choices}")]
    NotAChoice {
        /// The key.
        key: &'static str,
        /// The start of what was given.
        given: String,
        /// The choices, separated by commas.
        choices: String,
    },
    /// Text longer than allowed.
    #[error("{key} has {chars} characters, at most {chars_max} are allowed")]
    TooLong {
        /// The key.
        key: &'static str,
        /// Length of what was given.
        chars: usize,
        /// Greatest length.
        chars_max: usize,
    },
    /// Text with control characters.
    #[error("{key} contains a control character other than a line end")]
    ControlCharacter {
        /// The key.
        key: &'static str,
    },
    /// No web address.
    #[error("{key} is \"{given}\", must be empty or begin with http:// or https://")]
    NotAnAddress {
        /// The key.
        key: &'static str,
        /// The start of what was given.
        given: String,
    },
}

impl ParseValueError {
    /// The key the value was for.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::NotBoolean { key, .. }
            | Self::NotInRange { key, .. }
            | Self::NotAChoice { key, .. }
            | Self::TooLong { key, .. }
            | Self::ControlCharacter { key }
            | Self::NotAnAddress { key, .. } => key,
        }
    }
}

impl Key {
    /// Reads a value of this key.
    ///
    /// # Errors
    /// [`ParseValueError`], with what is allowed.
    pub fn parse(self, text: &str) -> Result<Value, ParseValueError> {
        let definition = self.definition();
        let key = definition.name;
        match definition.kind {
            Kind::Boolean => match text {
                "true" => Ok(Value::Boolean(true)),
                "false" => Ok(Value::Boolean(false)),
                _ => Err(ParseValueError::NotBoolean {
                    key,
                    given: start(text),
                }),
            },
            Kind::Integer { min, max, .. } => text
                .parse::<i64>()
                .ok()
                .filter(|value| (min..=max).contains(value))
                .map(Value::Integer)
                .ok_or_else(|| ParseValueError::NotInRange {
                    key,
                    given: start(text),
                    min,
                    max,
                }),
            Kind::Choice { names } => names
                .iter()
                .position(|name| *name == text)
                .map(Value::Choice)
                .ok_or_else(|| {
                    let choices = names.join(", ");
                    ParseValueError::NotAChoice {
                        key,
                        given: start(text),
                        choices,
                    }
                }),
            Kind::Text { chars_max, form } => {
                check_text(definition, text, chars_max)?;
                if form == TextForm::HttpUrl && !is_http_url(text) {
                    return Err(ParseValueError::NotAnAddress {
                        key,
                        given: start(text),
                    });
                }
                Ok(Value::text(text))
            }
            Kind::Secret { chars_max } => {
                check_text(definition, text, chars_max)?;
                Ok(Value::secret(text))
            }
        }
    }
}

fn start(text: &str) -> String {
    text.chars().take(GIVEN_CHARS_MAX).collect()
}

fn check_text(
    definition: &Definition,
    text: &str,
    chars_max: usize,
) -> Result<(), ParseValueError> {
    let key = definition.name;
    let chars = text.chars().count();
    if chars > chars_max {
        return Err(ParseValueError::TooLong {
            key,
            chars,
            chars_max,
        });
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(ParseValueError::ControlCharacter { key });
    }
    Ok(())
}

/// Enough to keep `javascript:` and the like out of pages; the address itself is not followed by
/// the server.
fn is_http_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    text.is_empty()
        || rest.is_some_and(|rest| {
            !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace)
        })
}
