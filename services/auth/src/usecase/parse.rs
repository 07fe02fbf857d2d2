//! From texts of requests to values; what is wrong is named by its field.

use im_types::{DeviceId, DisplayName, Secret, SessionId, UserId, Username};

use crate::Error;
use crate::domain::password::Password;
use crate::domain::people::EMAIL_BYTES_MAX;

pub(crate) fn username(text: &str) -> Result<Username, Error> {
    Username::parse(text).map_err(|error| Error::invalid("username", error))
}

pub(crate) fn password(field: &'static str, text: Secret<String>) -> Result<Password, Error> {
    Password::parse(text).map_err(|error| Error::invalid(field, error))
}

/// The display name, or the username if there is none.
pub(crate) fn display_name(text: &str, username: &Username) -> Result<DisplayName, Error> {
    if text.trim().is_empty() {
        return Ok(DisplayName::from(username));
    }
    DisplayName::parse(text).map_err(|error| Error::invalid("display_name", error))
}

/// A mail address, only as far as that it can be none: whether mail arrives is another question.
pub(crate) fn email(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let is_plausible = text.len() <= EMAIL_BYTES_MAX
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
    if is_plausible {
        return Ok(text.to_owned());
    }
    Err(Error::invalid(
        "email",
        "is not a mail address of at most 254 bytes",
    ))
}

/// One line of at most so many characters.
pub(crate) fn line(field: &'static str, text: &str, chars_max: usize) -> Result<String, Error> {
    let text = text.trim();
    if text.chars().count() > chars_max {
        return Err(Error::invalid(
            field,
            format!("has more than {chars_max} characters"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "contains a control character"));
    }
    Ok(text.to_owned())
}

/// What is looked for, as it was typed. PostgreSQL takes no NUL, and no name has a control character.
pub(crate) fn sought(field: &'static str, text: &str, bytes_max: usize) -> Result<(), Error> {
    if text.len() > bytes_max {
        return Err(Error::invalid(
            field,
            format!("has more than {bytes_max} bytes"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "contains a control character"));
    }
    Ok(())
}

/// A language tag or the name of a time zone, or nothing.
pub(crate) fn tag(field: &'static str, text: &str, bytes_max: usize) -> Result<String, Error> {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b'+');
    if text.len() <= bytes_max && text.bytes().all(is_allowed) {
        return Ok(text.to_owned());
    }
    Err(Error::invalid(
        field,
        "has characters or a length that it must not have",
    ))
}

pub(crate) fn user_id(text: &str) -> Result<UserId, Error> {
    UserId::parse(text).map_err(|error| Error::invalid("user_id", error))
}

pub(crate) fn session_id(text: &str) -> Result<SessionId, Error> {
    SessionId::parse(text).map_err(|error| Error::invalid("session_id", error))
}

pub(crate) fn device_id(text: &str) -> Result<DeviceId, Error> {
    DeviceId::parse(text).map_err(|error| Error::invalid("device_id", error))
}
