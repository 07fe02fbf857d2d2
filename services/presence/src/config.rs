//! Settings of the service.

use std::time::Duration;

use crate::domain::board::BoardTimes;

im_runtime::settings! {
    /// Rosters and presence.
    pub struct PresenceSettings("presence") {
        /// How often a gateway node renews its lease, in milliseconds.
        beat_interval_ms: u32 = 5_000 => 100..=60_000,
        /// Life of a lease that is not renewed, in milliseconds; at least three beats.
        lease_ms: u32 = 15_000 => 300..=600_000,
        /// From the end of the last connection to being offline, in milliseconds. Half a second
        /// under the published twelve, because timers are looked at ten times a second.
        offline_debounce_ms: u64 = 11_500 => 0..=600_000,
        /// How long people whose gateway node drains keep presence and place, in milliseconds.
        moving_kept_ms: u64 = 45_000 => 0..=600_000,
        /// How often what is known is compared with the database, in milliseconds.
        reconcile_interval_ms: u64 = 30_000 => 1_000..=600_000,
        /// Longest time until a chosen state is on disk, in milliseconds.
        flush_interval_ms: u64 = 500 => 10..=1_000,
        /// Batches of connections that may wait to be let in.
        admission_queue_max: u32 = 4_096 => 16..=1_000_000,
        /// How long the feed of roster changes is kept, in days.
        roster_changes_kept_days: u32 = 30 => 1..=3_650,
    }
    check(|settings: &PresenceSettings, faults: &mut im_runtime::config::Faults| {
        if settings.lease_ms < settings.beat_interval_ms.saturating_mul(3) {
            faults.add("lease_ms", settings.lease_ms, "at least three times beat_interval_ms");
        }
    })
}

impl PresenceSettings {
    /// Life of a lease.
    pub fn lease(&self) -> Duration {
        Duration::from_millis(u64::from(self.lease_ms))
    }

    /// How long moving people are kept.
    pub const fn moving_kept(&self) -> Duration {
        Duration::from_millis(self.moving_kept_ms)
    }

    /// The times of the board.
    pub const fn board_times(&self) -> BoardTimes {
        BoardTimes {
            offline_debounce: Duration::from_millis(self.offline_debounce_ms),
            moving_kept: self.moving_kept(),
        }
    }

    /// How long the feed is kept.
    pub fn roster_changes_kept(&self) -> Duration {
        Duration::from_secs(u64::from(self.roster_changes_kept_days) * 86_400)
    }
}
