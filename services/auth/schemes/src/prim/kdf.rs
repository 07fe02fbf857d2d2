//! PBKDF2 and scrypt with parameters of somebody else's choice.

use pbkdf2::pbkdf2_hmac;
use scrypt::Params;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::hash::Hash;
use crate::work::Work;

/// Shortest and longest digest that is taken for one.
const DIGEST_BYTES: std::ops::RangeInclusive<usize> = 16..=512;

/// PBKDF2 with HMAC over SHA-1, SHA-256 or SHA-512.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pbkdf2 {
    hash: Hash,
    rounds: u32,
    salt: Vec<u8>,
    length: usize,
}

impl Pbkdf2 {
    pub(crate) fn new(hash: Hash, rounds: u32, salt: &[u8], length: usize) -> Option<Self> {
        let is_known = matches!(hash, Hash::Sha1 | Hash::Sha256 | Hash::Sha512);
        (is_known && rounds > 0 && DIGEST_BYTES.contains(&length)).then(|| Self {
            hash,
            rounds,
            salt: salt.to_vec(),
            length,
        })
    }

    pub(crate) fn work(&self) -> Work {
        let blocks = self.length.div_ceil(self.hash.length());
        let blocks = u64::try_from(blocks).unwrap_or(u64::MAX);
        Work::Pbkdf2 {
            rounds: u64::from(self.rounds).saturating_mul(blocks),
        }
    }

    pub(crate) const fn rounds(&self) -> u32 {
        self.rounds
    }

    pub(crate) fn digest(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(vec![0; self.length]);
        match self.hash {
            Hash::Sha1 => pbkdf2_hmac::<Sha1>(password, &self.salt, self.rounds, &mut out),
            Hash::Sha256 => pbkdf2_hmac::<Sha256>(password, &self.salt, self.rounds, &mut out),
            _ => pbkdf2_hmac::<Sha512>(password, &self.salt, self.rounds, &mut out),
        }
        out
    }
}

/// scrypt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scrypt {
    log2_n: u8,
    r: u32,
    p: u32,
    salt: Vec<u8>,
    length: usize,
}

impl Scrypt {
    /// `n` has to be a power of two.
    pub(crate) fn new(n: u64, (r, p): (u32, u32), salt: &[u8], length: usize) -> Option<Self> {
        let log2_n = u8::try_from(n.checked_ilog2()?).ok()?;
        let is_sane = n.is_power_of_two()
            && (1..=40).contains(&log2_n)
            && r.checked_mul(p)
                .is_some_and(|rp| (1..=1 << 16).contains(&rp))
            && DIGEST_BYTES.contains(&length);
        is_sane.then(|| Self {
            log2_n,
            r,
            p,
            salt: salt.to_vec(),
            length,
        })
    }

    pub(crate) const fn work(&self) -> Work {
        Work::Scrypt {
            log2_n: self.log2_n,
            r: self.r,
            p: self.p,
        }
    }

    /// The digest; empty, which is the same as nothing, for parameters that scrypt does not take.
    pub(crate) fn digest(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(vec![0; self.length]);
        let done = Params::new(self.log2_n, self.r, self.p)
            .is_ok_and(|params| scrypt::scrypt(password, &self.salt, &params, &mut out).is_ok());
        if done { out } else { Zeroizing::default() }
    }
}

/// So many rounds for nothing.
pub(crate) fn burn_pbkdf2(rounds: u64, password: &[u8]) {
    let mut out = [0; 32];
    let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
    pbkdf2_hmac::<Sha256>(password, &[0; 16], rounds, &mut out);
    std::hint::black_box(out);
}

/// One computation for nothing.
pub(crate) fn burn_scrypt(log2_n: u8, r: u32, p: u32, password: &[u8]) {
    if let Some(scrypt) = Scrypt::new(1 << log2_n.min(40), (r, p), &[0; 16], 32) {
        std::hint::black_box(scrypt.digest(password));
    }
}
