//! Argon2id, at most one computation per core at a time and a bounded queue before it: a storm of
//! sign-ins waits or is sent away, and everything else goes on.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use im_types::Ids;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use crate::Error;

/// Costs over which a stored hash is not computed: a row must not be able to stop the server.
const STORED_MEMORY_KIB_MAX: u32 = 1_048_576;
const STORED_PASSES_MAX: u32 = 20;
const STORED_LANES_MAX: u32 = 16;
/// What one computation takes, roughly, for the time to wait that is told.
const COMPUTATION_MS: u64 = 40;

/// Cost of a computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashParameters {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// Computes passwords. Cheap to clone; clones share the queue.
#[derive(Debug, Clone)]
pub struct PasswordHasher {
    parameters: HashParameters,
    params: Params,
    ids: Ids,
    /// Everybody who computes or waits.
    admitted: Arc<Semaphore>,
    /// Everybody who computes.
    cores: Arc<Semaphore>,
    queue_max: usize,
    threads: usize,
    /// Verified for people who do not exist: nobody's password, of the cost of a real one.
    dummy: Arc<str>,
}

/// A place among those who compute or wait. Every computation of one sign-in goes through the
/// same place.
#[derive(Debug)]
pub struct HashSlot {
    hasher: PasswordHasher,
    _place: OwnedSemaphorePermit,
}

impl PasswordHasher {
    /// A hasher for `threads` computations at a time (0: one for each core) and `queue_max` more
    /// that wait.
    pub fn new(
        parameters: HashParameters,
        threads: u32,
        queue_max: u32,
        ids: Ids,
    ) -> Result<Self, Error> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let threads = usize::try_from(threads).ok().filter(|threads| *threads > 0);
        let threads = threads.unwrap_or(cores);
        let queue_max = usize::try_from(queue_max).unwrap_or(usize::MAX / 4);
        let params = Params::new(
            parameters.memory_kib,
            parameters.passes,
            parameters.lanes,
            None,
        )
        .map_err(|error| Error::Crypto(error.to_string()))?;
        let nobody: [u8; 32] = ids.random_bytes();
        let dummy = compute(&params, &nobody, &ids.random_bytes::<16>())?;
        Ok(Self {
            parameters,
            params,
            ids,
            admitted: Arc::new(Semaphore::new(threads + queue_max)),
            cores: Arc::new(Semaphore::new(threads)),
            queue_max,
            threads,
            dummy: dummy.into(),
        })
    }

    /// Takes a place, or says when one may be free.
    pub fn enter(&self) -> Result<HashSlot, Error> {
        let place = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_full| {
                let waiting = u64::try_from(self.queue_max / self.threads).unwrap_or(u64::MAX);
                let wait_ms = waiting.saturating_mul(COMPUTATION_MS).clamp(1_000, 30_000);
                Error::LoginBusy {
                    wait: Duration::from_millis(wait_ms),
                }
            })?;
        Ok(HashSlot {
            hasher: self.clone(),
            _place: place,
        })
    }

    /// Whether a stored hash was made with other parameters than those of now.
    pub fn is_outdated(&self, password_hash: &str) -> bool {
        let parameters = PasswordHash::new(password_hash)
            .ok()
            .and_then(|hash| parameters(&hash));
        parameters != Some(self.parameters)
    }

    /// Runs `work` on a thread for such work, when a core is free for it. If the caller goes away,
    /// the computation ends by itself and keeps its place until then.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let core = Arc::clone(&self.cores)
            .acquire_owned()
            .await
            .map_err(|_| Error::Stopping)?;
        let computed = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(core);
            result
        });
        computed
            .await
            .map_err(|error| Error::Crypto(error.to_string()))
    }
}

impl HashSlot {
    /// Makes the hash of a new password, with a salt of its own.
    pub async fn hash(&self, password: Zeroizing<Vec<u8>>) -> Result<String, Error> {
        let params = self.hasher.params.clone();
        let salt: [u8; 16] = self.hasher.ids.random_bytes();
        self.hasher
            .run(move || compute(&params, &password, &salt))
            .await?
    }

    /// Whether the password is that of the hash. A hash that cannot be read, or whose cost is over
    /// the bounds, is nobody's.
    pub async fn verify(
        &self,
        password: Zeroizing<Vec<u8>>,
        password_hash: &str,
    ) -> Result<bool, Error> {
        let Ok(hash) = PasswordHash::new(password_hash) else {
            return Ok(false);
        };
        if !is_affordable(&hash) {
            return Ok(false);
        }
        // The cost is that of the hash, not of the parameters of now.
        self.hasher
            .run(move || Argon2::default().verify_password(&password, &hash).is_ok())
            .await
    }

    /// Takes as long as verifying a password, for people who do not exist.
    pub async fn verify_nobody(&self, password: Zeroizing<Vec<u8>>) -> Result<(), Error> {
        let dummy = Arc::clone(&self.hasher.dummy);
        self.verify(password, &dummy).await.map(|_never| ())
    }
}

fn compute(params: &Params, password: &[u8], salt: &[u8]) -> Result<String, Error> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let hash: PasswordHash = argon2
        .hash_password_with_salt(password, salt)
        .map_err(|error| Error::Crypto(error.to_string()))?;
    Ok(hash.to_string())
}

fn parameters(hash: &PasswordHash) -> Option<HashParameters> {
    if hash.algorithm != Algorithm::Argon2id.ident() {
        return None;
    }
    let params = Params::try_from(hash).ok()?;
    Some(HashParameters {
        memory_kib: params.m_cost(),
        passes: params.t_cost(),
        lanes: params.p_cost(),
    })
}

fn is_affordable(hash: &PasswordHash) -> bool {
    parameters(hash).is_some_and(|p| {
        p.memory_kib <= STORED_MEMORY_KIB_MAX
            && p.passes <= STORED_PASSES_MAX
            && p.lanes <= STORED_LANES_MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use im_types::Clock;

    const CHEAP: HashParameters = HashParameters {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };

    fn hasher(parameters: HashParameters, threads: u32, queue_max: u32) -> PasswordHasher {
        let ids = Ids::system(Clock::system());
        PasswordHasher::new(parameters, threads, queue_max, ids).unwrap()
    }

    fn bytes(text: &str) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn only_the_right_password_fits_and_salts_differ() {
        let slot = hasher(CHEAP, 1, 8).enter().unwrap();
        let hash = slot.hash(bytes("right")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        assert!(slot.verify(bytes("right"), &hash).await.unwrap());
        assert!(!slot.verify(bytes("wrong"), &hash).await.unwrap());
        assert_ne!(slot.hash(bytes("right")).await.unwrap(), hash);
        assert!(
            !slot
                .verify(bytes("right"), "$argon2id$nonsense")
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn other_parameters_are_noticed_and_excessive_ones_refused() {
        let old = hasher(CHEAP, 1, 8);
        let hash = old.enter().unwrap().hash(bytes("x")).await.unwrap();
        assert!(!old.is_outdated(&hash));
        let new = hasher(HashParameters { passes: 2, ..CHEAP }, 1, 8);
        assert!(new.is_outdated(&hash));
        assert!(
            new.enter()
                .unwrap()
                .verify(bytes("x"), &hash)
                .await
                .unwrap()
        );
        let greedy = hash.replace("m=64", "m=4000000");
        assert!(
            !new.enter()
                .unwrap()
                .verify(bytes("x"), &greedy)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn beyond_the_queue_everybody_is_told_to_come_back() {
        let hasher = hasher(CHEAP, 1, 2);
        let places: Vec<_> = (0..3).map(|_| hasher.enter().unwrap()).collect();
        assert!(matches!(hasher.enter(), Err(Error::LoginBusy { wait }) if !wait.is_zero()));
        drop(places);
        assert!(hasher.enter().is_ok());
    }
}
