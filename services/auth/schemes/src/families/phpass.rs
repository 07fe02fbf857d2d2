//! phpass.

use super::drupal;
use crate::fields::Fields;
use crate::prim::chain;
use crate::prim::hash::{Hash, same};
use crate::prim::text::{crypt_value, phpass64};
use crate::scheme::{Read, Scheme};
use crate::verdict::Strength::{Ok as Fair, Weak};
use crate::work::Work;

/// From here on phpass is no longer weak.
const LOG2_FAIR: u8 = 15;

pub(super) static SCHEMES: [Scheme; 3] = [
    Scheme::own(
        "phpass",
        "`$P$` or `$H$`, 34 characters",
        "c and s from the value; x = raw md5(s . p); 2^c times x = raw md5(x . p)",
        phpass,
    )
    .keeps("weak; ok from c = 15")
    .costs(Work::Phpass { log2: 13 })
    .unmistakable(),
    Scheme::own(
        "drupal_sha512",
        "`$S$`, 55 characters",
        "phpass with sha512, cut to 55 characters",
        drupal::sha512,
    )
    .keeps("ok")
    .costs(Work::Drupal { log2: 15 })
    .unmistakable(),
    Scheme::own(
        "drupal_u",
        "`U` and as drupal_sha512 or phpass",
        "the same over hex md5(p)",
        |fields| {
            let Some(inner) = fields.trimmed().strip_prefix(b"U") else {
                return Read::Foreign;
            };
            super::read_as_any(&["drupal_sha512", "phpass"], &fields.with_stored(inner))
                .over(|attempt| Hash::Md5.hex(attempt.password))
                .graded(Weak)
        },
    )
    .keeps("weak")
    .costs(Work::Drupal { log2: 15 })
    .unmistakable(),
];

/// Logarithm of the rounds and salt behind the prefix, and the digits after them.
pub(super) fn setting(rest: &str) -> Option<(u8, Vec<u8>, Vec<u8>)> {
    let (setting, digest) = rest.split_at_checked(9)?;
    let (log2, salt) = setting.split_at_checked(1)?;
    let log2 = crypt_value(*log2.as_bytes().first()?)?;
    let log2 = u8::try_from(log2)
        .ok()
        .filter(|log2| (7..=30).contains(log2))?;
    let is_spelt = digest.bytes().all(|b| crypt_value(b).is_some());
    is_spelt.then(|| (log2, salt.as_bytes().to_vec(), digest.as_bytes().to_vec()))
}

fn phpass(fields: &Fields<'_>) -> Read {
    let rest = fields.text().and_then(|text| {
        text.strip_prefix("$P$")
            .or_else(|| text.strip_prefix("$H$"))
    });
    let Some(rest) = rest else {
        return Read::Foreign;
    };
    let parts = setting(rest).filter(|(_, _, digest)| digest.len() == 22);
    let Some((log2, salt, stored)) = parts else {
        return Read::Refused("begins like a hash and is none");
    };
    let strength = if log2 >= LOG2_FAIR { Fair } else { Weak };
    Read::value(strength, Work::Phpass { log2 }, move |attempt| {
        same(
            &phpass64(&chain::phpass(&salt, attempt.password, log2)),
            &stored,
        )
    })
}
