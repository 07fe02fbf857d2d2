//! How long somebody has to wait before the next sign-in attempt. Pure: time is an argument.
//!
//! Three independent token buckets (client address, account, address with account) are charged by
//! failures, and a ladder of delays climbs with each different wrong password of an account. An
//! address that goes through a list of names and passwords is refused for a day. None of it locks
//! anybody out for good, and none of it concerns open sessions.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use im_types::Timestamp;

/// Wrong passwords of an account that are remembered, so that a device that repeats an old one
/// counts once.
const FINGERPRINTS_MAX: usize = 8;
/// Pairs of name and password that an address tries within this are counted together.
const STUFFING_WINDOW: Duration = Duration::from_hours(3);
/// How long an address is refused that tried too many.
const STUFFING_REFUSAL: Duration = Duration::from_hours(24);
/// The waits, in seconds, from the first failure that costs one on.
const LADDER_S: [u64; 4] = [1, 3, 5, 10];
/// A ladder without failures for so long starts from its foot.
const LADDER_RESET: Duration = Duration::from_hours(24);

/// Size and speed of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketSize {
    /// Failures in a row before anybody waits.
    pub burst: u32,
    /// Time after which one more is allowed.
    pub refill: Duration,
}

/// What is left of a bucket. It may go below zero: attempts that were under way together are all
/// charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Microseconds' worth of failures spent, as of `at`.
    spent_us: u64,
    at: Timestamp,
}

impl Bucket {
    /// A full bucket.
    pub const fn full(now: Timestamp) -> Self {
        Self {
            spent_us: 0,
            at: now,
        }
    }

    fn spent_at(&self, now: Timestamp) -> u64 {
        self.spent_us.saturating_sub(micros(now.since(self.at)))
    }

    /// How long to wait before the next attempt; zero if none is due.
    pub fn wait(&self, size: BucketSize, now: Timestamp) -> Duration {
        let refill_us = micros(size.refill);
        let room = refill_us.saturating_mul(u64::from(size.burst.saturating_sub(1)));
        Duration::from_micros(self.spent_at(now).saturating_sub(room))
    }

    /// Charges one failure. The debt is bounded by twice the bucket, so that a wait ends.
    pub fn charge(&mut self, size: BucketSize, now: Timestamp) {
        let refill_us = micros(size.refill);
        let most = refill_us.saturating_mul(u64::from(size.burst) * 2);
        self.spent_us = self.spent_at(now).saturating_add(refill_us).min(most);
        self.at = now.max(self.at);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The keyed hash of a wrong password; says nothing without the key, which is never stored.
pub type Fingerprint = [u8; 16];

/// The delays of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    failures: u32,
    last_failure_at: Timestamp,
    recent: Vec<Fingerprint>,
}

impl Ladder {
    /// Without failures.
    pub const fn new(now: Timestamp) -> Self {
        Self {
            failures: 0,
            last_failure_at: now,
            recent: Vec::new(),
        }
    }

    /// The wait that so many failures cost, of which the first `free` cost none.
    pub fn delay(failures: u32, free: u32) -> Duration {
        let Some(step) = failures
            .checked_sub(free)
            .and_then(|over| over.checked_sub(1))
        else {
            return Duration::ZERO;
        };
        let step = usize::try_from(step)
            .unwrap_or(usize::MAX)
            .min(LADDER_S.len() - 1);
        Duration::from_secs(LADDER_S.get(step).copied().unwrap_or_default())
    }

    /// How long to wait before the next attempt.
    pub fn wait(&self, free: u32, now: Timestamp) -> Duration {
        let since = now.since(self.last_failure_at);
        if since >= LADDER_RESET {
            return Duration::ZERO;
        }
        Self::delay(self.failures, free).saturating_sub(since)
    }

    /// Notes a wrong password; `false` if it is one of the latest ones over again, which does not
    /// count.
    pub fn fail(&mut self, fingerprint: Fingerprint, now: Timestamp) -> bool {
        if now.since(self.last_failure_at) >= LADDER_RESET {
            self.failures = 0;
            self.recent.clear();
        }
        if self.recent.contains(&fingerprint) {
            return false;
        }
        if self.recent.len() == FINGERPRINTS_MAX {
            self.recent.remove(0);
        }
        self.recent.push(fingerprint);
        self.failures = self.failures.saturating_add(1);
        self.last_failure_at = now.max(self.last_failure_at);
        true
    }
}

/// The part of an address that one computer holds: all of an IPv4 address, the first 64 bits of an
/// IPv6 address.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(first_bits(address, 64)),
    }
}

/// The part of an IPv6 address that one customer of a provider may hold, its first 48 bits; there
/// is nothing above an IPv4 address.
pub fn provider_network_of(address: IpAddr) -> Option<Ipv6Addr> {
    match address.to_canonical() {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(first_bits(address, 48)),
    }
}

fn first_bits(address: Ipv6Addr, count: u32) -> Ipv6Addr {
    let mask = !u128::MAX.checked_shr(count).unwrap_or_default();
    (u128::from(address) & mask).into()
}

/// What an address has tried lately: many names with many passwords are a list that somebody
/// stole elsewhere, not a person who has forgotten one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stuffing {
    tried: Vec<Tried>,
    refused_until: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Tried {
    account: Arc<str>,
    fingerprint: Fingerprint,
    at: Timestamp,
}

impl Stuffing {
    /// Notes a wrong password; `true` if with it the address has tried `tried_max` different pairs
    /// of name and password within three hours and is refused from now on. 0 refuses nobody.
    pub fn fail(
        &mut self,
        account: &Arc<str>,
        fingerprint: Fingerprint,
        tried_max: u32,
        now: Timestamp,
    ) -> bool {
        if tried_max == 0 || !self.wait(now).is_zero() {
            return false;
        }
        self.tried
            .retain(|tried| now.since(tried.at) < STUFFING_WINDOW);
        if self
            .tried
            .iter()
            .all(|tried| tried.fingerprint != fingerprint)
        {
            self.tried.push(Tried {
                account: Arc::clone(account),
                fingerprint,
                at: now,
            });
        }
        if self.tried.len() < usize::try_from(tried_max).unwrap_or(usize::MAX) {
            return false;
        }
        self.tried.clear();
        self.refused_until = Some(now.saturating_add(STUFFING_REFUSAL));
        true
    }

    /// Notes that somebody signed in: their slips of the pen are no list.
    pub fn succeed(&mut self, account: &str) {
        self.tried.retain(|tried| &*tried.account != account);
    }

    /// How long the address is refused yet.
    pub fn wait(&self, now: Timestamp) -> Duration {
        self.refused_until
            .map_or(Duration::ZERO, |until| until.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: BucketSize = BucketSize {
        burst: 3,
        refill: Duration::from_secs(20),
    };

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_bucket_allows_its_burst_and_then_its_rate() {
        let mut bucket = Bucket::full(at(0));
        for _ in 0..3 {
            assert_eq!(bucket.wait(SIZE, at(0)), Duration::ZERO);
            bucket.charge(SIZE, at(0));
        }
        assert_eq!(bucket.wait(SIZE, at(0)), Duration::from_secs(20));
        assert_eq!(bucket.wait(SIZE, at(19)), Duration::from_secs(1));
        assert_eq!(bucket.wait(SIZE, at(20)), Duration::ZERO);
    }

    #[test]
    fn the_ladder_has_its_steps_and_forgets_after_a_day() {
        let waits: Vec<u64> = (0..9).map(|n| Ladder::delay(n, 3).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 1, 3, 5, 10, 10]);
        let mut ladder = Ladder::new(at(0));
        for n in 0..4 {
            assert!(ladder.fail([n; 16], at(0)));
        }
        assert_eq!(ladder.wait(3, at(0)), Duration::from_secs(1));
        assert!(ladder.fail([9; 16], at(86_400)));
        assert_eq!(ladder.wait(3, at(86_400)), Duration::ZERO);
    }

    #[test]
    fn the_same_wrong_password_counts_once() {
        let mut ladder = Ladder::new(at(0));
        assert!(ladder.fail([1; 16], at(0)));
        for _ in 0..50 {
            assert!(!ladder.fail([1; 16], at(1)));
        }
        assert_eq!(ladder.wait(0, at(0)), Duration::from_secs(1));
    }

    #[test]
    fn neighbours_of_an_ipv6_network_are_one_address() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn a_list_of_passwords_is_noticed_and_slips_of_the_pen_are_not() {
        let anna: Arc<str> = "anna".into();
        let mut stuffing = Stuffing::default();
        let tries = |stuffing: &mut Stuffing, n: u8, at| {
            stuffing.fail(&format!("user{n}").into(), [n; 16], 3, at)
        };
        // The same pair over and over counts once, and what is old does not count.
        for _ in 0..20 {
            assert!(!tries(&mut stuffing, 1, at(0)));
        }
        assert!(!tries(&mut stuffing, 2, at(1)));
        assert!(!tries(&mut stuffing, 3, at(3 * 3_600 + 1)));
        // Whoever gets in after all has only mistyped.
        assert!(!stuffing.fail(&anna, [9; 16], 3, at(3 * 3_600 + 2)));
        stuffing.succeed("anna");
        assert!(!tries(&mut stuffing, 4, at(3 * 3_600 + 3)));
        assert!(tries(&mut stuffing, 5, at(3 * 3_600 + 4)), "the third one");
        let refused_at = 3 * 3_600 + 4;
        assert_eq!(stuffing.wait(at(refused_at)), Duration::from_hours(24));
        assert!(!tries(&mut stuffing, 6, at(refused_at + 1)), "told once");
        assert_eq!(stuffing.wait(at(refused_at + 86_400)), Duration::ZERO);
        assert!(
            !Stuffing::default().fail(&anna, [1; 16], 0, at(0)),
            "0 is off"
        );
    }

    #[test]
    fn a_provider_gives_a_customer_many_networks() {
        let of = |text: &str| provider_network_of(text.parse().unwrap());
        assert_eq!(of("2001:db8:7:1::1"), of("2001:db8:7:ffff::1"));
        assert_ne!(of("2001:db8:7::1"), of("2001:db8:8::1"));
        assert_eq!(of("192.0.2.1"), None);
        assert_eq!(of("::ffff:192.0.2.1"), None);
    }

    proptest! {
        #[test]
        fn waits_never_grow_by_waiting(failures in 0_u32..40, free in 0_u32..5, s in 0_u64..30) {
            let mut ladder = Ladder::new(at(0));
            for n in 0..failures {
                let mut fingerprint = [0; 16];
                fingerprint[..4].copy_from_slice(&n.to_be_bytes());
                ladder.fail(fingerprint, at(0));
            }
            let now = ladder.wait(free, at(0));
            prop_assert!(now <= Duration::from_secs(10));
            prop_assert!(ladder.wait(free, at(s)) == now.saturating_sub(Duration::from_secs(s)));
        }

        #[test]
        fn more_failures_never_shorten_the_wait(n in 0_u32..100, free in 0_u32..5) {
            prop_assert!(Ladder::delay(n + 1, free) >= Ladder::delay(n, free));
        }

        #[test]
        fn a_bucket_ends_every_wait(charges in 0_u32..1000, burst in 1_u32..50) {
            let size = BucketSize { burst, refill: Duration::from_secs(2) };
            let mut bucket = Bucket::full(at(0));
            for _ in 0..charges {
                bucket.charge(size, at(0));
            }
            let wait = bucket.wait(size, at(0));
            prop_assert!(wait <= size.refill * (burst + 1));
            prop_assert_eq!(bucket.wait(size, at(0) + wait), Duration::ZERO);
        }
    }
}
