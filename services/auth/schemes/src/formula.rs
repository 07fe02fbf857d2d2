//! Formulas over digests, written down once: what is computed is what the reference shows.

use std::fmt;

use zeroize::Zeroizing;

use crate::fields::{Fields, trim_padding};
use crate::prim::hash::{Hash, same};
use crate::prim::text::{decode_base64, decode_hex, lower_ascii, lower_unicode};
use crate::scheme::{Attempt, Needs, Read, SecretUse};
use crate::verdict::Strength;
use crate::work::Work;

/// A digest over parts, and how the stored value spells it.
pub(crate) struct Formula {
    pub(crate) hash: Hash,
    /// The parts that are hashed; for an HMAC, the message.
    pub(crate) parts: &'static [Part],
    /// The key of an HMAC.
    pub(crate) key: Option<&'static Part>,
    pub(crate) spelling: Spelling,
    pub(crate) strength: Strength,
}

/// How a digest is stored.
#[derive(Clone, Copy)]
pub(crate) enum Spelling {
    /// In hex of either case.
    Hex,
    /// In hex, or as bare bytes.
    HexOrRaw,
    /// In base64 with padding.
    Base64,
    /// In hex after a prefix.
    After(&'static str),
}

/// A part of what is hashed.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// The password.
    P,
    /// The salt of the row.
    S,
    /// The login as stored.
    U,
    /// The numeric id.
    I,
    /// The secret of the site.
    K,
    /// These letters.
    Text(&'static str),
    /// In lower case: bytewise, then as Unicode has it.
    Lower(&'static Part),
    /// The salt up to a place.
    SaltTo(Cut),
    /// The salt from there.
    SaltFrom(Cut),
    /// A digest in lower-case hex.
    Hex(Hash, &'static [Part]),
    /// A digest as bytes.
    Raw(Hash, &'static [Part]),
}

/// Where a salt is cut in two.
#[derive(Clone, Copy)]
pub(crate) enum Cut {
    /// After so many bytes.
    After(usize),
    /// In the middle; the first half is the longer one.
    Half,
}

/// Makes lower case.
type Lower = fn(&[u8]) -> Vec<u8>;

/// What is filled in.
struct Values<'a> {
    attempt: &'a Attempt<'a>,
    row: &'a Owned,
    lower: Lower,
}

/// What a formula reads of a row.
struct Owned {
    salt: Vec<u8>,
    login: Vec<u8>,
    id: Vec<u8>,
}

impl Formula {
    /// Whether the value is spelt like this digest, and if so, the digest.
    fn digest_of(&self, stored: &[u8]) -> Option<Vec<u8>> {
        let length = self.hash.length();
        let hex = |text: &[u8]| decode_hex(text).filter(|bytes| bytes.len() == length);
        match self.spelling {
            Spelling::HexOrRaw if stored.len() == length => Some(stored.to_vec()),
            Spelling::Hex | Spelling::HexOrRaw => hex(trim_padding(stored)),
            Spelling::Base64 => {
                decode_base64(trim_padding(stored)).filter(|bytes| bytes.len() == length)
            }
            Spelling::After(prefix) => hex(trim_padding(stored).strip_prefix(prefix.as_bytes())?),
        }
    }

    pub(crate) fn read(&'static self, fields: &Fields<'_>) -> Read {
        let Some(digest) = self.digest_of(fields.stored) else {
            return Read::Foreign;
        };
        let row = Owned {
            salt: fields.salt.to_vec(),
            login: fields.login.to_vec(),
            id: fields.id.to_vec(),
        };
        let knows_case = self.parts.iter().chain(self.key).any(Part::knows_case);
        let rounds = self.parts.iter().map(Part::rounds).sum::<u64>() + 1;
        Read::value(self.strength, Work::Digests { rounds }, move |attempt| {
            let is = |lower: Lower| {
                let values = Values {
                    attempt,
                    row: &row,
                    lower,
                };
                same(&self.compute(&values), &digest)
            };
            // Old PHP lower-cases bytes, newer code letters. Most formulas know no case.
            is(lower_ascii) || (knows_case && is(lower_unicode))
        })
    }

    fn compute(&self, values: &Values<'_>) -> Zeroizing<Vec<u8>> {
        let message = values.join(self.parts);
        match self.key {
            Some(key) => self.hash.hmac(&values.of(key), &message),
            None => self.hash.of(&message),
        }
    }

    pub(crate) fn needs(&self) -> Needs {
        let mut needs = Needs::NOTHING;
        self.parts
            .iter()
            .chain(self.key)
            .for_each(|part| part.add_to(&mut needs));
        needs
    }
}

impl Values<'_> {
    fn join(&self, parts: &[Part]) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(256));
        for part in parts {
            out.extend_from_slice(&self.of(part));
        }
        out
    }

    fn of(&self, part: &Part) -> Zeroizing<Vec<u8>> {
        let bytes = match part {
            Part::P => self.attempt.password.to_vec(),
            Part::S => self.row.salt.clone(),
            Part::U => self.row.login.clone(),
            Part::I => self.row.id.clone(),
            Part::K => self.attempt.secret.to_vec(),
            Part::Text(text) => text.as_bytes().to_vec(),
            Part::Lower(part) => (self.lower)(&self.of(part)),
            Part::SaltTo(cut) => cut.split(&self.row.salt).0.to_vec(),
            Part::SaltFrom(cut) => cut.split(&self.row.salt).1.to_vec(),
            Part::Hex(hash, parts) => return hash.hex(&self.join(parts)),
            Part::Raw(hash, parts) => return hash.of(&self.join(parts)),
        };
        Zeroizing::new(bytes)
    }
}

impl Cut {
    fn split(self, salt: &[u8]) -> (&[u8], &[u8]) {
        let at = match self {
            Self::After(bytes) => bytes,
            Self::Half => salt.len().div_ceil(2),
        };
        salt.split_at(at.min(salt.len()))
    }
}

impl Part {
    fn rounds(&self) -> u64 {
        match self {
            Self::Hex(_, parts) | Self::Raw(_, parts) => {
                1 + parts.iter().map(Self::rounds).sum::<u64>()
            }
            _ => 0,
        }
    }

    fn knows_case(&self) -> bool {
        match self {
            Self::Lower(_) => true,
            Self::Hex(_, parts) | Self::Raw(_, parts) => parts.iter().any(Self::knows_case),
            _ => false,
        }
    }

    fn add_to(&self, needs: &mut Needs) {
        match self {
            Self::S | Self::SaltTo(_) | Self::SaltFrom(_) => needs.salt = true,
            Self::U => needs.login = true,
            Self::I => needs.id = true,
            Self::K => needs.secret = SecretUse::Needed,
            Self::P | Self::Text(_) => {}
            Self::Lower(part) => part.add_to(needs),
            Self::Hex(_, parts) | Self::Raw(_, parts) => {
                parts.iter().for_each(|part| part.add_to(needs));
            }
        }
    }
}

/// `a . b . c`
struct Parts(&'static [Part]);

impl fmt::Display for Parts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { " . " };
            write!(out, "{dot}{part}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::P => out.write_str("p"),
            Self::S => out.write_str("s"),
            Self::U => out.write_str("u"),
            Self::I => out.write_str("i"),
            Self::K => out.write_str("k"),
            Self::Text(text) => write!(out, "{text:?}"),
            Self::Lower(part) => write!(out, "lower({part})"),
            Self::SaltTo(Cut::Half) => out.write_str("first half of s"),
            Self::SaltFrom(Cut::Half) => out.write_str("second half of s"),
            Self::SaltTo(Cut::After(bytes)) => write!(out, "first {bytes} bytes of s"),
            Self::SaltFrom(Cut::After(_)) => out.write_str("rest of s"),
            Self::Hex(hash, parts) => write!(out, "hex {hash}({})", Parts(parts)),
            Self::Raw(hash, parts) => write!(out, "raw {hash}({})", Parts(parts)),
        }
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.spelling {
            Spelling::Base64 => out.write_str("base64 of ")?,
            Spelling::After(prefix) => write!(out, "{prefix:?} . ")?,
            Spelling::Hex | Spelling::HexOrRaw => {}
        }
        match self.key {
            Some(key) => write!(out, "HMAC-{}({key}, {})", self.hash, Parts(self.parts)),
            None => write!(out, "{}({})", self.hash, Parts(self.parts)),
        }
    }
}

/// Entries of the registry for plain digests.
pub(crate) mod entry {
    use super::{Formula, Part, Spelling};
    use crate::prim::hash::Hash;
    use crate::scheme::{Needs, Reader, Scheme};
    use crate::verdict::Strength;
    use crate::work::Work;

    /// A digest over parts, in hex.
    pub(crate) const fn digest(
        id: &'static str,
        strength: Strength,
        hash: Hash,
        parts: &'static [Part],
    ) -> Scheme {
        let form = match hash.length() {
            16 => "32 hex",
            20 => "40 hex",
            32 => "64 hex",
            48 => "96 hex",
            _ => "128 hex",
        };
        spelt(id, (Spelling::Hex, form), strength, hash, parts)
    }

    /// An HMAC, in hex.
    pub(crate) const fn hmac(
        id: &'static str,
        strength: Strength,
        hash: Hash,
        (key, message): (&'static Part, &'static [Part]),
    ) -> Scheme {
        let Scheme { form, .. } = digest(id, strength, hash, message);
        let formula = Formula {
            hash,
            parts: message,
            key: Some(key),
            spelling: Spelling::Hex,
            strength,
        };
        scheme(id, form, formula)
    }

    /// A digest in another spelling.
    pub(crate) const fn spelt(
        id: &'static str,
        (spelling, form): (Spelling, &'static str),
        strength: Strength,
        hash: Hash,
        parts: &'static [Part],
    ) -> Scheme {
        let formula = Formula {
            hash,
            parts,
            key: None,
            spelling,
            strength,
        };
        scheme(id, form, formula)
    }

    const fn scheme(id: &'static str, form: &'static str, formula: Formula) -> Scheme {
        Scheme {
            id,
            form,
            strength: formula.strength.as_str(),
            needs: Needs::NOTHING,
            is_unmistakable: matches!(formula.spelling, Spelling::After(_)),
            typical: Work::Digests { rounds: 1 },
            reader: Reader::Formula(formula),
        }
    }
}
