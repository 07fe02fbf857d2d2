//! `MediaWiki`: types between colons.

use super::crypt::{argon2_value, bcrypt_tail};
use super::kdf::{hash_of, pbkdf2};
use crate::fields::Fields;
use crate::prim::bcrypt::{self, Setting, TAIL_LENGTH};
use crate::prim::hash::{Hash, same};
use crate::prim::kdf::Pbkdf2;
use crate::prim::text::{decode_base64, decode_hex, number};
use crate::scheme::{Read, Scheme};
use crate::verdict::Strength::Broken;
use crate::work::Work;

pub(super) static SCHEMES: [Scheme; 1] = [Scheme::own(
    "mediawiki",
    "`:A:`, `:B:`, `:pbkdf2:`, `:bcrypt:`, `:argon2:`",
    "A md5(p), with an id md5(id . \"-\" . hex md5(p)); B md5(s . \"-\" . hex md5(p)); the others with parameters in the value",
    mediawiki,
)
.keeps("A and B broken; pbkdf2 ok; others strong")
.costs(Work::Pbkdf2 { rounds: 30_000 })
.unmistakable()];

fn mediawiki(fields: &Fields<'_>) -> Read {
    let parts = fields
        .text()
        .and_then(|text| text.strip_prefix(':')?.split_once(':'));
    match parts {
        Some(("A", rest)) => match rest.split_once(':') {
            Some((id, digest)) => dashed(id, digest),
            None => super::read_as("md5", &fields.with_stored(rest.as_bytes())),
        },
        Some(("B", rest)) => match rest.split_once(':') {
            Some((salt, digest)) => dashed(salt, digest),
            None => Read::Foreign,
        },
        Some(("pbkdf2", rest)) => wiki_pbkdf2(rest).unwrap_or(Read::Foreign),
        Some(("bcrypt", rest)) => wiki_bcrypt(rest).unwrap_or(Read::Foreign),
        Some(("argon2", rest)) => argon2_value(rest),
        _ => Read::Foreign,
    }
}

/// `md5(salt . "-" . hex md5(p))`
fn dashed(salt: &str, digest: &str) -> Read {
    let Some(stored) = decode_hex(digest.as_bytes()).filter(|digest| digest.len() == 16) else {
        return Read::Foreign;
    };
    let salt = salt.as_bytes().to_vec();
    Read::value(Broken, Work::Digests { rounds: 2 }, move |attempt| {
        let inner = Hash::Md5.hex(attempt.password);
        same(&Hash::Md5.of_all(&[&salt, b"-", &inner]), &stored)
    })
}

/// `sha512:30000:64:salt:digest`
fn wiki_pbkdf2(rest: &str) -> Option<Read> {
    let fields: Vec<&str> = rest.split(':').collect();
    let [hash, rounds, length, salt, digest] = fields[..] else {
        return None;
    };
    let digest = decode_base64(digest.as_bytes())?;
    let salt = decode_base64(salt.as_bytes())?;
    if number::<usize>(length)? != digest.len() {
        return None;
    }
    let setting = Pbkdf2::new(hash_of(hash)?, number(rounds)?, &salt, digest.len());
    Some(pbkdf2(setting, digest))
}

/// `9$salt$tail`
fn wiki_bcrypt(rest: &str) -> Option<Read> {
    let (cost, rest) = rest.split_once('$')?;
    let (salt, tail) = rest.split_once('$')?;
    let cost = number::<u8>(cost)?;
    let setting = Setting::parse(format!("{cost:02}").as_bytes(), salt.as_bytes())?;
    let is_tail = tail.len() == TAIL_LENGTH && tail.bytes().all(bcrypt::is_digit);
    is_tail.then(|| bcrypt_tail(setting, tail.as_bytes().to_vec()))
}
