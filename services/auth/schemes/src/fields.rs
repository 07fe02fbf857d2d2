//! A row, and what a scheme sees of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// A row of a foreign user table. Numbers are decimal text; bytes are as stored.
pub trait Row {
    /// The value of a column; `None` for NULL and for a column that is not there.
    fn get(&self, column: &str) -> Option<Cow<'_, [u8]>>;
}

impl Row for BTreeMap<String, Vec<u8>> {
    fn get(&self, column: &str) -> Option<Cow<'_, [u8]>> {
        Self::get(self, column).map(|value| Cow::Borrowed(value.as_slice()))
    }
}

/// What a scheme sees: the stored value without its wrapper, and the rest of the row.
pub(crate) struct Fields<'a> {
    pub(crate) stored: &'a [u8],
    /// Empty when NULL, as the applications themselves see it.
    pub(crate) salt: &'a [u8],
    pub(crate) login: &'a [u8],
    pub(crate) id: &'a [u8],
    pub(crate) row: &'a dyn Row,
}

impl<'a> Fields<'a> {
    /// The same row with another value and salt: for schemes that contain others.
    pub(crate) const fn with<'b>(&self, stored: &'b [u8], salt: &'b [u8]) -> Fields<'b>
    where
        'a: 'b,
    {
        Fields {
            stored,
            salt,
            login: self.login,
            id: self.id,
            row: self.row,
        }
    }

    /// The same row with another value.
    pub(crate) const fn with_stored<'b>(&self, stored: &'b [u8]) -> Fields<'b>
    where
        'a: 'b,
    {
        Fields {
            stored,
            salt: self.salt,
            login: self.login,
            id: self.id,
            row: self.row,
        }
    }

    /// The stored value without the padding of CHAR and BINARY columns.
    pub(crate) fn trimmed(&self) -> &'a [u8] {
        trim_padding(self.stored)
    }

    /// The stored value as text without padding; `None` when it is no printable ASCII.
    pub(crate) fn text(&self) -> Option<&'a str> {
        let trimmed = self.trimmed();
        let is_text = trimmed.iter().all(|b| (0x20..0x7f).contains(b));
        std::str::from_utf8(trimmed).ok().filter(|_| is_text)
    }

    /// Text of another column without padding.
    pub(crate) fn column(&self, name: &str) -> Option<String> {
        let value = self.row.get(name)?;
        String::from_utf8(trim_padding(&value).to_vec()).ok()
    }
}

/// Without the blanks of CHAR and the NULs of BINARY columns at the end.
pub(crate) fn trim_padding(value: &[u8]) -> &[u8] {
    let end = value
        .iter()
        .rposition(|b| !matches!(b, b' ' | 0))
        .map_or(0, |last| last + 1);
    value.get(..end).unwrap_or_default()
}
