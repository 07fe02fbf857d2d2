//! md5-crypt: `$1$`.

use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::text::{crypt_number, crypt_value};

const SALT_BYTES_MAX: usize = 8;
/// Rounds of the format; nobody can choose others.
pub(crate) const ROUNDS: u32 = 1000;

/// The 22 digits after the salt, by Poul-Henning Kamp's recipe.
pub(crate) fn digest(salt: &[u8], password: &[u8]) -> Zeroizing<Vec<u8>> {
    let salt = salt.get(..SALT_BYTES_MAX).unwrap_or(salt);
    let inner = Md5::new()
        .chain_update(password)
        .chain_update(salt)
        .chain_update(password)
        .finalize();
    let mut first = Md5::new()
        .chain_update(password)
        .chain_update("$1$")
        .chain_update(salt);
    for byte in inner.iter().cycle().take(password.len()) {
        first.update([*byte]);
    }
    // For each bit of the length: a NUL, or the first byte of the password.
    let mut bits = password.len();
    while bits > 0 {
        first.update([if bits & 1 == 1 {
            0
        } else {
            password.first().copied().unwrap_or(0)
        }]);
        bits >>= 1;
    }
    let mut x = first.finalize();
    for round in 0..ROUNDS {
        let is_odd = round % 2 == 1;
        let mut next = Md5::new();
        next.update(if is_odd { password } else { x.as_slice() });
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(if is_odd { x.as_slice() } else { password });
        x = next.finalize();
    }
    let byte = |at: usize| u32::from(x.get(at).copied().unwrap_or(0));
    let mut out = Zeroizing::new(Vec::with_capacity(22));
    for [a, b, c] in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        crypt_number(byte(a) << 16 | byte(b) << 8 | byte(c), 4, &mut out);
    }
    crypt_number(byte(11), 2, &mut out);
    out
}

/// `$1$salt$digest`
pub(crate) fn parse(text: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (salt, digest) = text.strip_prefix("$1$")?.split_once('$')?;
    let is_sane = salt.len() <= SALT_BYTES_MAX
        && digest.len() == 22
        && digest.bytes().all(|b| crypt_value(b).is_some());
    is_sane.then(|| (salt.as_bytes().to_vec(), digest.as_bytes().to_vec()))
}
