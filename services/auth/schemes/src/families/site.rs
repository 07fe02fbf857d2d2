//! Digests with a secret of the site, which is never in the user's row.

use crate::formula::Part::{Hex, K, P, S, Text, U};
use crate::formula::entry::{digest, hmac};
use crate::prim::hash::Hash::{Md5, Sha1, Sha256, Sha512};
use crate::scheme::Scheme;
use crate::verdict::Strength::{Broken, Weak};

pub(super) static SCHEMES: [Scheme; 17] = [
    digest("md5_kp", Broken, Md5, &[K, P]),
    digest("md5_pk", Broken, Md5, &[P, K]),
    digest("md5_kpk", Broken, Md5, &[K, P, K]),
    digest("md5_p_colon_k", Broken, Md5, &[P, Text(":"), K]),
    digest("md5_psk", Broken, Md5, &[P, S, K]),
    digest("md5_kps", Broken, Md5, &[K, P, S]),
    digest(
        "md5_u_nl_p_nl_k",
        Broken,
        Md5,
        &[U, Text("\n"), P, Text("\n"), K],
    ),
    digest("sha1_kp", Weak, Sha1, &[K, P]),
    digest("sha1_pk", Weak, Sha1, &[P, K]),
    digest("sha1_k_sha1p", Weak, Sha1, &[K, Hex(Sha1, &[P])]),
    digest("sha1_md5_kp", Weak, Sha1, &[Hex(Md5, &[K, P])]),
    digest("sha1_psk", Weak, Sha1, &[P, S, K]),
    hmac("hmac_sha1_k", Weak, Sha1, (&K, &[P])),
    digest("sha256_kp", Weak, Sha256, &[K, P]),
    digest("sha256_psk", Weak, Sha256, &[P, S, K]),
    digest("sha256_pku", Weak, Sha256, &[P, K, U]),
    hmac("hmac_sha512_k", Weak, Sha512, (&K, &[P])),
];
