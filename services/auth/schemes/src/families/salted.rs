//! Digests with a salt of the row, or with the stored login or id.

use crate::fields::Fields;
use crate::formula::Cut::{After, Half};
use crate::formula::Part::{Hex, I, Lower, P, S, SaltFrom, SaltTo, Text, U};
use crate::formula::Spelling;
use crate::formula::entry::{digest, hmac, spelt};
use crate::prim::chain;
use crate::prim::hash::Hash::{Md5, Sha1, Sha256, Sha512};
use crate::prim::hash::{Hash, same};
use crate::prim::text::{decode_base64, decode_hex, number};
use crate::scheme::{Needs, Read, Scheme};
use crate::verdict::Strength::{Broken, Weak};
use crate::work::Work;

const SYMFONY: Work = Work::Digests { rounds: 5000 };

pub(super) static SCHEMES: [Scheme; 36] = [
    digest("md5_ps", Broken, Md5, &[P, S]),
    digest("md5_sp", Broken, Md5, &[S, P]),
    digest("md5_md5p_s", Broken, Md5, &[Hex(Md5, &[P]), S]),
    digest("md5_s_md5p", Broken, Md5, &[S, Hex(Md5, &[P])]),
    digest("md5_md5s_md5p", Broken, Md5, &[Hex(Md5, &[S]), Hex(Md5, &[P])]),
    digest("md5_md5p_md5s", Broken, Md5, &[Hex(Md5, &[P]), Hex(Md5, &[S])]),
    digest("md5_pi", Broken, Md5, &[P, I]),
    digest("md5_pu", Broken, Md5, &[P, U]),
    digest("md5_up", Broken, Md5, &[U, P]),
    digest("md5_u_nl_p", Broken, Md5, &[U, Text("\n"), P]),
    digest("md5_split_half", Broken, Md5, &[SaltTo(Half), P, SaltFrom(Half)]),
    spelt("e107_salted", (Spelling::After("$E$"), "`$E$` and 32 hex"), Broken, Md5, &[Hex(Md5, &[P]), U]),
    hmac("hmac_md5_lu", Broken, Md5, (&Lower(&U), &[P])),
    Scheme::own(
        "stretch_md5",
        "32 hex",
        "h = p; as often as column stretch says: h = hex md5(h . s)",
        |fields| stretched(fields, Md5),
    )
    .keeps("weak")
    .with(STRETCH)
    .costs(Work::Digests { rounds: 4096 }),
    digest("sha1_ps", Weak, Sha1, &[P, S]),
    digest("sha1_sp", Weak, Sha1, &[S, P]),
    digest("sha1_s_sha1p", Weak, Sha1, &[S, Hex(Sha1, &[P])]),
    digest("sha1_md5p_s", Weak, Sha1, &[Hex(Md5, &[P]), S]),
    digest("sha1_md5_ps", Weak, Sha1, &[Hex(Md5, &[P, S])]),
    digest("sha1_s_sha1_s_sha1p", Weak, Sha1, &[S, Hex(Sha1, &[S, Hex(Sha1, &[P])])]),
    digest("sha1_ls_p", Weak, Sha1, &[Lower(&S), P]),
    digest("sha1_u_colon_p", Weak, Sha1, &[U, Text(":"), P]),
    digest("sha1_lu_p", Weak, Sha1, &[Lower(&U), P]),
    spelt("sha1_split8", (Spelling::HexOrRaw, "40 hex or 20 bytes"), Weak, Sha1, &[SaltTo(After(8)), P, SaltFrom(After(8))]),
    digest("sha1_split_half", Weak, Sha1, &[SaltTo(Half), P, SaltFrom(Half)]),
    Scheme::own(
        "stretch_sha1",
        "40 hex",
        "h = p; as often as column stretch says: h = hex sha1(h . s)",
        |fields| stretched(fields, Sha1),
    )
    .keeps("weak")
    .with(STRETCH)
    .costs(Work::Digests { rounds: 4096 }),
    hmac("hmac_sha1_s", Weak, Sha1, (&S, &[P])),
    digest("sha256_ps", Weak, Sha256, &[P, S]),
    digest("sha256_sp", Weak, Sha256, &[S, P]),
    digest("sha256_sha256p_s", Weak, Sha256, &[Hex(Sha256, &[P]), S]),
    digest("sha1_sha1p_s", Weak, Sha1, &[Hex(Sha1, &[P]), S]),
    digest("sha256_md5p_s", Weak, Sha256, &[Hex(Md5, &[P]), S]),
    digest("sha256_md5p_p", Weak, Sha256, &[Hex(Md5, &[P]), P]),
    hmac("hmac_sha256_s", Weak, Sha256, (&S, &[P])),
    digest("sha512_sp", Weak, Sha512, &[S, P]),
    Scheme::own(
        "symfony_sha512",
        "88 characters of base64",
        "m = p . \"{\" . s . \"}\", or p if s is empty; d = raw sha512(m); 4999 times d = raw sha512(d . m); base64 of d",
        symfony,
    )
    .keeps("weak")
    .with(Needs::SALT)
    .costs(SYMFONY),
];

const STRETCH: Needs = Needs {
    columns: &[("stretch", true)],
    ..Needs::SALT
};

fn stretched(fields: &Fields<'_>, hash: Hash) -> Read {
    let Some(stored) = decode_hex(fields.trimmed()).filter(|d| d.len() == hash.length()) else {
        return Read::Foreign;
    };
    let rounds = fields.column("stretch").unwrap_or_else(|| "1".to_owned());
    let Some(rounds) = number::<u64>(&rounds).filter(|n| *n > 0) else {
        return Read::Refused("column `stretch` is no number of rounds");
    };
    let salt = fields.salt.to_vec();
    let strength = if rounds < 100 { Broken } else { Weak };
    Read::value(strength, Work::Digests { rounds }, move |attempt| {
        let mut h = zeroize::Zeroizing::new(attempt.password.to_vec());
        for _ in 0..rounds {
            h = hash.hex_of_all(&[&h, &salt]);
        }
        decode_hex(&h).is_some_and(|digest| same(&digest, &stored))
    })
}

fn symfony(fields: &Fields<'_>) -> Read {
    let Some(stored) = decode_base64(fields.trimmed()).filter(|d| d.len() == 64) else {
        return Read::Foreign;
    };
    let salt = fields.salt.to_vec();
    Read::value(Weak, SYMFONY, move |attempt| {
        let message = if salt.is_empty() {
            attempt.password.to_vec()
        } else {
            [attempt.password, b"{", &salt, b"}"].concat()
        };
        let message = zeroize::Zeroizing::new(message);
        same(&chain::symfony(&message, 4999), &stored)
    })
}
