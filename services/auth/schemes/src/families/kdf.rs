//! PBKDF2, scrypt and Argon2 in forms of their own.

use super::crypt::modular;
use crate::fields::Fields;
use crate::prim::argon2::{self, Cost};
use crate::prim::hash::{Hash, same};
use crate::prim::kdf::{Pbkdf2, Scrypt};
use crate::prim::text::{decode_base64, decode_base64_bare, decode_hex, number};
use crate::scheme::{Needs, Read, Scheme};
use crate::verdict::Strength::{Ok as Fair, Strong, Weak};
use crate::work::Work;

/// From here on PBKDF2 is strong.
const ROUNDS_STRONG: u32 = 100_000;
/// Discourse before it stored its algorithm.
const DISCOURSE_DEFAULT: &str = "$pbkdf2-sha256$i=64000,l=32$";

const DISCOURSE: Needs = Needs {
    columns: &[("password_algorithm", true)],
    ..Needs::SALT
};
const GITEA: Needs = Needs {
    columns: &[("passwd_hash_algo", true)],
    ..Needs::SALT
};

pub(super) static SCHEMES: [Scheme; 4] = [
    Scheme::own(
        "pbkdf2_passlib",
        "`$pbkdf2$`, `$pbkdf2-sha256$` or `$pbkdf2-sha512$`",
        "PBKDF2-HMAC; rounds, salt and digest from the value, base64 with . for +",
        |fields| {
            let rest = fields.text().and_then(|text| text.strip_prefix("$pbkdf2"));
            let hash_and_rest = rest.and_then(|rest| {
                let (hash, rest) = rest.split_once('$')?;
                Some((hash_of(hash.strip_prefix('-').unwrap_or("sha1"))?, rest))
            });
            hash_and_rest.map_or(Read::Foreign, |(hash, rest)| passlib(hash, rest))
        },
    )
    .keeps("strong from 100,000 rounds, ok below")
    .costs(Work::Pbkdf2 { rounds: 25_000 })
    .unmistakable(),
    Scheme::own(
        "pbkdf2_modx",
        "44 characters of base64",
        "base64(PBKDF2-HMAC-SHA256(p, s, 1000 rounds, 32 bytes))",
        |fields| {
            let digest = decode_base64(fields.trimmed()).filter(|digest| digest.len() == 32);
            digest.map_or(Read::Foreign, |digest| {
                pbkdf2(Pbkdf2::new(Hash::Sha256, 1000, fields.salt, 32), digest).graded(Weak)
            })
        },
    )
    .keeps("weak")
    .with(Needs::SALT)
    .costs(Work::Pbkdf2 { rounds: 1000 }),
    Scheme::own(
        "pbkdf2_phc_hex",
        "hex",
        "hex PBKDF2-HMAC(p, s) as column password_algorithm says: $pbkdf2-sha256$i=64000,l=32$",
        discourse,
    )
    .keeps("strong from 100,000 rounds, ok below")
    .with(DISCOURSE)
    .costs(Work::Pbkdf2 { rounds: 64_000 }),
    Scheme::own(
        "gitea",
        "hex, or as bcrypt",
        "as column passwd_hash_algo says: pbkdf2, argon2, scrypt or bcrypt, with parameters behind $",
        gitea,
    )
    .keeps("strong; pbkdf2 below 100,000 rounds ok")
    .with(GITEA)
    .costs(Work::Pbkdf2 { rounds: 100_000 }),
];

/// A digest function by its name in such values.
pub(super) fn hash_of(name: &str) -> Option<Hash> {
    Some(match name {
        "sha1" => Hash::Sha1,
        "sha256" => Hash::Sha256,
        "sha512" => Hash::Sha512,
        _ => return None,
    })
}

/// A stored value of PBKDF2.
pub(super) fn pbkdf2(setting: Option<Pbkdf2>, stored: Vec<u8>) -> Read {
    let Some(setting) = setting else {
        return Read::Refused("PBKDF2 with these parameters is not supported");
    };
    let strength = if setting.rounds() >= ROUNDS_STRONG {
        Strong
    } else {
        Fair
    };
    Read::value(strength, setting.work(), move |attempt| {
        same(&setting.digest(attempt.password), &stored)
    })
}

/// A stored value of scrypt.
pub(super) fn scrypt(setting: Option<Scrypt>, stored: Vec<u8>) -> Read {
    let Some(setting) = setting else {
        return Read::Refused("scrypt with these parameters is not supported");
    };
    Read::value(Strong, setting.work(), move |attempt| {
        same(&setting.digest(attempt.password), &stored)
    })
}

/// A stored value of Argon2id.
pub(super) fn argon2id(cost: Cost, salt: &[u8], stored: Vec<u8>) -> Read {
    let Some(setting) = argon2::Setting::id(cost, salt, stored.len()) else {
        return Read::Refused("Argon2 with these parameters is not supported");
    };
    Read::value(Strong, setting.work(), move |attempt| {
        same(&setting.digest(attempt.password), &stored)
    })
}

/// `rounds$salt$digest` in passlib's base64.
pub(super) fn passlib(hash: Hash, rest: &str) -> Read {
    let bytes = |text: &str| decode_base64_bare(text.replace('.', "+").as_bytes());
    let parts = rest.split_once('$').and_then(|(rounds, rest)| {
        let (salt, digest) = rest.split_once('$')?;
        Some((number(rounds)?, bytes(salt)?, bytes(digest)?))
    });
    parts.map_or(Read::Foreign, |(rounds, salt, digest)| {
        pbkdf2(Pbkdf2::new(hash, rounds, &salt, digest.len()), digest)
    })
}

fn discourse(fields: &Fields<'_>) -> Read {
    let Some(digest) = decode_hex(fields.trimmed()).filter(|digest| !digest.is_empty()) else {
        return Read::Foreign;
    };
    let algorithm = fields
        .column("password_algorithm")
        .filter(|text| !text.is_empty());
    let algorithm = algorithm.as_deref().unwrap_or(DISCOURSE_DEFAULT);
    let parts = algorithm.strip_prefix("$pbkdf2-").and_then(|rest| {
        let (hash, rest) = rest.split_once("$i=")?;
        let (rounds, length) = rest.strip_suffix('$')?.split_once(",l=")?;
        Some((hash_of(hash)?, number(rounds)?, number::<usize>(length)?))
    });
    match parts {
        Some((hash, rounds, length)) if length == digest.len() => {
            pbkdf2(Pbkdf2::new(hash, rounds, fields.salt, length), digest)
        }
        _ => Read::Refused("this password_algorithm is not supported"),
    }
}

fn gitea(fields: &Fields<'_>) -> Read {
    let Some(stored) = fields.text() else {
        return Read::Foreign;
    };
    let algorithm = fields
        .column("passwd_hash_algo")
        .filter(|text| !text.is_empty());
    let algorithm = algorithm.unwrap_or_else(|| "pbkdf2".to_owned());
    let (name, given) = algorithm
        .split_once('$')
        .unwrap_or((algorithm.as_str(), ""));
    if name == "bcrypt" {
        return modular(stored);
    }
    let Some(digest) = decode_hex(stored.as_bytes()).filter(|digest| !digest.is_empty()) else {
        return Read::Foreign;
    };
    // Ten characters are the salt itself; newer ones are written in hex.
    let salt = match fields.salt {
        text if text.len() == 10 => Some(text.to_vec()),
        hex => decode_hex(hex),
    };
    let unsupported = Read::Refused("this passwd_hash_algo is not supported");
    let Some(salt) = salt else {
        return unsupported;
    };
    let numbers = |defaults: &[u64]| -> Option<Vec<u64>> {
        if given.is_empty() {
            return Some(defaults.to_vec());
        }
        let given: Option<Vec<u64>> = given.split('$').map(number).collect();
        given.filter(|given| given.len() == defaults.len())
    };
    let small = |n: u64| u32::try_from(n).ok();
    let length = u64::try_from(digest.len()).unwrap_or(u64::MAX);
    let read = match name {
        "pbkdf2" => numbers(&[10_000, 50]).and_then(|n| match n[..] {
            [rounds, bytes] if bytes == length => Some(pbkdf2(
                Pbkdf2::new(Hash::Sha256, small(rounds)?, &salt, digest.len()),
                digest,
            )),
            _ => None,
        }),
        "argon2" => numbers(&[2, 65_536, 8, 50]).and_then(|n| match n[..] {
            [passes, memory_kib, lanes, bytes] if bytes == length => {
                let cost = Cost {
                    memory_kib: small(memory_kib)?,
                    passes: small(passes)?,
                    lanes: small(lanes)?,
                };
                Some(argon2id(cost, &salt, digest))
            }
            _ => None,
        }),
        "scrypt" => numbers(&[65_536, 16, 2, 50]).and_then(|n| match n[..] {
            [n, r, p, bytes] if bytes == length => {
                let setting = Scrypt::new(n, (small(r)?, small(p)?), &salt, digest.len());
                Some(scrypt(setting, digest))
            }
            _ => None,
        }),
        _ => None,
    };
    read.unwrap_or(unsupported)
}
