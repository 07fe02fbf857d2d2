//! Sizes and tokens of list pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest page token that is looked at, in bytes.
pub const PAGE_TOKEN_BYTES_MAX: usize = 1_024;

/// How many items a page has: at least 1, at most the maximum of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u32);

/// Why a number is not a page size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a page size must not be negative")]
pub struct ParsePageSizeError;

impl PageSize {
    /// Reads the size a client asked for: 0 means `default`, more than `max` means `max`.
    pub fn parse(requested: i32, default: u32, max: u32) -> Result<Self, ParsePageSizeError> {
        let requested = u32::try_from(requested).map_err(|_| ParsePageSizeError)?;
        let wanted = if requested == 0 { default } else { requested };
        Ok(Self(wanted.min(max).max(1)))
    }

    /// Items on the page.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Items on the page, for vectors.
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }

    /// The LIMIT to read with: one row more than the page tells whether another page follows.
    pub fn limit(self) -> i64 {
        i64::from(self.0) + 1
    }
}

/// Where the next page begins, as an opaque text. It names the list it belongs to, so that a token
/// of another list is refused. It is not signed: the position is input like any other, and whoever
/// reads it still checks what the caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken(String);

/// Why a text is not a page token of this list, or a position cannot become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParsePageTokenError {
    /// Longer than [`PAGE_TOKEN_BYTES_MAX`].
    #[error("a page token has at most 1024 bytes")]
    TooLong,
    /// Not a token this server made, or one of an older version.
    #[error("this is not a page token; start again with the first page")]
    Malformed,
    /// A token of another list.
    #[error("this page token belongs to another list")]
    OtherList,
}

impl PageToken {
    /// Makes the token for a position in the list `list`. A position is a small tuple or struct of
    /// numbers, texts and ids. Fails only for a position that JSON cannot hold or that is too long.
    pub fn encode(list: &str, position: &impl Serialize) -> Result<Self, ParsePageTokenError> {
        let json =
            serde_json::to_vec(&(list, position)).map_err(|_| ParsePageTokenError::Malformed)?;
        let token = URL_SAFE_NO_PAD.encode(json);
        if token.len() > PAGE_TOKEN_BYTES_MAX {
            return Err(ParsePageTokenError::TooLong);
        }
        Ok(Self(token))
    }

    /// Reads a client's token. The empty text is the first page: `None`.
    pub fn decode<T: DeserializeOwned>(
        list: &str,
        token: &str,
    ) -> Result<Option<T>, ParsePageTokenError> {
        if token.is_empty() {
            return Ok(None);
        }
        if token.len() > PAGE_TOKEN_BYTES_MAX {
            return Err(ParsePageTokenError::TooLong);
        }
        let json = URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| ParsePageTokenError::Malformed)?;
        let (found, position): (String, serde_json::Value) =
            serde_json::from_slice(&json).map_err(|_| ParsePageTokenError::Malformed)?;
        if found != list {
            return Err(ParsePageTokenError::OtherList);
        }
        serde_json::from_value(position)
            .map(Some)
            .map_err(|_| ParsePageTokenError::Malformed)
    }

    /// The token as it goes to the client.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Ids, MessageId, Timestamp};

    #[test]
    fn sizes_are_defaulted_and_capped() {
        assert_eq!(PageSize::parse(0, 50, 200).unwrap().get(), 50);
        assert_eq!(PageSize::parse(1, 50, 200).unwrap().get(), 1);
        assert_eq!(PageSize::parse(200, 50, 200).unwrap().get(), 200);
        assert_eq!(PageSize::parse(i32::MAX, 50, 200).unwrap().limit(), 201);
        assert_eq!(PageSize::parse(-1, 50, 200), Err(ParsePageSizeError));
        assert_eq!(PageSize::parse(0, 0, 0).unwrap().get(), 1);
    }

    #[test]
    fn a_token_returns_its_position_to_its_own_list_only() {
        let id: MessageId = Ids::seeded(Clock::mock(Timestamp::EPOCH), 1).new_id();
        let token = PageToken::encode("messages", &(7_i64, id))
            .unwrap()
            .into_string();
        assert_eq!(PageToken::decode("messages", &token), Ok(Some((7_i64, id))));
        assert_eq!(
            PageToken::decode::<(i64, MessageId)>("users", &token),
            Err(ParsePageTokenError::OtherList)
        );
        let other_shape = PageToken::decode::<String>("messages", &token);
        assert_eq!(other_shape, Err(ParsePageTokenError::Malformed));
    }

    #[test]
    fn no_token_is_the_first_page_and_rubbish_is_refused() {
        assert_eq!(PageToken::decode::<i64>("users", ""), Ok(None));
        for rubbish in ["%", "AAAA", "bnVsbA"] {
            let decoded = PageToken::decode::<i64>("users", rubbish);
            assert_eq!(decoded, Err(ParsePageTokenError::Malformed), "{rubbish}");
        }
        let long = "A".repeat(PAGE_TOKEN_BYTES_MAX + 1);
        assert_eq!(
            PageToken::decode::<i64>("users", &long),
            Err(ParsePageTokenError::TooLong)
        );
    }
}
