//! Sealing secrets of others that have to be told to others again, such as the password of a
//! database: what is stored can be neither read nor moved to another place without the key.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use im_types::{Ids, Secret};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::Error;

/// Length of a key, in bytes.
pub const SEALING_KEY_BYTES: usize = 32;

/// Secrets by name.
pub type Secrets = BTreeMap<String, Secret<String>>;

/// Seals and opens. Does not show its keys.
pub struct Sealer {
    /// The newest first; it seals.
    keys: Vec<LessSafeKey>,
    /// Made of the oldest key, which stays.
    fingerprint_key: Secret<Vec<u8>>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Sealer").finish_non_exhaustive()
    }
}

fn failed(_unspecified: aws_lc_rs::error::Unspecified) -> Error {
    Error::Crypto("a secret cannot be sealed or opened".to_owned())
}

impl Sealer {
    /// With keys, the newest first.
    pub fn new(keys: &[Secret<Vec<u8>>]) -> Result<Self, Error> {
        let key = |key: &Secret<Vec<u8>>| {
            UnboundKey::new(&AES_256_GCM, key.expose())
                .map(LessSafeKey::new)
                .map_err(failed)
        };
        let oldest = keys.last().map(|key| key.expose().as_slice());
        let mut derived = Sha256::new();
        derived.update(b"fingerprints of what identity stores keep\0");
        derived.update(oldest.unwrap_or_default());
        Ok(Self {
            fingerprint_key: Secret::new(derived.finalize().to_vec()),
            keys: keys.iter().map(key).collect::<Result<_, _>>()?,
        })
    }

    /// Seals secrets so that they open only for `place`. No secrets are no bytes.
    pub fn seal(&self, secrets: &Secrets, place: &str, ids: &Ids) -> Result<Vec<u8>, Error> {
        if secrets.is_empty() {
            return Ok(Vec::new());
        }
        let plain: BTreeMap<&str, &str> = secrets
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose().as_str()))
            .collect();
        let text = Zeroizing::new(
            serde_json::to_vec(&plain).map_err(|error| Error::Crypto(error.to_string()))?,
        );
        let key = self
            .keys
            .first()
            .ok_or_else(|| Error::Crypto("there is no key to seal with".to_owned()))?;
        let nonce: [u8; NONCE_LEN] = ids.random_bytes();
        let mut sealed = text.to_vec();
        let aad = Aad::from(place.as_bytes());
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .map_err(failed)?;
        let mut out = nonce.to_vec();
        out.append(&mut sealed);
        Ok(out)
    }

    /// A keyed hash of what a store keeps of a password: it says whether that has changed and
    /// nothing else.
    pub fn fingerprint<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        // HMAC takes keys of any length, so there is always one.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.fingerprint_key.expose()) else {
            return Vec::new();
        };
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    }

    /// Opens what was sealed for `place`.
    pub fn open(&self, sealed: &[u8], place: &str) -> Result<Secrets, Error> {
        if sealed.is_empty() {
            return Ok(Secrets::new());
        }
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or_else(|| Error::Crypto("a sealed secret is too short".to_owned()))?;
        for key in &self.keys {
            let mut text = Zeroizing::new(sealed.to_vec());
            let (nonce, aad) = (
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(place.as_bytes()),
            );
            if let Ok(plain) = key.open_in_place(nonce, aad, &mut text) {
                return serde_json::from_slice(plain)
                    .map_err(|_| Error::Crypto("a sealed secret cannot be read".to_owned()));
            }
        }
        Err(failed(aws_lc_rs::error::Unspecified))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use im_types::Clock;

    #[test]
    fn only_the_key_and_the_place_open_what_was_sealed() {
        let ids = Ids::seeded(Clock::system(), 5);
        let key = |byte| Secret::new(vec![byte; SEALING_KEY_BYTES]);
        let sealer = Sealer::new(&[key(1)]).unwrap();
        let secrets = Secrets::from([("password".to_owned(), "hunter2".into())]);
        let sealed = sealer.seal(&secrets, "forum", &ids).unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        let open = |sealer: &Sealer, place: &str| {
            let opened = sealer.open(&sealed, place).ok()?;
            Some(opened.get("password")?.expose().clone())
        };
        assert_eq!(open(&sealer, "forum").as_deref(), Some("hunter2"));
        assert_eq!(open(&sealer, "cms"), None, "moved");
        assert_eq!(open(&Sealer::new(&[key(2)]).unwrap(), "forum"), None);
        let newer = Sealer::new(&[key(2), key(1)]).unwrap();
        assert_eq!(
            open(&newer, "forum").as_deref(),
            Some("hunter2"),
            "an old key opens"
        );
        let mut bent = sealed.clone();
        bent[NONCE_LEN] ^= 1;
        assert!(sealer.open(&bent, "forum").is_err());
        assert!(sealer.open(b"short", "forum").is_err());
        assert!(
            sealer
                .seal(&Secrets::new(), "forum", &ids)
                .unwrap()
                .is_empty()
        );
    }
}
