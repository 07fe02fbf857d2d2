//! Drupal 7 to 10.0.

use super::phpass::setting;
use crate::fields::Fields;
use crate::prim::chain;
use crate::prim::hash::same;
use crate::prim::text::phpass64;
use crate::scheme::Read;
use crate::verdict::Strength::Ok as Fair;
use crate::work::Work;

/// Digits of the digest that are stored: 55 less prefix and setting.
const DIGITS: usize = 43;

/// `$S$` + 52
pub(super) fn sha512(fields: &Fields<'_>) -> Read {
    let Some(rest) = fields.text().and_then(|text| text.strip_prefix("$S$")) else {
        return Read::Foreign;
    };
    let parts = setting(rest).filter(|(_, _, digest)| digest.len() == DIGITS);
    let Some((log2, salt, stored)) = parts else {
        return Read::Refused("begins like a hash and is none");
    };
    Read::value(Fair, Work::Drupal { log2 }, move |attempt| {
        let digits = phpass64(&chain::drupal(&salt, attempt.password, log2));
        same(digits.get(..DIGITS).unwrap_or_default(), &stored)
    })
}
