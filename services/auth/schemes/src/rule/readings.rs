//! A row under a rule: which schemes take which value for their own.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::columns::name_of;
use super::{Chooser, Item, PasswordRule, Use};
use crate::families;
use crate::fields::{Fields, Row, trim_padding};
use crate::prim::text::{lower_ascii, lower_unicode};
use crate::scheme::{Read, Scheme};

/// Longest stored value in bytes that is looked at.
const STORED_BYTES_MAX: usize = 16_384;
/// Values that mean "no password" wherever they stand.
const NO_PASSWORD: [&[u8]; 9] = [
    b"",
    b"!",
    b"*",
    b"!!",
    b"*0",
    b"*1",
    b"*LK*",
    b"*NP*",
    // Moodle, for people of another directory.
    b"not cached",
];

/// What the schemes of a rule make of a row.
pub(super) struct Readings {
    /// Of those that have the form, in the order of the rule; `plain` comes last.
    pub(super) found: Vec<(&'static Scheme, Read)>,
    /// Whether some password column holds something.
    pub(super) holds_something: bool,
}

impl PasswordRule {
    pub(super) fn readings(&self, row: &dyn Row) -> Readings {
        let mut uses = Vec::new();
        self.choose(&self.items, row, &mut uses);
        let mut readings = Readings {
            found: Vec::new(),
            holds_something: holds(row.get(name_of(&self.options.password)).as_deref()),
        };
        let (plain, others): (Vec<_>, Vec<_>) = uses
            .into_iter()
            .partition(|one| one.scheme.id == families::PLAIN);
        let mut recognised = Vec::new();
        for one in others {
            if self.read(one, row, &mut readings) {
                recognised.push(self.column_of(one));
            }
        }
        for one in plain {
            if !recognised.contains(&self.column_of(one)) {
                self.read(one, row, &mut readings);
            }
        }
        readings
    }

    fn column_of<'r>(&'r self, one: &'r Use) -> &'r str {
        name_of(one.column.as_ref().unwrap_or(&self.options.password))
    }

    /// Whether the value is one of this scheme.
    fn read(&self, one: &Use, row: &dyn Row, readings: &mut Readings) -> bool {
        let Some(stored) = row.get(self.column_of(one)) else {
            return false;
        };
        if !holds(Some(&stored)) || stored.len() > STORED_BYTES_MAX {
            return false;
        }
        readings.holds_something = true;
        let column = |name: &str| row.get(name_of(name)).unwrap_or_default();
        let needs = one.scheme.needs();
        let salt = self.options.salt.as_deref().filter(|_| needs.salt);
        let row_salt = salt.map_or(Cow::Borrowed(&[][..]), column);
        let logins = if needs.login {
            self.spellings(&column(&self.options.login))
        } else {
            vec![Zeroizing::default()]
        };
        let id = if needs.id {
            column(&self.options.id)
        } else {
            Cow::default()
        };
        let (hash, salt) = match &one.wrapper {
            None => (stored.as_ref(), None),
            Some(wrapper) => match wrapper.unwrap(&stored) {
                Some(parts) => parts,
                None => return false,
            },
        };
        let before = readings.found.len();
        for login in &logins {
            let fields = Fields {
                stored: hash,
                salt: salt.unwrap_or(&row_salt),
                login,
                id: &id,
                row,
            };
            let read = one.scheme.read(&fields);
            if !matches!(read, Read::Foreign) {
                readings.found.push((one.scheme, read));
            }
        }
        readings.found.len() > before
    }

    /// The bytes that a login may have had when it was hashed: as stored, and in the charset of
    /// the application, in which also lower case may have been made.
    fn spellings(&self, login: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
        let mut found = vec![Zeroizing::new(login.to_vec())];
        let charset = self.options.charset.filter(|_| !login.is_ascii());
        if let Some(charset) = charset {
            for form in [login.to_vec(), lower_unicode(login)] {
                let text = std::str::from_utf8(&form).ok();
                let encoded = text.and_then(|text| charset.encode(text));
                found.extend(encoded.filter(|bytes| !found.contains(bytes)));
            }
        }
        found
    }

    fn choose<'r>(&'r self, items: &'r [Item], row: &dyn Row, uses: &mut Vec<&'r Use>) {
        for item in items {
            let (chooser, cases) = match item {
                Item::Use(one) => {
                    uses.push(one);
                    continue;
                }
                Item::By { chooser, cases } => (chooser, cases),
            };
            let value = match chooser {
                Chooser::Column(name) => Some(row.get(name_of(name)).unwrap_or_default()),
                Chooser::Setting(name) => {
                    let values = self.options.secrets.get(name);
                    let value = values.and_then(|values| values.first());
                    value.map(|value| Cow::Borrowed(value.expose().as_slice()))
                }
            };
            let value = value.map(|value| lower_ascii(trim_padding(&value)));
            let case = cases
                .iter()
                .find(|case| value.is_some() && case.value == value)
                .or_else(|| cases.iter().find(|case| case.value.is_none()));
            if let Some(case) = case {
                self.choose(&case.items, row, uses);
            }
        }
    }
}

/// Whether a column holds more than a marker for "no password".
fn holds(stored: Option<&[u8]>) -> bool {
    let Some(stored) = stored else {
        return false;
    };
    let value = trim_padding(stored);
    let is_invalid = value
        .get(..8)
        .is_some_and(|head| head.eq_ignore_ascii_case(b"invalid:"));
    !NO_PASSWORD.contains(&value) && !is_invalid
}
