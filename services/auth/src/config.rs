//! The section `[auth]`.

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::throttle::BucketSize;

im_runtime::settings! {
    /// Accounts, sessions and policy.
    pub struct AuthSettings("auth") {
        /// Life of an access token, in seconds.
        access_token_s: u32 = 600 => 30..=3_600,
        /// Days for which a signing key signs; it is replaced in time, and known for a day before
        /// and after.
        signing_key_rotation_days: u32 = 30 => 1..=365,
        /// Argon2id: memory of one password computation, in KiB.
        password_memory_kib: u32 = 19_456 => 8..=1_048_576,
        /// Argon2id: passes over the memory.
        password_passes: u32 = 2 => 1..=20,
        /// Argon2id: lanes.
        password_lanes: u32 = 1 => 1..=16,
        /// Password computations at a time; 0 means one for each core.
        password_threads: u32 = 0 => 0..=256,
        /// Sign-ins that wait for their password computation; more are told to come back.
        password_queue_max: u32 = 256 => 1..=10_000,
        /// Different wrong passwords of an account that cost no wait.
        throttle_free_failures: u32 = 3 => 0..=100,
        /// Failed sign-ins in a row from one address (IPv6: /64) before it has to wait.
        throttle_address_burst: u32 = 60 => 1..=100_000,
        /// Milliseconds after which such an address has one more.
        throttle_address_refill_ms: u64 = 2_000 => 1..=3_600_000,
        /// Failed sign-ins in a row of one account from anywhere before it has to wait.
        throttle_account_burst: u32 = 60 => 1..=100_000,
        /// Milliseconds after which such an account has one more.
        throttle_account_refill_ms: u64 = 2_000 => 1..=3_600_000,
        /// Failed sign-ins in a row of one account from one address before it has to wait.
        throttle_pair_burst: u32 = 20 => 1..=100_000,
        /// Milliseconds after which it has one more.
        throttle_pair_refill_ms: u64 = 10_000 => 1..=3_600_000,
        /// Different pairs of name and wrong password that an address (IPv6: /64) may try within
        /// three hours; then it is refused for a day. Those of an account that gets in after all
        /// do not count. 0, the default, refuses nobody: where an office or a proxy is one address,
        /// one person could keep out all. 15 is right where each person has an address.
        stuffing_pairs_max: u32 = 0 => 0..=1_000,
        /// Accounts made in a row from one address before it has to wait.
        registration_burst: u32 = 100 => 1..=100_000,
        /// Milliseconds after which it may make one more.
        registration_refill_ms: u64 = 10_000 => 1..=3_600_000,
        /// Directory with secrets of identity stores, one file each, which their configuration may
        /// name as `file:NAME`; without it none may.
        store_secrets_dir: Option<PathBuf> = None,
    }
}

/// Sizes of the buckets that slow sign-ins down.
#[derive(Debug, Clone, Copy)]
pub struct ThrottleSizes {
    /// Failures that cost no wait on the ladder.
    pub free_failures: u32,
    /// One client address.
    pub address: BucketSize,
    /// All of an IPv6 /48: four times as much as one address, four times as fast.
    pub provider: BucketSize,
    /// One account.
    pub account: BucketSize,
    /// One account from one address.
    pub pair: BucketSize,
    /// Accounts made from one address.
    pub registration: BucketSize,
    /// Different pairs of name and password from one address; 0 for any number.
    pub stuffing_pairs_max: u32,
}

impl AuthSettings {
    /// Sizes of the buckets.
    pub const fn throttle(&self) -> ThrottleSizes {
        const fn size(burst: u32, refill_ms: u64) -> BucketSize {
            BucketSize {
                burst,
                refill: Duration::from_millis(refill_ms),
            }
        }
        ThrottleSizes {
            free_failures: self.throttle_free_failures,
            address: size(self.throttle_address_burst, self.throttle_address_refill_ms),
            provider: size(
                self.throttle_address_burst.saturating_mul(4),
                self.throttle_address_refill_ms.div_ceil(4),
            ),
            account: size(self.throttle_account_burst, self.throttle_account_refill_ms),
            pair: size(self.throttle_pair_burst, self.throttle_pair_refill_ms),
            registration: size(self.registration_burst, self.registration_refill_ms),
            stuffing_pairs_max: self.stuffing_pairs_max,
        }
    }
}
