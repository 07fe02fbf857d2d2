//! Forms of single applications that contain a secret of the site.

use crate::fields::Fields;
use crate::prim::hash::{Hash, same};
use crate::prim::text::{decode_hex, number};
use crate::prim::{bcrypt, shacrypt};
use crate::scheme::{Needs, Read, Scheme, SecretUse};
use crate::verdict::Strength::{Broken, Ok as Fair, Weak};
use crate::work::Work;

const ICMS_V1: Needs = Needs {
    secret: SecretUse::Needed,
    columns: &[("enc_type", false)],
    ..Needs::SALT
};
const MAHARA: Needs = Needs {
    secret: SecretUse::OrEmpty,
    ..Needs::SALT
};
const DIGEST: Work = Work::Digests { rounds: 3 };

pub(super) static SCHEMES: [Scheme; 4] = [
    Scheme::own(
        "nk_hash",
        "`#` or `%`, 1 hex, 32 hex",
        "d = the first digit; x = hex sha1(p), after % hex sha1(hex md5(p)); md5 of x[j] . k[(j + d) mod 20] for each j from 0 to 39",
        nk_hash,
    )
    .with(Needs::SECRET),
    Scheme::own(
        "icms_v1",
        "hex of the digest that column `enc_type` names",
        "H(s . hex md5(p) . k); H is 1 sha256, 2 sha384, 3 sha512, 5 ripemd160, 6 whirlpool",
        icms_v1,
    )
    .keeps("weak")
    .with(ICMS_V1),
    Scheme::own(
        "icms_v2",
        "`$2t$n$salt-` and hex",
        "f(x) = hex sha256(x . x); y = f(s) . f(p) . f(k); H(y . y); H by t as in icms_v1; n has no effect",
        icms_v2,
    )
    .keeps("weak")
    .with(Needs::SECRET),
    Scheme::own(
        "mahara_crypt",
        "`$2a$NN$` and 31; `$6$` and what follows the salt; 40 hex",
        "x = hex md5(k . s): bcrypt(p) with the first 22 of x as salt; sha512-crypt(hex sha1(s . p)) with the first 16 of x; sha1(s . p)",
        mahara,
    )
    .keeps("ok / weak")
    .with(MAHARA)
    .costs(Work::Bcrypt { cost: 8 }),
];

fn nk_hash(fields: &Fields<'_>) -> Read {
    let Some((kind @ (b'#' | b'%'), rest)) = fields.trimmed().split_first() else {
        return Read::Foreign;
    };
    let (kind, Some((digit, digest))) = (*kind, rest.split_first()) else {
        return Read::Foreign;
    };
    let turn = char::from(*digit)
        .to_digit(16)
        .and_then(|d| usize::try_from(d).ok());
    let (Some(turn), Some(stored)) = (turn, decode_hex(digest).filter(|d| d.len() == 16)) else {
        return Read::Foreign;
    };
    Read::value(Broken, DIGEST, move |attempt| {
        let x = if kind == b'%' {
            Hash::Sha1.hex(&Hash::Md5.hex(attempt.password))
        } else {
            Hash::Sha1.hex(attempt.password)
        };
        let Some(key) = attempt.secret.get(..20) else {
            return false;
        };
        let turned = key.iter().cycle().skip(turn);
        let mix: Vec<u8> = x.iter().zip(turned).flat_map(|(x, k)| [*x, *k]).collect();
        same(&Hash::Md5.of(&zeroize::Zeroizing::new(mix)), &stored)
    })
}

fn icms_hash(code: &str) -> Option<Hash> {
    Some(match code {
        "1" => Hash::Sha256,
        "2" => Hash::Sha384,
        "3" => Hash::Sha512,
        "5" => Hash::Ripemd160,
        "6" => Hash::Whirlpool,
        _ => return None,
    })
}

fn icms_v1(fields: &Fields<'_>) -> Read {
    let code = fields.column("enc_type").unwrap_or_default();
    let Some(hash) = icms_hash(&code) else {
        return Read::Refused("digest of this enc_type is not supported");
    };
    let Some(stored) = decode_hex(fields.trimmed()).filter(|d| d.len() == hash.length()) else {
        return Read::Foreign;
    };
    let salt = fields.salt.to_vec();
    Read::value(Weak, DIGEST, move |attempt| {
        let inner = Hash::Md5.hex(attempt.password);
        same(&hash.of_all(&[&salt, &inner, attempt.secret]), &stored)
    })
}

fn icms_v2(fields: &Fields<'_>) -> Read {
    let parts = fields.text().and_then(|text| {
        let (kind, rest) = text.strip_prefix("$2")?.split_once('$')?;
        let (rounds, rest) = rest.split_once('$')?;
        let (salt, digest) = rest.rsplit_once('-')?;
        number::<u64>(rounds)?;
        Some((
            kind,
            salt.as_bytes().to_vec(),
            decode_hex(digest.as_bytes())?,
        ))
    });
    let Some((kind, salt, stored)) = parts else {
        return Read::Foreign;
    };
    let Some(hash) = icms_hash(kind).filter(|hash| hash.length() == stored.len()) else {
        return Read::Refused("digest of this type is not supported");
    };
    Read::value(Weak, DIGEST, move |attempt| {
        let twice = |x: &[u8]| Hash::Sha256.hex_of_all(&[x, x]);
        let y = [twice(&salt), twice(attempt.password), twice(attempt.secret)];
        let y: Vec<&[u8]> = y.iter().chain(&y).map(|piece| piece.as_slice()).collect();
        same(&hash.of_all(&y), &stored)
    })
}

fn mahara(fields: &Fields<'_>) -> Read {
    if fields.salt == b"*" {
        return Read::NoPassword;
    }
    let Some(text) = fields.text() else {
        return Read::Foreign;
    };
    let salt = fields.salt.to_vec();
    let tail = |tail: &str, length: usize| {
        let is_tail = tail.len() == length && tail.bytes().all(bcrypt::is_digit);
        is_tail.then(|| tail.as_bytes().to_vec())
    };
    if let Some((cost, rest)) = text
        .strip_prefix("$2a$")
        .and_then(|rest| rest.split_once('$'))
    {
        let setting = bcrypt::Setting::parse(cost.as_bytes(), &[b'.'; bcrypt::SALT_LENGTH]);
        let (Some(setting), Some(stored)) = (setting, tail(rest, bcrypt::TAIL_LENGTH)) else {
            return Read::Foreign;
        };
        let cost = cost.as_bytes().to_vec();
        return Read::value(Fair, Work::Bcrypt { cost: setting.cost }, move |attempt| {
            let x = Hash::Md5.hex_of_all(&[attempt.secret, &salt]);
            let salt = x.get(..bcrypt::SALT_LENGTH).unwrap_or_default();
            bcrypt::Setting::parse(&cost, salt)
                .is_some_and(|setting| same(&setting.tail(attempt.password), &stored))
        });
    }
    if let Some(stored) = text.strip_prefix("$6$$").and_then(|rest| tail(rest, 86)) {
        return Read::value(Weak, Work::ShaCrypt { rounds: 5000 }, move |attempt| {
            let x = Hash::Md5.hex_of_all(&[attempt.secret, &salt]);
            let setting = shacrypt::Setting::new(true, x.get(..16).unwrap_or_default());
            let inner = Hash::Sha1.hex_of_all(&[&salt, attempt.password]);
            same(&setting.digest(&inner), &stored)
        });
    }
    super::read_as("sha1_sp", fields)
}
