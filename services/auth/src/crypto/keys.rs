//! The keys that access tokens are signed with.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use im_directory::token::{self, Claims, SigningKey, VerifyingKey};
use im_types::{Ids, Secret, Timestamp};
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};

use crate::Error;

const DAY: Duration = Duration::from_hours(24);
/// Verified tokens that are remembered, so that a signature is computed once per token.
const VERIFIED_MAX: u64 = 50_000;

/// A key as it is stored.
#[derive(Debug, Clone)]
pub struct StoredKey {
    /// `kid` of its tokens.
    pub id: String,
    /// The Ed25519 seed.
    pub seed: Secret<Vec<u8>>,
    /// 32 bytes.
    pub public_key: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Signs from then on.
    pub signs_from: Timestamp,
    /// And until then.
    pub signs_until: Timestamp,
    /// Its last token has ended by then.
    pub expires_at: Timestamp,
}

/// How long keys live.
#[derive(Debug, Clone, Copy)]
pub struct KeyTimes {
    /// For how long a key signs.
    pub rotation: Duration,
    /// Life of a token.
    pub token: Duration,
}

impl KeyTimes {
    /// For how long a key is known before it signs: everybody has fetched it by then.
    fn overlap(&self) -> Duration {
        DAY.min(self.rotation / 2)
    }

    /// Whether a key has to be made now: when the newest one is about to end.
    pub fn is_due(&self, keys: &[StoredKey], now: Timestamp) -> bool {
        let newest = keys.iter().map(|key| key.signs_until).max();
        newest.is_none_or(|until| until <= now.saturating_add(self.overlap()))
    }

    /// Makes the next key. It begins to sign when the newest one ends; the first one at once.
    pub fn next(&self, keys: &[StoredKey], now: Timestamp, ids: &Ids) -> Result<StoredKey, Error> {
        let newest = keys.iter().map(|key| key.signs_until).max();
        let signs_from = newest.filter(|until| *until > now).unwrap_or(now);
        let signs_until = signs_from.saturating_add(self.rotation);
        let seed = Secret::new(ids.random_bytes::<32>());
        let id = ids.new_uuid().simple().to_string();
        let key = SigningKey::from_seed(id.clone(), &seed)
            .map_err(|error| Error::Crypto(error.to_string()))?;
        Ok(StoredKey {
            id,
            seed: Secret::new(seed.expose().to_vec()),
            public_key: key.public_key().to_vec(),
            created_at: now,
            signs_from,
            signs_until,
            expires_at: signs_until.saturating_add(self.token).saturating_add(DAY),
        })
    }
}

#[derive(Debug)]
struct Known {
    stored: StoredKey,
    signing: SigningKey,
    verifying: VerifyingKey,
}

#[derive(Debug, Clone)]
struct Verified {
    claims: Arc<Claims>,
    key_id: String,
}

/// The keys in use. Replaced as a whole when they change.
#[derive(Debug)]
pub struct Keys {
    known: RwLock<Arc<HashMap<String, Known>>>,
    verified: Cache<[u8; 32], Verified>,
}

impl Keys {
    /// Without keys: nothing can be signed until [`Keys::replace`].
    pub fn new(token_life: Duration) -> Self {
        let verified = Cache::builder()
            .max_capacity(VERIFIED_MAX)
            .time_to_live(token_life)
            .build();
        Self {
            known: RwLock::default(),
            verified,
        }
    }

    /// Takes the stored keys. A key that cannot be used is left out and logged.
    pub fn replace(&self, keys: Vec<StoredKey>) {
        let known = keys.into_iter().filter_map(|stored| {
            let Some(known) = Known::new(stored) else {
                tracing::error!("a stored signing key cannot be used");
                return None;
            };
            Some((known.stored.id.clone(), known))
        });
        let known = Arc::new(known.collect());
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    fn known(&self) -> Arc<HashMap<String, Known>> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Key id, public key and end of every key.
    pub fn public(&self) -> Vec<(String, Vec<u8>, Timestamp)> {
        let known = self.known();
        let public = |key: &Known| {
            (
                key.stored.id.clone(),
                key.stored.public_key.clone(),
                key.stored.expires_at,
            )
        };
        known.values().map(public).collect()
    }

    /// Makes an access token with the key of the moment.
    pub fn sign(&self, claims: &Claims, now: Timestamp) -> Result<Secret<String>, Error> {
        let known = self.known();
        let usable = known.values().filter(|key| key.stored.signs_from <= now);
        let newest = usable.max_by_key(|key| (key.stored.signs_from, key.stored.id.clone()));
        let key = newest.ok_or_else(|| Error::Crypto("there is no signing key".to_owned()))?;
        key.signing
            .issue(claims)
            .map_err(|error| Error::Crypto(error.to_string()))
    }

    /// Reads an access token; `None` if it is none of ours. Its time is for the caller to check.
    pub fn verify(&self, text: &str) -> Option<Arc<Claims>> {
        if text.len() > token::TOKEN_BYTES_MAX {
            return None;
        }
        let known = self.known();
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        if let Some(verified) = self.verified.get(&digest)
            && known.contains_key(&verified.key_id)
        {
            return Some(verified.claims);
        }
        let key_id = token::key_id_of(text)?;
        let claims = Arc::new(known.get(&key_id)?.verifying.read(text)?);
        self.verified.insert(
            digest,
            Verified {
                claims: Arc::clone(&claims),
                key_id,
            },
        );
        Some(claims)
    }
}

impl Known {
    fn new(stored: StoredKey) -> Option<Self> {
        let seed: [u8; 32] = stored.seed.expose().as_slice().try_into().ok()?;
        let signing = SigningKey::from_seed(stored.id.clone(), &Secret::new(seed)).ok()?;
        let verifying = VerifyingKey::from_bytes(&stored.public_key)?;
        Some(Self {
            stored,
            signing,
            verifying,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use im_directory::token::Audience;
    use im_types::{Clock, SiteId};

    const TIMES: KeyTimes = KeyTimes {
        rotation: Duration::from_hours(30 * 24),
        token: Duration::from_mins(10),
    };

    fn claims(ids: &Ids, now: Timestamp) -> Claims {
        Claims {
            user_id: ids.new_id(),
            session_id: ids.new_id(),
            site_id: SiteId::default(),
            device_id: ids.new_id(),
            audience: Audience::Api,
            issued_at_s: now.as_secs(),
            expires_at_s: now.as_secs() + 600,
        }
    }

    #[test]
    fn keys_follow_each_other_with_an_overlap() {
        let start = Timestamp::from_millis(1_000);
        let ids = Ids::seeded(Clock::mock(start), 7);
        let keys = Keys::new(TIMES.token);
        assert!(TIMES.is_due(&[], start));
        let first = TIMES.next(&[], start, &ids).unwrap();
        keys.replace(vec![first.clone()]);
        let wanted = claims(&ids, start);
        let old_token = keys.sign(&wanted, start).unwrap();

        let late = first.signs_until - Duration::from_hours(1);
        assert!(!TIMES.is_due(std::slice::from_ref(&first), first.signs_until - DAY * 2));
        assert!(TIMES.is_due(std::slice::from_ref(&first), late));
        let second = TIMES
            .next(std::slice::from_ref(&first), late, &ids)
            .unwrap();
        assert_eq!(second.signs_from, first.signs_until);
        keys.replace(vec![first.clone(), second.clone()]);
        // The coming key is known already, but does not sign yet.
        let token = keys.sign(&wanted, late).unwrap();
        assert_eq!(token::key_id_of(token.expose()), Some(first.id.clone()));
        let token = keys.sign(&wanted, second.signs_from).unwrap();
        assert_eq!(token::key_id_of(token.expose()), Some(second.id));
        assert_eq!(keys.verify(old_token.expose()).as_deref(), Some(&wanted));
    }

    #[test]
    fn tokens_of_withdrawn_keys_and_tampered_ones_are_nothing() {
        let now = Timestamp::from_millis(1_000);
        let ids = Ids::seeded(Clock::mock(now), 7);
        let keys = Keys::new(TIMES.token);
        let key = TIMES.next(&[], now, &ids).unwrap();
        keys.replace(vec![key.clone()]);
        let token = keys.sign(&claims(&ids, now), now).unwrap();
        assert!(keys.verify(token.expose()).is_some());
        let (head, signature) = token.expose().rsplit_once('.').unwrap();
        let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
        assert!(keys.verify(&forged).is_none());
        assert!(keys.verify("").is_none());
        keys.replace(vec![TIMES.next(&[], now, &ids).unwrap()]);
        assert!(keys.verify(token.expose()).is_none());
    }
}
