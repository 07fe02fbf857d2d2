//! Digests over and over: phpass and what only burns time.

use md5::{Digest, Md5};
use sha2::Sha512;
use zeroize::Zeroizing;

/// `x = H(first); 2^log2 times x = H(x . password)`
fn stretch<D: Digest>(first: &[u8], password: &[u8], rounds: u64) -> Zeroizing<Vec<u8>> {
    let mut x = D::digest(first);
    for _ in 0..rounds {
        x = D::new().chain_update(&x).chain_update(password).finalize();
    }
    Zeroizing::new(x.to_vec())
}

/// phpass: MD5 of salt and password, then `2^log2` times of the digest and the password.
pub(crate) fn phpass(salt: &[u8], password: &[u8], log2: u8) -> Zeroizing<Vec<u8>> {
    let first = Zeroizing::new([salt, password].concat());
    stretch::<Md5>(&first, password, 1 << log2.min(63))
}

/// Drupal 7: phpass with SHA-512.
pub(crate) fn drupal(salt: &[u8], password: &[u8], log2: u8) -> Zeroizing<Vec<u8>> {
    let first = Zeroizing::new([salt, password].concat());
    stretch::<Sha512>(&first, password, 1 << log2.min(63))
}

/// Symfony: SHA-512 of the message, then so many times of the digest and the message.
pub(crate) fn symfony(message: &[u8], rounds: u64) -> Zeroizing<Vec<u8>> {
    stretch::<Sha512>(message, message, rounds)
}

/// So many rounds of MD5 for nothing.
pub(crate) fn burn_md5(rounds: u64, password: &[u8]) {
    std::hint::black_box(stretch::<Md5>(password, password, rounds));
}

/// So many rounds of SHA-512 for nothing.
pub(crate) fn burn_sha512(rounds: u64, password: &[u8]) {
    std::hint::black_box(stretch::<Sha512>(password, password, rounds));
}
