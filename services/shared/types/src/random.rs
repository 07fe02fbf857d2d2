//! New identifiers and random values.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use uuid::Uuid;

use crate::{Clock, Id, Secret};

/// Makes identifiers and random values. Cheap to clone; clones share their source.
#[derive(Clone)]
pub struct Ids {
    clock: Clock,
    source: Source,
}

#[derive(Clone)]
enum Source {
    /// A cryptographic generator of the thread, seeded and reseeded by the operating system.
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Ids {
    /// Unpredictable values, for everything outside tests.
    pub const fn system(clock: Clock) -> Self {
        Self {
            clock,
            source: Source::System,
        }
    }

    /// The same values in the same order for the same seed. For tests only: anybody who knows the
    /// seed knows every token.
    pub fn seeded(clock: Clock, seed: u64) -> Self {
        let rng = StdRng::seed_from_u64(seed);
        Self {
            clock,
            source: Source::Seeded(Arc::new(Mutex::new(rng))),
        }
    }

    /// The clock that the identifiers are dated by.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A new identifier, for example `ids.new_id::<UserId>()`.
    pub fn new_id<I: Id>(&self) -> I {
        I::from_uuid(self.new_uuid())
    }

    /// A new UUID of version 7: milliseconds, then the fraction of the millisecond in 12 bits,
    /// then 62 random bits. Those made later sort later to within a quarter of a microsecond, which
    /// keeps index pages warm.
    pub fn new_uuid(&self) -> Uuid {
        let micros = self.clock.now().as_micros().max(0).unsigned_abs();
        let millis = u128::from(micros / 1_000) & 0xffff_ffff_ffff;
        let fraction = u128::from((micros % 1_000) * 4_096 / 1_000);
        let random = u128::from(u64::from_be_bytes(self.random_bytes::<8>()) >> 2);
        let version_and_variant = (7 << 76) | (2 << 62);
        Uuid::from_u128((millis << 80) | (fraction << 64) | version_and_variant | random)
    }

    /// `N` random bytes.
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.source {
            Source::System => rand::rng().fill_bytes(&mut bytes),
            // A generator is usable whatever the thread that last held it did.
            Source::Seeded(rng) => {
                rng.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .fill_bytes(&mut bytes);
            }
        }
        bytes
    }

    /// An unguessable token of 256 bits: 43 characters of base64url without padding.
    pub fn random_token(&self) -> Secret<String> {
        let bytes = Secret::new(self.random_bytes::<32>());
        Secret::new(URL_SAFE_NO_PAD.encode(bytes.expose()))
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.source {
            Source::System => "System",
            Source::Seeded(_) => "Seeded",
        };
        out.debug_struct("Ids")
            .field("clock", &self.clock)
            .field("source", &source)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::*;
    use crate::{MessageId, Timestamp};

    fn clock() -> Clock {
        Clock::mock(Timestamp::from_micros(1_700_000_000_123_456))
    }

    #[test]
    fn is_a_version_7_uuid_of_the_clocks_time() {
        let uuid = Ids::system(clock()).new_uuid();
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
        let (seconds, nanos) = uuid.get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos / 1_000_000), (1_700_000_000, 123));
    }

    #[test]
    fn later_ids_sort_later() {
        let clock = clock();
        let ids = Ids::system(clock.clone());
        let mut last = ids.new_id::<MessageId>();
        for _ in 0..2_000 {
            clock.advance(Duration::from_micros(1));
            let next = ids.new_id::<MessageId>();
            assert!(next > last);
            last = next;
        }
    }

    #[test]
    fn ids_of_one_instant_differ() {
        let ids = Ids::system(clock());
        let made: HashSet<MessageId> = (0..10_000).map(|_| ids.new_id()).collect();
        assert_eq!(made.len(), 10_000);
    }

    #[test]
    fn a_seed_repeats_and_the_system_does_not() {
        let bytes = |ids: Ids| {
            (
                ids.random_bytes::<16>(),
                ids.random_token().expose().clone(),
            )
        };
        assert_eq!(
            bytes(Ids::seeded(clock(), 7)),
            bytes(Ids::seeded(clock(), 7))
        );
        assert_ne!(
            bytes(Ids::seeded(clock(), 7)),
            bytes(Ids::seeded(clock(), 8))
        );
        assert_ne!(bytes(Ids::system(clock())), bytes(Ids::system(clock())));
    }

    #[test]
    fn a_token_is_43_characters_fit_for_a_url() {
        let token = Ids::system(clock()).random_token();
        assert_eq!(token.expose().len(), 43);
        assert!(
            token
                .expose()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
    }
}
