//! Argon2id, at most one computation per core at a time and a bounded queue before it: a storm of
//! sign-ins waits or is sent away, and everything else goes on.

use std::sync::Arc;
use std::time::Duration;

use argon2::Params;
use im_types::Ids;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::argon::{Arenas, HashParameters, OUTPUT_BYTES, Stored, compute, crypto, phc};
use crate::Error;
use crate::metrics::AuthMetrics;

/// What one computation takes, roughly, for the time to wait that is told.
const COMPUTATION_MS: u64 = 40;

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
    arenas: Arc<Arenas>,
    metrics: AuthMetrics,
    /// Verified for people who do not exist: nobody's password, of the cost of a real one.
    dummy: Arc<str>,
}

/// A place among those who compute or wait. Every computation of one sign-in goes through the
/// same place.
#[derive(Debug)]
pub struct HashSlot {
    hasher: PasswordHasher,
    place: Option<OwnedSemaphorePermit>,
}

impl PasswordHasher {
    /// A hasher for `threads` computations at a time (0: one for each core) and `queue_max` more
    /// that wait. Nothing is computed for it, so a service that nobody signs in to stays small.
    pub fn new(
        parameters: HashParameters,
        threads: u32,
        queue_max: u32,
        ids: Ids,
        metrics: AuthMetrics,
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
        .map_err(crypto)?;
        Ok(Self {
            parameters,
            arenas: Arc::new(Arenas::new(params.block_count())),
            admitted: Arc::new(Semaphore::new(threads + queue_max)),
            cores: Arc::new(Semaphore::new(threads)),
            queue_max,
            threads,
            metrics,
            dummy: phc(
                &params,
                &ids.random_bytes::<16>(),
                &ids.random_bytes::<OUTPUT_BYTES>(),
            )
            .into(),
            params,
            ids,
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
            place: Some(place),
        })
    }

    /// Whether a stored hash was made with other parameters than those of now.
    pub fn is_outdated(&self, password_hash: &str) -> bool {
        let stored = Stored::parse(password_hash);
        stored.is_none_or(|stored| stored.parameters() != self.parameters)
    }

    /// Runs `work` on a thread for such work, when a core is free for it. If the caller goes away,
    /// the computation ends by itself and keeps its place until then.
    async fn run<T: Send + 'static>(
        &self,
        purpose: &'static str,
        work: impl FnOnce(&Arenas) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let waiting = Waiting::new(&self.metrics);
        let core = Arc::clone(&self.cores)
            .acquire_owned()
            .await
            .map_err(|_| Error::Stopping)?;
        drop(waiting);
        self.metrics.computes(purpose);
        let hasher = self.clone();
        let computed = tokio::task::spawn_blocking(move || {
            let result = work(&hasher.arenas);
            drop(core);
            // The caller may be gone, and with it the place that would have done this.
            hasher.forget_when_idle();
            result
        });
        computed.await.map_err(crypto)
    }

    /// Gives the memory of computations back when nobody computes or waits.
    fn forget_when_idle(&self) {
        if self.admitted.available_permits() == self.threads + self.queue_max
            && self.cores.available_permits() == self.threads
        {
            self.arenas.clear();
        }
    }
}

/// Somebody who waits for a core, until dropped.
struct Waiting<'a> {
    metrics: &'a AuthMetrics,
    since: Instant,
}

impl<'a> Waiting<'a> {
    fn new(metrics: &'a AuthMetrics) -> Self {
        metrics.waits();
        Self {
            metrics,
            since: Instant::now(),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.metrics.waited(self.since.elapsed());
    }
}

impl Drop for HashSlot {
    fn drop(&mut self) {
        drop(self.place.take());
        self.hasher.forget_when_idle();
    }
}

impl HashSlot {
    /// Makes the hash of a new password, with a salt of its own.
    pub async fn hash(&self, password: Zeroizing<Vec<u8>>) -> Result<String, Error> {
        let params = self.hasher.params.clone();
        let salt: [u8; 16] = self.hasher.ids.random_bytes();
        self.hasher
            .run("hash", move |arenas| {
                let mut output = [0; OUTPUT_BYTES];
                compute(arenas, &params, &password, &salt, &mut output)?;
                Ok(phc(&params, &salt, &output))
            })
            .await?
    }

    /// Whether the password is that of the hash. A hash that cannot be read, or whose cost is over
    /// the bounds, is nobody's.
    pub async fn verify(
        &self,
        password: Zeroizing<Vec<u8>>,
        password_hash: &str,
    ) -> Result<bool, Error> {
        let Some(stored) = Stored::parse(password_hash) else {
            return Ok(false);
        };
        self.hasher
            .run("verify", move |arenas| stored.is_of(arenas, &password))
            .await?
    }

    /// Takes as long as verifying a password, for people who do not exist.
    pub async fn verify_nobody(&self, password: Zeroizing<Vec<u8>>) -> Result<(), Error> {
        let dummy = Arc::clone(&self.hasher.dummy);
        self.verify(password, &dummy).await.map(|_never| ())
    }

    /// Does the work of another system's password, in the same bounds.
    pub async fn compute_foreign<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.hasher.run("foreign", move |_arenas| work()).await
    }
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
        PasswordHasher::new(parameters, threads, queue_max, ids, AuthMetrics::new()).unwrap()
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

    #[tokio::test]
    async fn memory_is_kept_for_those_who_wait_and_given_back_after_them() {
        let hasher = hasher(CHEAP, 1, 8);
        let (one, other) = (hasher.enter().unwrap(), hasher.enter().unwrap());
        assert_eq!(
            hasher.arenas.len(),
            0,
            "nothing is computed before its time"
        );
        one.verify_nobody(bytes("x")).await.unwrap();
        other.verify_nobody(bytes("x")).await.unwrap();
        assert_eq!(hasher.arenas.len(), 1, "one core, one arena");
        drop(one);
        assert_eq!(hasher.arenas.len(), 1);
        drop(other);
        assert_eq!(hasher.arenas.len(), 0);
    }

    #[tokio::test]
    async fn nobody_costs_what_somebody_costs_and_has_no_password() {
        let hasher = hasher(CHEAP, 1, 8);
        let stored = Stored::parse(&hasher.dummy).unwrap();
        assert_eq!(stored.parameters(), CHEAP);
        assert!(!hasher.is_outdated(&hasher.dummy));
        let slot = hasher.enter().unwrap();
        assert!(!slot.verify(bytes(""), &hasher.dummy).await.unwrap());
    }
}
