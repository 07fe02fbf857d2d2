//! bcrypt over something else than the password, or in another wrapping.
//!
//! bcrypt reads 72 bytes. Where login or salt stand before the password they could fill all of
//! them, and then every password would be right: such rows are refused.

use zeroize::Zeroizing;

use super::crypt::{bcrypt_tail, bcrypt_value};
use crate::fields::Fields;
use crate::prim::bcrypt::{self, BYTES_MAX, Parsed, Setting};
use crate::prim::hash::{Hash, same};
use crate::prim::text::{base64, decode_base64, lower_ascii, lower_unicode};
use crate::scheme::{Attempt, Needs, Read, Scheme, Value};
use crate::verdict::Strength;
use crate::work::Work;

/// Bytes of the password that have to count.
const PASSWORD_BYTES_MIN: usize = 8;
const USUAL: Work = Work::Bcrypt { cost: 10 };
const B2EVO: Needs = Needs {
    columns: &[("user_pass_driver", false)],
    ..Needs::SALT
};

pub(super) static SCHEMES: [Scheme; 9] = [
    Scheme::own("bcrypt_hmac_sha256_k", "as bcrypt", "bcrypt(hex HMAC-SHA256(k, p))", |fields| {
        whole(fields).over(spip)
    })
    .keeps("strong")
    .with(Needs::SECRET)
    .costs(USUAL),
    Scheme::own("bcrypt_lu_p", "as bcrypt", "bcrypt(lower(u) . p); 72 bytes count with the name", bcrypt_lu_p)
        .keeps("strong")
        .with(Needs::LOGIN)
        .costs(USUAL),
    Scheme::own("bcrypt_s_md5p", "as bcrypt", "bcrypt(s . hex md5(p))", bcrypt_s_md5p)
        .keeps("strong")
        .with(Needs::SALT)
        .costs(USUAL),
    Scheme::own("bcrypt_whirlpool", "as bcrypt", "bcrypt(hex whirlpool(p)), cut at 72", |fields| {
        whole(fields)
            .over(|attempt| Hash::Whirlpool.hex(attempt.password))
            .graded(Strength::Ok)
    })
    .keeps("ok")
    .costs(USUAL),
    Scheme::own("bcrypt_double", "as bcrypt", "z = setting of the value; bcrypt(bcrypt(p, z), z)", double)
        .keeps("ok")
        .costs(Work::Bcrypt { cost: 8 }),
    Scheme::own("bcrypt_wp", "`$wp` and as bcrypt", "bcrypt(base64(raw HMAC-SHA384(\"wp-sha384\", p)))", |fields| {
        let value = fields.text().and_then(|text| text.strip_prefix("$wp"));
        value.map_or(Read::Foreign, bcrypt_value).over(|attempt| {
            base64(&Hash::Sha384.hmac(b"wp-sha384", attempt.password))
        })
    })
    .keeps("strong")
    .costs(USUAL)
    .unmistakable(),
    Scheme::own(
        "fluxbb_wrap",
        "`#MD5#`, `#SHA1#` or `#SHA1-S#salt#`, and as bcrypt",
        "bcrypt(hex md5(p)); bcrypt(hex sha1(p)); bcrypt(hex sha1(s . hex sha1(p)))",
        fluxbb,
    )
    .keeps("strong")
    .costs(USUAL)
    .unmistakable(),
    Scheme::own(
        "b2evo_split",
        "31 or 22 characters",
        "by column user_pass_driver: bb$2a, bb$2y: bcrypt of \"$2y$10$\" . s . value; bb$P, bb$H: phpass of \"$P$\" . s . value",
        b2evo,
    )
    .keeps("strong / weak")
    .with(B2EVO)
    .costs(USUAL),
    Scheme::own("typo3_m", "`M` and as phpass or crypt", "phpass or crypt(hex md5(p))", |fields| {
        let Some(inner) = fields.trimmed().strip_prefix(b"M$") else {
            return Read::Foreign;
        };
        let inner = [b"$", inner].concat();
        super::read_as_any(&["phpass", "php_password"], &fields.with_stored(&inner))
            .over(|attempt| Hash::Md5.hex(attempt.password))
    })
    .keeps("as inside")
    .costs(Work::Phpass { log2: 13 })
    .unmistakable(),
];

/// The stored value as bcrypt.
fn whole(fields: &Fields<'_>) -> Read {
    fields.text().map_or(Read::Foreign, bcrypt_value)
}

/// SPIP keeps its key in base64 and uses the 32 bytes; either may have been configured.
fn spip(attempt: &Attempt<'_>) -> Zeroizing<Vec<u8>> {
    let decoded = decode_base64(attempt.secret)
        .filter(|key| key.len() == 32)
        .map(Zeroizing::new);
    let key = decoded
        .as_ref()
        .map_or(attempt.secret, |key| key.as_slice());
    crate::prim::text::hex(&Hash::Sha256.hmac(key, attempt.password))
}

/// Whether so much of the password is still read behind this.
fn leaves_room(before: &[u8], bytes: usize) -> bool {
    before.len() + bytes <= BYTES_MAX && !before.contains(&0)
}

fn bcrypt_lu_p(fields: &Fields<'_>) -> Read {
    let (unicode, ascii) = (lower_unicode(fields.login), lower_ascii(fields.login));
    if !leaves_room(&unicode, PASSWORD_BYTES_MIN) || !leaves_room(&ascii, PASSWORD_BYTES_MIN) {
        return match whole(fields) {
            Read::Foreign => Read::Foreign,
            _ => Read::Refused("the login leaves no room for the password in bcrypt's 72 bytes"),
        };
    }
    whole(fields).over(move |attempt| Zeroizing::new([&unicode, attempt.password].concat()))
}

fn bcrypt_s_md5p(fields: &Fields<'_>) -> Read {
    let salt = fields.salt.to_vec();
    if !leaves_room(&salt, 32) {
        return match whole(fields) {
            Read::Foreign => Read::Foreign,
            _ => Read::Refused("the salt leaves no room for the password in bcrypt's 72 bytes"),
        };
    }
    whole(fields).over(move |attempt| {
        Zeroizing::new([salt.as_slice(), &Hash::Md5.hex(attempt.password)].concat())
    })
}

fn double(fields: &Fields<'_>) -> Read {
    let stored = fields.trimmed();
    let minor = stored.get(2).copied().unwrap_or(b'a');
    let Some(Parsed::Value { setting, tail }) = bcrypt::parse(stored) else {
        return Read::Foreign;
    };
    let check = move |attempt: &Attempt<'_>| {
        let inner = setting.modular(minor, attempt.password);
        same(&setting.tail(&inner), &tail)
    };
    let value = Value::new(Strength::Ok, Work::Bcrypt { cost: setting.cost }, check);
    Read::Value(Value { times: 2, ..value })
}

fn fluxbb(fields: &Fields<'_>) -> Read {
    let Some(text) = fields.text() else {
        return Read::Foreign;
    };
    if let Some(value) = text.strip_prefix("#MD5#") {
        return bcrypt_value(value).over(|attempt| Hash::Md5.hex(attempt.password));
    }
    if let Some(value) = text.strip_prefix("#SHA1#") {
        return bcrypt_value(value).over(|attempt| Hash::Sha1.hex(attempt.password));
    }
    let salted = text
        .strip_prefix("#SHA1-S#")
        .and_then(|rest| rest.rsplit_once('#'));
    salted.map_or(Read::Foreign, |(salt, value)| {
        let salt = salt.as_bytes().to_vec();
        bcrypt_value(value)
            .over(move |attempt| Hash::Sha1.hex_of_all(&[&salt, &Hash::Sha1.hex(attempt.password)]))
    })
}

fn b2evo(fields: &Fields<'_>) -> Read {
    let driver = fields.column("user_pass_driver").unwrap_or_default();
    let tail = fields.trimmed();
    match driver.as_str() {
        "bb$2y" | "bb$2a" => {
            let is_tail =
                tail.len() == bcrypt::TAIL_LENGTH && tail.iter().all(|b| bcrypt::is_digit(*b));
            match Setting::parse(b"10", fields.salt) {
                Some(setting) if is_tail => bcrypt_tail(setting, tail.to_vec()),
                _ => Read::Foreign,
            }
        }
        "bb$P" | "bb$H" => {
            let whole = [b"$P$", fields.salt, tail].concat();
            super::read_as("phpass", &fields.with_stored(&whole))
        }
        _ => Read::Refused("this user_pass_driver is not supported"),
    }
}
