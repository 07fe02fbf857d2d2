//! crypt(3) and PHP's `password_verify`.

use crate::fields::Fields;
use crate::prim::bcrypt::Parsed;
use crate::prim::hash::{Hash, same};
use crate::prim::{argon2, bcrypt, des, md5crypt, shacrypt};
use crate::scheme::{Needs, Read, Scheme};
use crate::verdict::Strength::{Broken, Ok as Fair, Strong};
use crate::work::Work;

/// From here on bcrypt is strong.
const COST_STRONG: u8 = 10;
/// Few MD5s more than rounds.
const MD5_CRYPT: Work = Work::Digests {
    rounds: md5crypt::ROUNDS as u64,
};

pub(super) static SCHEMES: [Scheme; 6] = [
    Scheme::own(
        "crypt",
        "13 digits of `./0-9A-Za-z` (DES), `_` and 19 (BSDI), or as php_password",
        "crypt(3)",
        crypt,
    )
    .keeps("DES, BSDI and `$1$` broken; `$5$` and `$6$` ok; bcrypt and Argon2 strong")
    .costs(Work::ShaCrypt { rounds: 5000 }),
    Scheme::own(
        "php_password",
        "`$2a$` `$2b$` `$2y$` `$argon2i$` `$argon2id$` `$1$` `$5$` `$6$`",
        "what password_verify() of PHP takes; bcrypt reads 72 bytes of p",
        php_password,
    )
    .keeps("strong; `$5$` and `$6$` ok; `$1$` broken")
    .costs(Work::Bcrypt { cost: 10 })
    .unmistakable(),
    Scheme::own(
        "bcrypt",
        "`$2a$NN$` `$2b$NN$` `$2y$NN$` and 53 characters",
        "bcrypt(p); it reads 72 bytes",
        |fields| fields.text().map_or(Read::Foreign, bcrypt_value),
    )
    .keeps("strong from cost 10, ok below")
    .costs(Work::Bcrypt { cost: 10 })
    .unmistakable(),
    Scheme::own("crypt_md5p", "as crypt", "crypt(hex md5(p))", |fields| {
        crypt(fields).over(|attempt| Hash::Md5.hex(attempt.password))
    })
    .keeps("as crypt; of DES only 8 hex digits count")
    .costs(Work::Bcrypt { cost: 10 }),
    Scheme::own("crypt_pk", "as crypt", "crypt(p . k)", |fields| {
        crypt(fields)
            .over(|attempt| zeroize::Zeroizing::new([attempt.password, attempt.secret].concat()))
    })
    .keeps("as crypt")
    .with(Needs::SECRET)
    .costs(Work::ShaCrypt { rounds: 10_000 }),
    Scheme::own(
        "nc_versioned",
        "digits, `|`, then as php_password",
        "php_password behind a version",
        nc_versioned,
    )
    .keeps("strong")
    .costs(Work::Bcrypt { cost: 10 })
    .unmistakable(),
];

/// What only hashes begin with.
const PREFIXES: [&str; 7] = ["$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$argon2"];

/// Every form of crypt(3).
fn crypt(fields: &Fields<'_>) -> Read {
    let Some(text) = fields.text() else {
        return Read::Foreign;
    };
    match des::parse(text) {
        Some((setting, stored)) => {
            let work = Work::Digests {
                rounds: setting.digests(),
            };
            Read::value(Broken, work, move |attempt| {
                same(&setting.digest(attempt.password), &stored)
            })
        }
        None => modular(text),
    }
}

fn php_password(fields: &Fields<'_>) -> Read {
    fields.text().map_or(Read::Foreign, modular)
}

/// The forms that begin with `$`.
pub(super) fn modular(text: &str) -> Read {
    if let Some((salt, stored)) = md5crypt::parse(text) {
        return Read::value(Broken, MD5_CRYPT, move |attempt| {
            same(&md5crypt::digest(&salt, attempt.password), &stored)
        });
    }
    if let Some((setting, stored)) = shacrypt::parse(text) {
        let work = Work::ShaCrypt {
            rounds: setting.rounds(),
        };
        return Read::value(Fair, work, move |attempt| {
            same(&setting.digest(attempt.password), &stored)
        });
    }
    if text.starts_with("$y$") || text.starts_with("$gy$") || text.starts_with("$7$") {
        return Read::Refused("yescrypt and its like are not supported");
    }
    if text.starts_with("$2$") {
        return Read::Refused("`$2$` of PHP is not a hash");
    }
    let read = if text.starts_with("$argon2") {
        argon2_value(text)
    } else {
        bcrypt_value(text)
    };
    match read {
        // Cut off or mangled: a fault of the store, and never clear text.
        Read::Foreign if PREFIXES.iter().any(|prefix| text.starts_with(prefix)) => {
            Read::Refused("begins like a hash and is none")
        }
        read => read,
    }
}

/// A PHC text of Argon2.
pub(super) fn argon2_value(text: &str) -> Read {
    argon2::parse(text).map_or(Read::Foreign, |(setting, stored)| {
        Read::value(Strong, setting.work(), move |attempt| {
            same(&setting.digest(attempt.password), &stored)
        })
    })
}

/// `$2y$…`
pub(super) fn bcrypt_value(text: &str) -> Read {
    match bcrypt::parse(text.as_bytes()) {
        Some(Parsed::Value { setting, tail }) => bcrypt_tail(setting, tail),
        Some(Parsed::SignExtended) => Read::Refused("`$2x$` lets several passwords through"),
        None => Read::Foreign,
    }
}

/// Cost and salt, and the digest that has to come out.
pub(super) fn bcrypt_tail(setting: bcrypt::Setting, stored: Vec<u8>) -> Read {
    let strength = if setting.cost >= COST_STRONG {
        Strong
    } else {
        Fair
    };
    let work = Work::Bcrypt { cost: setting.cost };
    Read::value(strength, work, move |attempt| {
        same(&setting.tail(attempt.password), &stored)
    })
}

fn nc_versioned(fields: &Fields<'_>) -> Read {
    let value = fields.text().and_then(|text| text.split_once('|'));
    match value {
        Some((version, value))
            if !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()) =>
        {
            modular(value)
        }
        _ => Read::Foreign,
    }
}
