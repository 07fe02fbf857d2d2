//! A password under a rule.

use im_types::Secret;

use super::PasswordRule;
use crate::fields::Row;
use crate::scheme::{Attempt, Needs, Read, Scheme, SecretUse, Value};
use crate::verdict::{Recognised, SchemeId, Unsupported, Verdict};
use crate::work::Work;

/// Longest password in bytes; applications that have a limit have this one.
const PASSWORD_BYTES_MAX: usize = 4096;
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
