//! The state of the throttle in this process. Each replica has its own: with n replicas somebody
//! who guesses gets n times the attempts, which the lock after `max_password_failures`, counted in
//! the database, bounds exactly.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use im_types::{Ids, Secret, Timestamp};
use moka::sync::Cache;
use sha2::Sha256;

use crate::config::ThrottleSizes;
use crate::domain::throttle::{
    Bucket, BucketSize, Fingerprint, Ladder, Stuffing, network_of, provider_network_of,
};

/// Addresses and accounts that are remembered; the least used ones are forgotten first.
const ENTRIES_MAX: u64 = 100_000;
/// Nothing is remembered longer than the ladder remembers.
const KEPT_FOR: Duration = Duration::from_hours(24);
/// A refusal is written into the audit log once in this time for each address.
const REPORTED_FOR: Duration = Duration::from_mins(1);

type Shared<T> = Arc<Mutex<T>>;

#[derive(Debug)]
struct Account {
    ladder: Ladder,
    bucket: Bucket,
}

/// Slows repeated attempts down.
#[derive(Debug)]
pub struct Throttle {
    sizes: ThrottleSizes,
    key: Secret<[u8; 32]>,
    addresses: Cache<IpAddr, Shared<Bucket>>,
    providers: Cache<Ipv6Addr, Shared<Bucket>>,
    stuffing: Cache<IpAddr, Shared<Stuffing>>,
    accounts: Cache<Arc<str>, Shared<Account>>,
    pairs: Cache<(IpAddr, Arc<str>), Shared<Bucket>>,
    registrations: Cache<IpAddr, Shared<Bucket>>,
    reported: Cache<Option<IpAddr>, ()>,
}

fn cache<K, V>(kept_for: Duration) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder()
        .max_capacity(ENTRIES_MAX)
        .time_to_idle(kept_for)
        .build()
}

fn lock<T>(shared: &Shared<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who attempts: the client's address, as far as it is known, and the folded name.
#[derive(Debug, Clone)]
pub(super) struct Attempter {
    network: Option<IpAddr>,
    provider: Option<Ipv6Addr>,
    account: Arc<str>,
}

impl Attempter {
    pub(super) fn new(address: Option<IpAddr>, folded: &str) -> Self {
        Self {
            network: address.map(network_of),
            provider: address.and_then(provider_network_of),
            account: folded.into(),
        }
    }

    fn pair(&self) -> Option<(IpAddr, Arc<str>)> {
        self.network
            .map(|network| (network, Arc::clone(&self.account)))
    }
}

/// What a wrong password means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    /// It is none of the latest ones of the account over again.
    pub(super) is_new: bool,
    /// The address has tried so many pairs of name and password that it is refused from now on.
    pub(super) is_stuffing: bool,
}

/// Why somebody has to wait, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    /// For how long; zero for nobody.
    pub(super) time: Duration,
    /// `account`, `address`, `pair`, `stuffing`.
    pub(super) cause: &'static str,
}

impl Throttle {
    /// Remembers nobody yet.
    pub fn new(sizes: ThrottleSizes, ids: &Ids) -> Self {
        Self {
            sizes,
            key: Secret::new(ids.random_bytes()),
            addresses: cache(KEPT_FOR),
            providers: cache(KEPT_FOR),
            stuffing: cache(KEPT_FOR),
            accounts: cache(KEPT_FOR),
            pairs: cache(KEPT_FOR),
            registrations: cache(KEPT_FOR),
            reported: Cache::builder()
                .max_capacity(ENTRIES_MAX)
                .time_to_live(REPORTED_FOR)
                .build(),
        }
    }

    /// How long the attempter has to wait: the longest of the buckets, the ladder and a refusal.
    pub(super) fn wait(&self, who: &Attempter, now: Timestamp) -> Wait {
        let bucket = |shared: Option<Shared<Bucket>>, size: BucketSize| {
            shared.map_or(Duration::ZERO, |shared| lock(&shared).wait(size, now))
        };
        let address = who.network.and_then(|network| self.addresses.get(&network));
        let provider = who
            .provider
            .and_then(|network| self.providers.get(&network));
        let stuffing = who.network.and_then(|network| self.stuffing.get(&network));
        let pair = who.pair().and_then(|pair| self.pairs.get(&pair));
        let account = self
            .accounts
            .get(&who.account)
            .map_or(Duration::ZERO, |shared| {
                let account = lock(&shared);
                let ladder = account.ladder.wait(self.sizes.free_failures, now);
                ladder.max(account.bucket.wait(self.sizes.account, now))
            });
        let waits = [
            ("account", account),
            ("address", bucket(address, self.sizes.address)),
            ("address", bucket(provider, self.sizes.provider)),
            ("pair", bucket(pair, self.sizes.pair)),
            (
                "stuffing",
                stuffing.map_or(Duration::ZERO, |shared| lock(&shared).wait(now)),
            ),
        ];
        let longest = waits.into_iter().max_by_key(|(_, time)| *time);
        let (cause, time) = longest.unwrap_or_default();
        Wait { time, cause }
    }

    /// Notes a wrong password. One of the latest of this account over again does not count against
    /// the account; the address pays all the same, for the work.
    pub(super) fn fail(&self, who: &Attempter, password: &[u8], now: Timestamp) -> Failure {
        self.charge_address(who, now);
        let fingerprint = self.fingerprint(&who.account, password);
        let is_stuffing = who.network.is_some_and(|network| {
            let shared = self.stuffing.get_with(network, Shared::default);
            let tried_max = self.sizes.stuffing_pairs_max;
            lock(&shared).fail(&who.account, fingerprint, tried_max, now)
        });
        let account = self.accounts.get_with(Arc::clone(&who.account), || {
            let account = Account {
                ladder: Ladder::new(now),
                bucket: Bucket::full(now),
            };
            Arc::new(Mutex::new(account))
        });
        let mut account = lock(&account);
        let is_new = account.ladder.fail(fingerprint, now);
        if is_new {
            account.bucket.charge(self.sizes.account, now);
            drop(account);
            if let Some(pair) = who.pair() {
                charge(&self.pairs, pair, self.sizes.pair, now);
            }
        }
        Failure {
            is_new,
            is_stuffing,
        }
    }

    /// Notes a failure that says nothing about an account, such as a wrong site password.
    pub(super) fn charge_address(&self, who: &Attempter, now: Timestamp) {
        if let Some(network) = who.network {
            charge(&self.addresses, network, self.sizes.address, now);
        }
        if let Some(network) = who.provider {
            charge(&self.providers, network, self.sizes.provider, now);
        }
    }

    /// Notes a right password: nothing is held against the account any more.
    pub(super) fn succeed(&self, who: &Attempter) {
        self.accounts.invalidate(&who.account);
        if let Some(pair) = who.pair() {
            self.pairs.invalidate(&pair);
        }
        if let Some(shared) = who.network.and_then(|network| self.stuffing.get(&network)) {
            lock(&shared).succeed(&who.account);
        }
    }

    /// How long an address has to wait before it may make another account.
    pub(super) fn registration_wait(&self, address: Option<IpAddr>, now: Timestamp) -> Duration {
        let shared = address.and_then(|address| self.registrations.get(&network_of(address)));
        shared.map_or(Duration::ZERO, |shared| {
            lock(&shared).wait(self.sizes.registration, now)
        })
    }

    /// Notes an account made from an address.
    pub(super) fn charge_registration(&self, address: Option<IpAddr>, now: Timestamp) {
        if let Some(address) = address {
            charge(
                &self.registrations,
                network_of(address),
                self.sizes.registration,
                now,
            );
        }
    }

    /// Whether a refusal is news: a flood must not fill the audit log.
    pub(super) fn is_news(&self, who: &Attempter) -> bool {
        let is_news = self.reported.get(&who.network).is_none();
        if is_news {
            self.reported.insert(who.network, ());
        }
        is_news
    }

    fn fingerprint(&self, account: &str, password: &[u8]) -> Fingerprint {
        let mut fingerprint = Fingerprint::default();
        // HMAC takes keys of any length, so there is always one.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.expose()) {
            mac.update(account.as_bytes());
            mac.update(&[0]);
            mac.update(password);
            let bytes = mac.finalize().into_bytes();
            fingerprint
                .iter_mut()
                .zip(bytes)
                .for_each(|(to, from)| *to = from);
        }
        fingerprint
    }
}

fn charge<K>(buckets: &Cache<K, Shared<Bucket>>, key: K, size: BucketSize, now: Timestamp)
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
{
    let shared = buckets.get_with(key, || Arc::new(Mutex::new(Bucket::full(now))));
    lock(&shared).charge(size, now);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AuthSettings;
    use im_types::Clock;

    #[test]
    fn the_three_buckets_are_independent() {
        let clock = Clock::mock(Timestamp::from_millis(1));
        let ids = Ids::seeded(clock.clone(), 3);
        let settings = AuthSettings {
            throttle_free_failures: 1,
            throttle_address_burst: 4,
            ..AuthSettings::default()
        };
        let throttle = Throttle::new(settings.throttle(), &ids);
        let (here, there) = (Some([10, 0, 0, 1].into()), Some([10, 0, 0, 2].into()));
        let (anna, bert) = (Attempter::new(here, "anna"), Attempter::new(here, "bert"));
        let now = clock.now();
        let wait = |who: &Attempter| throttle.wait(who, now).time;

        assert!(throttle.fail(&anna, b"1", now).is_new && throttle.fail(&anna, b"2", now).is_new);
        assert_eq!(wait(&anna), Duration::from_secs(1));
        assert_eq!(wait(&Attempter::new(there, "anna")), Duration::from_secs(1));
        assert_eq!(wait(&bert), Duration::ZERO, "bert has done nothing");

        // Two more failures empty the address's bucket, for everybody there.
        throttle.charge_address(&bert, now);
        throttle.charge_address(&bert, now);
        assert_eq!(wait(&bert), Duration::from_secs(2));
        assert_eq!(wait(&Attempter::new(there, "bert")), Duration::ZERO);

        throttle.succeed(&anna);
        assert_eq!(wait(&Attempter::new(there, "anna")), Duration::ZERO);
        assert!(throttle.is_news(&anna) && !throttle.is_news(&bert));
    }

    #[test]
    fn a_list_of_passwords_is_refused_from_its_address_alone() {
        let clock = Clock::mock(Timestamp::from_millis(1));
        let ids = Ids::seeded(clock.clone(), 3);
        let settings = AuthSettings {
            stuffing_pairs_max: 15,
            ..AuthSettings::default()
        };
        let throttle = Throttle::new(settings.throttle(), &ids);
        let from = |address: &str| Some(address.parse().unwrap());
        let now = clock.now();
        let fail = |n: u32| {
            let who = Attempter::new(from("192.0.2.1"), &format!("user{n}"));
            throttle.fail(&who, b"leaked", now).is_stuffing
        };
        assert!((0..14).all(|n| !fail(n)) && fail(14));
        let anna = |address| throttle.wait(&Attempter::new(from(address), "anna"), now);
        assert_eq!(anna("192.0.2.1").time, Duration::from_hours(24));
        assert_eq!(anna("192.0.2.1").cause, "stuffing");
        assert_eq!(anna("192.0.2.2").time, Duration::ZERO);
    }

    #[test]
    fn a_customer_with_many_networks_waits_on_all_of_them() {
        let clock = Clock::mock(Timestamp::from_millis(1));
        let ids = Ids::seeded(clock.clone(), 3);
        let settings = AuthSettings {
            throttle_address_burst: 2,
            ..AuthSettings::default()
        };
        let throttle = Throttle::new(settings.throttle(), &ids);
        let who = |n: u32| {
            let address = format!("2001:db8:0:{n:x}::1").parse().unwrap();
            Attempter::new(Some(address), &format!("user{n}"))
        };
        let now = clock.now();
        for n in 0..8 {
            assert_eq!(throttle.wait(&who(n), now).time, Duration::ZERO, "{n}");
            throttle.fail(&who(n), b"x", now);
        }
        assert!(!throttle.wait(&who(9), now).time.is_zero());
    }
}
