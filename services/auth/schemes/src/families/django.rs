//! Django: the first field names the hasher.

use super::crypt::{argon2_value, bcrypt_value};
use super::kdf::{pbkdf2, scrypt};
use crate::fields::Fields;
use crate::prim::hash::Hash;
use crate::prim::kdf::{Pbkdf2, Scrypt};
use crate::prim::text::{decode_base64, number};
use crate::scheme::{Read, Scheme};
use crate::verdict::Strength::Broken;
use crate::work::Work;

pub(super) static SCHEMES: [Scheme; 1] = [Scheme::own(
    "django",
    "name of a hasher and `$`; 32 hex",
    "pbkdf2_sha256, pbkdf2_sha1, argon2, bcrypt_sha256 (over hex sha256(p)), bcrypt, scrypt, md5 and sha1 (s . p), bare md5(p)",
    django,
)
.keeps("strong; pbkdf2 below 100,000 rounds ok; md5 and sha1 broken")
.costs(Work::Pbkdf2 { rounds: 600_000 })];

/// Name of a hasher and what it makes of the rest.
type Hasher = (&'static str, fn(&Fields<'_>, &str) -> Read);

const HASHERS: [Hasher; 8] = [
    ("pbkdf2_sha256", |_, rest| {
        rounds_salt_digest(Hash::Sha256, rest)
    }),
    ("pbkdf2_sha1", |_, rest| {
        rounds_salt_digest(Hash::Sha1, rest)
    }),
    ("argon2", |_, rest| argon2_value(&format!("${rest}"))),
    ("bcrypt_sha256", |_, rest| {
        bcrypt_value(rest).over(|attempt| Hash::Sha256.hex(attempt.password))
    }),
    ("bcrypt", |_, rest| bcrypt_value(rest)),
    ("scrypt", |_, rest| django_scrypt(rest)),
    ("md5", |fields, rest| salted("md5_sp", fields, rest)),
    ("sha1", |fields, rest| salted("sha1_sp", fields, rest)),
];

fn django(fields: &Fields<'_>) -> Read {
    let Some(text) = fields.text() else {
        return Read::Foreign;
    };
    if text.starts_with('!') {
        return Read::NoPassword;
    }
    let Some((name, rest)) = text.split_once('$') else {
        return super::read_as("md5", fields);
    };
    let hasher = HASHERS.iter().find(|(known, _)| *known == name);
    hasher.map_or(Read::Foreign, |(_, read)| read(fields, rest))
}

fn rounds_salt_digest(hash: Hash, rest: &str) -> Read {
    let parts = rest.split_once('$').and_then(|(rounds, rest)| {
        let (salt, digest) = rest.split_once('$')?;
        Some((number(rounds)?, salt, decode_base64(digest.as_bytes())?))
    });
    parts.map_or(Read::Foreign, |(rounds, salt, digest)| {
        pbkdf2(
            Pbkdf2::new(hash, rounds, salt.as_bytes(), digest.len()),
            digest,
        )
    })
}

/// `N$salt$r$p$digest`
fn django_scrypt(rest: &str) -> Read {
    let fields: Vec<&str> = rest.split('$').collect();
    let [n, salt, r, p, digest] = fields[..] else {
        return Read::Foreign;
    };
    let (Some(n), Some(r), Some(p)) = (number(n), number(r), number(p)) else {
        return Read::Foreign;
    };
    decode_base64(digest.as_bytes()).map_or(Read::Foreign, |digest| {
        scrypt(
            Scrypt::new(n, (r, p), salt.as_bytes(), digest.len()),
            digest,
        )
    })
}

fn salted(id: &str, fields: &Fields<'_>, rest: &str) -> Read {
    rest.split_once('$')
        .map_or(Read::Foreign, |(salt, digest)| {
            super::read_as(id, &fields.with(digest.as_bytes(), salt.as_bytes())).graded(Broken)
        })
}
