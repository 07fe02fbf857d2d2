//! The building blocks: digests, key derivation, crypt(3). None of them knows a store.

pub(crate) mod argon2;
pub(crate) mod bcrypt;
pub(crate) mod chain;
pub(crate) mod des;
pub(crate) mod hash;
pub(crate) mod kdf;
pub(crate) mod md5crypt;
pub(crate) mod shacrypt;
pub(crate) mod text;
