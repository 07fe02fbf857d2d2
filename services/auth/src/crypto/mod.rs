//! Passwords and signing keys: what costs CPU and what must not leak.

mod argon;
mod hasher;
mod keys;
mod sealing;

pub use argon::HashParameters;
pub use hasher::{HashSlot, PasswordHasher};
pub use keys::{KeyTimes, Keys, StoredKey};
pub use sealing::{SEALING_KEY_BYTES, Sealer, Secrets};
