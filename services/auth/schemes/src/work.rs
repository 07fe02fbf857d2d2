//! What a check costs, and how much of it a row may ask for.

use std::fmt;

use crate::prim::{argon2, bcrypt, chain, kdf, shacrypt};

/// What one check of a value costs, in the terms of its scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Some rounds of a fast digest.
    Digests {
        /// How many.
        rounds: u64,
    },
    /// phpass: `2^log2` rounds of MD5.
    Phpass {
        /// Logarithm of the rounds.
        log2: u8,
    },
    /// Drupal 7: `2^log2` rounds of SHA-512.
    Drupal {
        /// Logarithm of the rounds.
        log2: u8,
    },
    /// sha-crypt.
    ShaCrypt {
        /// Rounds.
        rounds: u32,
    },
    /// bcrypt.
    Bcrypt {
        /// Logarithm of the rounds.
        cost: u8,
    },
    /// PBKDF2.
    Pbkdf2 {
        /// Rounds times blocks of output.
        rounds: u64,
    },
    /// Argon2i, Argon2d or Argon2id.
    Argon2 {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// scrypt.
    Scrypt {
        /// Logarithm of N.
        log2_n: u8,
        /// Block size.
        r: u32,
        /// Parallelism.
        p: u32,
    },
}

/// Limits of what a row may ask for. More is answered with
/// [`Verdict::TooCostly`](crate::Verdict::TooCostly), before any work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Rounds of a digest, of sha-crypt and of PBKDF2. A long password counts as more rounds.
    pub rounds: u64,
    /// Logarithm of the rounds of phpass and Drupal.
    pub phpass_log2: u8,
    /// Cost of bcrypt.
    pub bcrypt_cost: u8,
    /// Memory of Argon2 and scrypt in KiB.
    pub memory_kib: u64,
    /// Memory in KiB times passes over it, of Argon2 and scrypt.
    pub memory_passes_kib: u64,
}

impl Default for Caps {
    /// 10 million rounds, phpass 24, bcrypt 16, 1 GiB, 8 GiB of passes.
    fn default() -> Self {
        Self {
            rounds: 10_000_000,
            phpass_log2: 24,
            bcrypt_cost: 16,
            memory_kib: 1 << 20,
            memory_passes_kib: 8 << 20,
        }
    }
}

impl Caps {
    /// Whether this much may be spent on a password of that many bytes.
    pub(crate) fn allow(&self, work: Work, password_bytes: usize) -> bool {
        // Digest chains hash the password in every round: each block of 64 bytes costs once more.
        let blocks = u64::try_from(password_bytes / 64)
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        let chain = |log2: u8| {
            log2 <= self.phpass_log2
                && (1_u64 << log2.min(62)).saturating_mul(blocks) <= 1 << self.phpass_log2.min(62)
        };
        let memory = |kib: u64, passes: u64| {
            kib <= self.memory_kib && kib.saturating_mul(passes) <= self.memory_passes_kib
        };
        match work {
            Work::Digests { rounds } => rounds.saturating_mul(blocks) <= self.rounds,
            Work::Phpass { log2 } | Work::Drupal { log2 } => chain(log2),
            Work::ShaCrypt { rounds } => u64::from(rounds).saturating_mul(blocks) <= self.rounds,
            Work::Bcrypt { cost } => cost <= self.bcrypt_cost,
            Work::Pbkdf2 { rounds } => rounds <= self.rounds,
            Work::Argon2 {
                memory_kib, passes, ..
            } => memory(memory_kib.into(), passes.into()),
            Work::Scrypt { log2_n, r, p } => {
                let kib = (1_u64 << log2_n.min(62)).saturating_mul(r.into()) / 8;
                memory(kib.saturating_add(1), p.into()) && u64::from(r) * u64::from(p) <= 1 << 16
            }
        }
    }
}

impl Work {
    /// Spends it, for nothing.
    pub(crate) fn spend(self, password: &[u8]) {
        match self {
            Self::Digests { rounds } => chain::burn_md5(rounds, password),
            Self::Phpass { log2 } => chain::burn_md5(1 << log2.min(30), password),
            Self::Drupal { log2 } => chain::burn_sha512(1 << log2.min(30), password),
            Self::ShaCrypt { rounds } => shacrypt::burn(rounds, password),
            Self::Bcrypt { cost } => bcrypt::burn(cost, password),
            Self::Pbkdf2 { rounds } => kdf::burn_pbkdf2(rounds, password),
            Self::Argon2 {
                memory_kib,
                passes,
                lanes,
            } => argon2::burn(memory_kib, passes, lanes, password),
            Self::Scrypt { log2_n, r, p } => kdf::burn_scrypt(log2_n, r, p, password),
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digests { rounds: 1 } => write!(out, "1 digest"),
            Self::Digests { rounds } => write!(out, "{rounds} digests"),
            Self::Phpass { log2 } => write!(out, "2^{log2} rounds of MD5"),
            Self::Drupal { log2 } => write!(out, "2^{log2} rounds of SHA-512"),
            Self::ShaCrypt { rounds } => write!(out, "sha-crypt, {rounds} rounds"),
            Self::Bcrypt { cost } => write!(out, "bcrypt, cost {cost}"),
            Self::Pbkdf2 { rounds } => write!(out, "PBKDF2, {rounds} rounds"),
            Self::Argon2 {
                memory_kib,
                passes,
                lanes,
            } => write!(
                out,
                "Argon2, {memory_kib} KiB, {passes} passes, {lanes} lanes"
            ),
            Self::Scrypt { log2_n, r, p } => write!(out, "scrypt, N=2^{log2_n}, r={r}, p={p}"),
        }
    }
}
