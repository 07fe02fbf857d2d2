//! `{SCHEME}value` of RFC 2307 and its followers, and what contains it.

use super::crypt::argon2_value;
use super::kdf::passlib;
use crate::fields::Fields;
use crate::prim::hash::{Hash, same};
use crate::prim::text::{decode_base64, decode_hex};
use crate::scheme::{Read, Scheme};
use crate::verdict::Strength::{Broken, Weak};
use crate::work::Work;

const DIGEST: Work = Work::Digests { rounds: 1 };
/// Longest salt behind a digest.
const SALT_BYTES_MAX: usize = 64;

pub(super) static SCHEMES: [Scheme; 3] = [
    Scheme::own(
        "rfc2307",
        "`{…}`, without regard to case",
        "{MD5} {SHA} {SHA256} {SHA384} {SHA512}: base64(H(p)); {SMD5} {SSHA} …: base64(H(p . s) . s); {CRYPT}; {PBKDF2…}; {ARGON2}; {PLAIN} {CLEARTEXT} {CLEAR}",
        rfc2307,
    )
    .keeps("unsalted and clear text broken; salted weak; others as those")
    .costs(Work::Digests { rounds: 1 })
    .unmistakable(),
    Scheme::own(
        "davical",
        "`*salt*value`",
        "*s*{SSHA}… as rfc2307; *s*hex = md5(s . p); **text = clear text",
        davical,
    )
    .keeps("weak / broken"),
    Scheme::own("ldap_bind", "anything", "the directory checks, not we", |_| {
        Read::Refused("the directory itself checks passwords")
    })
    .keeps("-"),
];

/// What a prefix stands for.
enum Kind {
    /// Digest of the password.
    Digest(Hash),
    /// Digest of password and salt, then the salt.
    Salted(Hash),
    Crypt,
    Pbkdf2(Hash),
    Argon2,
    Clear,
}

const PREFIXES: [(&str, Kind); 28] = [
    ("MD5", Kind::Digest(Hash::Md5)),
    ("PLAIN-MD5", Kind::Digest(Hash::Md5)),
    ("SHA", Kind::Digest(Hash::Sha1)),
    ("SHA1", Kind::Digest(Hash::Sha1)),
    ("SHA256", Kind::Digest(Hash::Sha256)),
    ("SHA384", Kind::Digest(Hash::Sha384)),
    ("SHA512", Kind::Digest(Hash::Sha512)),
    ("SMD5", Kind::Salted(Hash::Md5)),
    ("SSHA", Kind::Salted(Hash::Sha1)),
    ("SSHA256", Kind::Salted(Hash::Sha256)),
    ("SSHA384", Kind::Salted(Hash::Sha384)),
    ("SSHA512", Kind::Salted(Hash::Sha512)),
    ("CRYPT", Kind::Crypt),
    ("DES-CRYPT", Kind::Crypt),
    ("MD5-CRYPT", Kind::Crypt),
    ("SHA256-CRYPT", Kind::Crypt),
    ("SHA512-CRYPT", Kind::Crypt),
    ("BLF-CRYPT", Kind::Crypt),
    ("PBKDF2", Kind::Pbkdf2(Hash::Sha1)),
    ("PBKDF2-SHA1", Kind::Pbkdf2(Hash::Sha1)),
    ("PBKDF2-SHA256", Kind::Pbkdf2(Hash::Sha256)),
    ("PBKDF2-SHA512", Kind::Pbkdf2(Hash::Sha512)),
    ("ARGON2", Kind::Argon2),
    ("ARGON2I", Kind::Argon2),
    ("ARGON2ID", Kind::Argon2),
    ("PLAIN", Kind::Clear),
    ("CLEARTEXT", Kind::Clear),
    ("CLEAR", Kind::Clear),
];

fn rfc2307(fields: &Fields<'_>) -> Read {
    let Some((prefix, value)) = split(fields.trimmed()) else {
        return Read::Foreign;
    };
    let known = PREFIXES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(prefix));
    let text = std::str::from_utf8(value).unwrap_or_default();
    let read = match known.map(|(_, kind)| kind) {
        Some(Kind::Digest(hash)) => digest(*hash, value),
        Some(Kind::Salted(hash)) => salted(*hash, value),
        Some(Kind::Crypt) => super::read_as("crypt", &fields.with_stored(value)),
        Some(Kind::Pbkdf2(hash)) => passlib(*hash, text),
        Some(Kind::Argon2) => argon2_value(text),
        Some(Kind::Clear) if value.is_empty() => Read::NoPassword,
        Some(Kind::Clear) => clear(value),
        None => Read::Refused("this prefix is not supported"),
    };
    match read {
        // Whatever stands there, the prefix says that it is no clear text.
        Read::Foreign => Read::Refused("what stands behind the prefix is not of its form"),
        read => read,
    }
}

/// Name and value; `None` if that is no such prefix.
fn split(stored: &[u8]) -> Option<(&str, &[u8])> {
    let rest = stored.strip_prefix(b"{")?;
    let end = rest.iter().position(|b| *b == b'}')?;
    let name = std::str::from_utf8(rest.get(..end)?).ok()?;
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    is_name.then_some((name, rest.get(end + 1..)?))
}

fn digest(hash: Hash, value: &[u8]) -> Read {
    let stored = decode_base64(value)
        .filter(|digest| digest.len() == hash.length())
        .or_else(|| decode_hex(value).filter(|digest| digest.len() == hash.length()));
    stored.map_or(Read::Foreign, |stored| {
        Read::value(Broken, DIGEST, move |attempt| {
            same(&hash.of(attempt.password), &stored)
        })
    })
}

fn salted(hash: Hash, value: &[u8]) -> Read {
    let Some(bytes) = decode_base64(value) else {
        return Read::Foreign;
    };
    match bytes.split_at_checked(hash.length()) {
        Some((stored, salt)) if (1..=SALT_BYTES_MAX).contains(&salt.len()) => {
            let (stored, salt) = (stored.to_vec(), salt.to_vec());
            Read::value(Weak, DIGEST, move |attempt| {
                same(&hash.of_all(&[attempt.password, &salt]), &stored)
            })
        }
        _ => Read::Foreign,
    }
}

/// Text that says of itself that it is clear.
fn clear(value: &[u8]) -> Read {
    let stored = Hash::Sha256.of(value);
    Read::value(Broken, DIGEST, move |attempt| {
        same(&Hash::Sha256.of(attempt.password), &stored)
    })
}

fn davical(fields: &Fields<'_>) -> Read {
    let stored = fields.trimmed();
    let Some(rest) = stored.strip_prefix(b"*") else {
        return Read::Foreign;
    };
    let Some(at) = rest.iter().position(|b| *b == b'*') else {
        return Read::Foreign;
    };
    let (salt, value) = rest.split_at(at);
    let value = value.get(1..).unwrap_or_default();
    if salt.is_empty() {
        return if value.is_empty() {
            Read::NoPassword
        } else {
            clear(value)
        };
    }
    if value.starts_with(b"{") {
        return rfc2307(&fields.with_stored(value));
    }
    super::read_as("md5_sp", &fields.with(value, salt))
}
