//! Passwords and signing keys: what costs CPU and what must not leak.

mod hasher;
mod keys;

pub use hasher::{HashParameters, HashSlot, PasswordHasher};
pub use keys::{KeyTimes, Keys, StoredKey};
