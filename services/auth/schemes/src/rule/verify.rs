//! A row under a rule.

use std::borrow::Cow;

use im_types::Secret;

use super::columns::name_of;
use super::{Chooser, Item, PasswordRule, Use};
use crate::families;
use crate::fields::{Fields, Row, trim_padding};
use crate::prim::text::lower_ascii;
use crate::scheme::{Attempt, Needs, Read, Scheme, SecretUse, Value};
use crate::verdict::{Recognised, SchemeId, Unsupported, Verdict};
use crate::work::Work;

/// Longest password in bytes; applications that have a limit have this one.
const PASSWORD_BYTES_MAX: usize = 4096;
/// Longest stored value in bytes that is looked at.
const STORED_BYTES_MAX: usize = 16_384;
/// Values that mean "no password" wherever they stand.
const NO_PASSWORD: [&[u8]; 8] = [b"", b"!", b"*", b"!!", b"*0", b"*1", b"*LK*", b"*NP*"];

/// What the schemes of a rule make of a row.
struct Readings {
    /// Of those that have the form, in the order of the rule; `plain` comes last.
    found: Vec<(&'static Scheme, Read)>,
    /// Whether some password column holds something.
    holds_something: bool,
}

/// The best answer so far when nothing matched.
#[derive(Default)]
struct Misses {
    is_checked: bool,
    too_costly: Option<(SchemeId, Work)>,
    unsupported: Option<Unsupported>,
    is_marked: bool,
    most: Option<(Work, u32)>,
}

impl PasswordRule {
    pub(super) fn check(&self, row: &dyn Row, password: &[u8]) -> Verdict {
        let readings = self.readings(row);
        if !readings.holds_something {
            return Verdict::NoPassword;
        }
        let is_typable =
            !password.is_empty() && password.len() <= PASSWORD_BYTES_MAX && !password.contains(&0);
        if !is_typable {
            return Verdict::Mismatch;
        }
        let candidates = self.input.candidates(password);
        let bytes_max = candidates.iter().map(|c| c.len()).max().unwrap_or(0);
        let mut misses = Misses::default();
        for (scheme, read) in &readings.found {
            let id = SchemeId(scheme.id);
            let Some(value) = self.checkable(scheme, read, bytes_max, &mut misses) else {
                continue;
            };
            misses.is_checked = true;
            let secrets = self.secrets_for(scheme.needs());
            misses.spent(value, secrets.len());
            let is_match = candidates.iter().any(|password| {
                secrets
                    .iter()
                    .any(|secret| (value.check)(&Attempt { password, secret }))
            });
            if is_match {
                misses.remember(self);
                return Verdict::Match {
                    scheme: id,
                    strength: value.strength,
                };
            }
        }
        misses.remember(self);
        misses.verdict()
    }

    pub(super) fn look_at(&self, row: &dyn Row) -> Recognised {
        let readings = self.readings(row);
        if !readings.holds_something {
            return Recognised::NoPassword;
        }
        let mut misses = Misses::default();
        for (scheme, read) in &readings.found {
            if let Read::Value(value) = read
                && !self.secrets_for(scheme.needs()).is_empty()
            {
                return Recognised::Known {
                    scheme: SchemeId(scheme.id),
                    strength: value.strength,
                    work: value.work,
                    is_too_costly: !self.options.caps.allow(value.work, 0),
                };
            }
            self.checkable(scheme, read, 0, &mut misses);
        }
        match misses {
            Misses {
                unsupported: Some(reason),
                ..
            } => Recognised::Unsupported(reason),
            Misses {
                is_marked: true, ..
            } => Recognised::NoPassword,
            _ => Recognised::Unsupported(Unsupported::UnknownForm),
        }
    }

    /// The value, if it can be checked now; else notes why not.
    fn checkable<'r>(
        &self,
        scheme: &'static Scheme,
        read: &'r Read,
        bytes_max: usize,
        misses: &mut Misses,
    ) -> Option<&'r Value> {
        let id = SchemeId(scheme.id);
        let reason = match read {
            Read::Foreign => return None,
            Read::NoPassword => {
                misses.is_marked = true;
                return None;
            }
            Read::Refused(why) => Unsupported::Refused { scheme: id, why },
            Read::Value(_) if self.secrets_for(scheme.needs()).is_empty() => {
                Unsupported::NeedsSecret { scheme: id }
            }
            Read::Value(value) if !self.options.caps.allow(value.work, bytes_max) => {
                misses.too_costly.get_or_insert((id, value.work));
                return None;
            }
            Read::Value(value) => return Some(value),
        };
        misses.unsupported.get_or_insert(reason);
        None
    }

    /// The secrets to try; one empty one for schemes that need none.
    fn secrets_for(&self, needs: Needs) -> Vec<&[u8]> {
        let known = self
            .secrets
            .iter()
            .map(|secret| Secret::expose(secret).as_slice());
        let empty: [&[u8]; 1] = [&[]];
        match needs.secret {
            SecretUse::Not => empty.to_vec(),
            SecretUse::Needed => known.collect(),
            SecretUse::OrEmpty => known.chain(empty).collect(),
        }
    }

    fn readings(&self, row: &dyn Row) -> Readings {
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
        let login = if needs.login {
            column(&self.options.login)
        } else {
            Cow::default()
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
        let fields = Fields {
            stored: hash,
            salt: salt.unwrap_or(&row_salt),
            login: &login,
            id: &id,
            row,
        };
        let read = one.scheme.read(&fields);
        let is_its_own = !matches!(read, Read::Foreign);
        if is_its_own {
            readings.found.push((one.scheme, read));
        }
        is_its_own
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

impl Misses {
    fn spent(&mut self, value: &Value, secrets: usize) {
        let times = value
            .times
            .saturating_mul(u32::try_from(secrets).unwrap_or(u32::MAX));
        self.most = self.most.max(Some((value.work, times)));
    }

    fn remember(&self, rule: &PasswordRule) {
        if let Some((work, times)) = self.most {
            rule.usual.saw(work, times);
        }
    }

    const fn verdict(self) -> Verdict {
        if let Some((scheme, work)) = self.too_costly {
            return Verdict::TooCostly { scheme, work };
        }
        if self.is_checked {
            return Verdict::Mismatch;
        }
        match self.unsupported {
            Some(reason) => Verdict::Unsupported { reason },
            None if self.is_marked => Verdict::NoPassword,
            None => Verdict::Unsupported {
                reason: Unsupported::UnknownForm,
            },
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
