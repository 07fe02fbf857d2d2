//! Clear text and digests without a salt.

use crate::fields::{Fields, trim_padding};
use crate::formula::Part::{Hex, Lower, P, Raw};
use crate::formula::Spelling;
use crate::formula::entry::{digest, spelt};
use crate::prim::hash::Hash::{Md5, Sha1, Sha256, Whirlpool};
use crate::prim::hash::same;
use crate::prim::text::decode_hex;
use crate::scheme::{Read, Scheme};
use crate::verdict::Strength::Broken;
use crate::work::Work;

const DIGEST: Work = Work::Digests { rounds: 1 };

pub(super) static SCHEMES: [Scheme; 15] = [
    Scheme::own(
        super::PLAIN,
        "any text that no other scheme recognises",
        "p",
        plain,
    ),
    digest("md5", Broken, Md5, &[P]),
    digest("md5_md5", Broken, Md5, &[Hex(Md5, &[P])]),
    digest("md5_lower_p", Broken, Md5, &[Lower(&P)]),
    Scheme::own(
        "md5_mid20",
        "20 hex",
        "characters 6 to 25 of hex md5(p)",
        md5_mid20,
    ),
    digest("sha1", Broken, Sha1, &[P]),
    digest("sha1_md5", Broken, Sha1, &[Hex(Md5, &[P])]),
    spelt(
        "sha1_b64",
        (Spelling::Base64, "28 characters of base64"),
        Broken,
        Sha1,
        &[P],
    ),
    Scheme::own(
        "sha1_chars",
        "40 hex",
        "sha1(hex sha1(byte 1) . hex sha1(byte 2) . …)",
        sha1_chars,
    ),
    digest("sha256", Broken, Sha256, &[P]),
    digest("whirlpool", Broken, Whirlpool, &[P]),
    spelt(
        "mysql41",
        (Spelling::After("*"), "`*` and 40 hex"),
        Broken,
        Sha1,
        &[Raw(Sha1, &[P])],
    ),
    Scheme::own("mysql323", "16 hex", "OLD_PASSWORD() of MySQL", mysql323),
    Scheme::own(
        "mysql_encode",
        "anything",
        "ENCODE() of MySQL: reversible, refused",
        |_| Read::Refused("ENCODE() of MySQL is not supported"),
    ),
    Scheme::own("never", "anything", "matches nothing", |_| {
        Read::Refused("the row names an algorithm that is not supported")
    }),
];

fn plain(fields: &Fields<'_>) -> Read {
    // A locked hash (`!$6$…`) is no password either.
    let unlocked = trim_padding(fields.stored).trim_ascii_start();
    let bare = unlocked.strip_prefix(b"!").unwrap_or(unlocked);
    let is_hash = super::all()
        .filter(|scheme| scheme.is_unmistakable)
        .any(|scheme| {
            let as_hash =
                |stored| !matches!(scheme.read(&fields.with_stored(stored)), Read::Foreign);
            as_hash(unlocked) || as_hash(bare)
        });
    if is_hash {
        return Read::Refused("a hash is never taken for clear text");
    }
    let stored = fields.stored.to_vec();
    Read::value(Broken, DIGEST, move |attempt| {
        // Digests first, so that the time does not depend on the length.
        let hash = |text: &[u8]| Sha256.of(text);
        let typed = hash(attempt.password);
        same(&typed, &hash(&stored)) | same(&typed, &hash(trim_padding(&stored)))
    })
}

fn md5_mid20(fields: &Fields<'_>) -> Read {
    let stored = fields.trimmed().to_ascii_lowercase();
    if stored.len() != 20 || decode_hex(&stored).is_none() {
        return Read::Foreign;
    }
    Read::value(Broken, DIGEST, move |attempt| {
        let digest = Md5.hex(attempt.password);
        same(digest.get(5..25).unwrap_or_default(), &stored)
    })
}

fn sha1_chars(fields: &Fields<'_>) -> Read {
    let Some(stored) = decode_hex(fields.trimmed()).filter(|bytes| bytes.len() == 20) else {
        return Read::Foreign;
    };
    Read::value(Broken, Work::Digests { rounds: 16 }, move |attempt| {
        let mut digits = zeroize::Zeroizing::new(Vec::with_capacity(attempt.password.len() * 40));
        for byte in attempt.password {
            digits.extend_from_slice(&Sha1.hex(&[*byte]));
        }
        same(&Sha1.of(&digits), &stored)
    })
}

/// `OLD_PASSWORD()`: two numbers of 31 bits, blanks and tabs do not count.
fn mysql323(fields: &Fields<'_>) -> Read {
    let Some(stored) = decode_hex(fields.trimmed()).filter(|bytes| bytes.len() == 8) else {
        return Read::Foreign;
    };
    Read::value(Broken, DIGEST, move |attempt| {
        let (mut first, mut second, mut add) = (1_345_345_333_u32, 0x1234_5671_u32, 7_u32);
        let counted = attempt
            .password
            .iter()
            .filter(|b| !matches!(b, b' ' | b'\t'));
        for byte in counted.map(|b| u32::from(*b)) {
            let step = (first & 63).wrapping_add(add).wrapping_mul(byte);
            first ^= step.wrapping_add(first << 8);
            second = second.wrapping_add((second << 8) ^ first);
            add = add.wrapping_add(byte);
        }
        let digest = [first & 0x7fff_ffff, second & 0x7fff_ffff].map(u32::to_be_bytes);
        same(digest.as_flattened(), &stored)
    })
}
