//! Digests by name.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;
use whirlpool::Whirlpool;
use zeroize::Zeroizing;

use super::text::hex;

/// A digest function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
    Ripemd160,
    Whirlpool,
}

impl Hash {
    /// Bytes of a digest.
    pub(crate) const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 | Self::Ripemd160 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 | Self::Whirlpool => 64,
        }
    }

    pub(crate) fn of(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Md5 => Md5::digest(bytes).to_vec(),
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
            Self::Ripemd160 => Ripemd160::digest(bytes).to_vec(),
            Self::Whirlpool => Whirlpool::digest(bytes).to_vec(),
        })
    }

    /// The digest in lower-case hex.
    pub(crate) fn hex(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        hex(&self.of(bytes))
    }

    /// The digest of several pieces one after the other.
    pub(crate) fn of_all(self, pieces: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        self.of(&Zeroizing::new(pieces.concat()))
    }

    /// The digest of several pieces in lower-case hex.
    pub(crate) fn hex_of_all(self, pieces: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        hex(&self.of_all(pieces))
    }

    pub(crate) fn hmac(self, key: &[u8], message: &[u8]) -> Zeroizing<Vec<u8>> {
        /// HMAC takes keys of any length, so there is no other branch than the first.
        macro_rules! hmac {
            ($hash:ty) => {
                Hmac::<$hash>::new_from_slice(key).map_or_else(
                    |_| Vec::new(),
                    |mac| mac.chain_update(message).finalize().into_bytes().to_vec(),
                )
            };
        }
        Zeroizing::new(match self {
            Self::Md5 => hmac!(Md5),
            Self::Sha1 => hmac!(Sha1),
            Self::Sha256 => hmac!(Sha256),
            Self::Sha384 => hmac!(Sha384),
            Self::Sha512 => hmac!(Sha512),
            Self::Ripemd160 => hmac!(Ripemd160),
            Self::Whirlpool => hmac!(Whirlpool),
        })
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Ripemd160 => "ripemd160",
            Self::Whirlpool => "whirlpool",
        })
    }
}

/// Whether two digests are the same, in a time that does not tell where they differ. Nothing is
/// the same as nothing at all.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    !left.is_empty() && bool::from(left.ct_eq(right))
}
