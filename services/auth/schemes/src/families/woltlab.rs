//! `WoltLab` Suite, which names the algorithm of every value, and `XenForo`.

use super::xenforo;
use crate::fields::Fields;
use crate::prim::hash::{Hash, same};
use crate::prim::text::decode_hex;
use crate::scheme::{Read, Scheme};
use crate::verdict::Strength::Weak;
use crate::work::Work;

pub(super) static SCHEMES: [Scheme; 2] = [
    Scheme::own(
        "wcf_named",
        "name, `:`, value, perhaps `:` and salt; or `$2a$…`",
        "as the name says: Bcrypt, Argon2, DoubleBcrypt, Wcf1, Wcf2, wcf1e…, Wbb2, Mybb1, Ipb2, Ipb3, Vb3 to Vb5, Phpbb3, Phpass, Drupal8, Joomla1 to 3, Smf1, Smf2, Phpfox3, Xf1, Xf12, CryptMD5",
        named,
    )
    .keeps("as inside")
    .costs(Work::Bcrypt { cost: 12 }),
    Scheme::own(
        "xenforo_data",
        "array of PHP's serialize()",
        "hashFunc: H(hex H(p) . s); without it by length md5(hex md5(p) . s), sha1(hex sha1(p) . s), or as php_password",
        xenforo::data,
    )
    .keeps("weak / strong")
    .costs(Work::Bcrypt { cost: 10 })
    .unmistakable(),
];

/// Names and the schemes that they stand for, of which the first that fits counts.
const NAMES: [(&str, &[&str]); 26] = [
    ("bcrypt", &["bcrypt"]),
    ("argon2", &["php_password"]),
    ("doublebcrypt", &["bcrypt_double"]),
    ("wcf2", &["bcrypt_double"]),
    ("wcf1", &["sha1_s_sha1_s_sha1p"]),
    ("wbb2", &["md5", "sha1"]),
    ("mybb1", &["md5_md5s_md5p"]),
    ("ipb3", &["md5_md5s_md5p"]),
    ("ipb2", &["md5_md5p_s"]),
    ("vb3", &["md5_md5p_s"]),
    ("vb4", &["md5_md5p_s"]),
    ("vb5", &["md5_md5p_s"]),
    ("vb5bcrypt", &["crypt_md5p"]),
    ("vb5argon2", &["crypt_md5p"]),
    ("cryptmd5", &["crypt_md5p"]),
    ("phpbb3", &["phpass"]),
    ("phpass", &["phpass"]),
    ("drupal8", &["drupal_sha512"]),
    ("joomla1", &["md5_ps"]),
    ("joomla2", &["md5_ps"]),
    ("joomla3", &["md5_ps"]),
    ("smf1", &["sha1_sp"]),
    ("smf2", &["sha1_sp"]),
    ("phpfox3", &["md5_md5p_md5s"]),
    ("xf1", &["sha256_sha256p_s", "sha1_sha1p_s"]),
    ("xf12", &["bcrypt"]),
];

fn named(fields: &Fields<'_>) -> Read {
    let stored = fields.trimmed();
    if stored.starts_with(b"$2a$") {
        return super::read_as("bcrypt_double", fields);
    }
    let Some((name, rest)) = split_once(stored, b':') else {
        return Read::Foreign;
    };
    let (value, salt) = split_once(rest, b':').unwrap_or((rest, &[]));
    let name = name.to_ascii_lowercase();
    if name == b"invalid" {
        return Read::NoPassword;
    }
    let inner = fields.with(value, salt);
    if let Some(way) = name.strip_prefix(b"wcf1e") {
        return configured(way, &inner);
    }
    let known = NAMES.iter().find(|(known, _)| known.as_bytes() == name);
    match known {
        Some((_, schemes)) => super::read_as_any(schemes, &inner),
        None if value.is_empty() => Read::Foreign,
        None => Read::Refused("algorithm of this name is not supported"),
    }
}

fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|b| *b == separator)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// WCF 1 as configured: `<m|s|c><01><a|b><01>` is the digest, whether there is a salt, whether it
/// stands after or before, and whether the password is hashed before. A last round over salt and
/// digest comes always.
fn configured(way: &[u8], fields: &Fields<'_>) -> Read {
    let &[
        digest,
        has_salt @ b'0'..=b'1',
        place @ (b'a' | b'b'),
        is_hashed @ b'0'..=b'1',
    ] = way
    else {
        return Read::Foreign;
    };
    let hash = match digest {
        b'm' => Hash::Md5,
        b's' => Hash::Sha1,
        b'c' => return Read::Refused("crc32 is no protection at all"),
        _ => return Read::Foreign,
    };
    let Some(stored) = decode_hex(fields.stored).filter(|d| d.len() == hash.length()) else {
        return Read::Foreign;
    };
    let salt = fields.salt.to_vec();
    Read::value(Weak, Work::Digests { rounds: 3 }, move |attempt| {
        let password = if has_salt == b'1' && is_hashed == b'1' {
            hash.hex(attempt.password)
        } else {
            zeroize::Zeroizing::new(attempt.password.to_vec())
        };
        let first = match (has_salt, place) {
            (b'0', _) => hash.hex(&password),
            (_, b'b') => hash.hex_of_all(&[&salt, &password]),
            _ => hash.hex_of_all(&[&password, &salt]),
        };
        same(&hash.of_all(&[&salt, &first]), &stored)
    })
}
