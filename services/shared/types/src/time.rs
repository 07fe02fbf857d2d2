//! Points in time and the clock that tells them.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// A point in time: microseconds since 1970-01-01 00:00:00 UTC, the unit of all `*_at_us` columns.
/// Arithmetic stops at the ends of the range instead of wrapping.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01 00:00:00 UTC.
    pub const EPOCH: Self = Self(0);
    /// The latest point that can be said; useful for "never".
    pub const MAX: Self = Self(i64::MAX);

    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since 1970, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// Seconds and nanoseconds (0 to 999 999 999) as `google.protobuf.Timestamp` wants them.
    pub fn to_seconds_nanos(self) -> (i64, i32) {
        let micros = self.0.rem_euclid(MICROS_PER_SECOND);
        (
            self.as_secs(),
            i32::try_from(micros * 1_000).unwrap_or_default(),
        )
    }

    /// From seconds and nanoseconds of `google.protobuf.Timestamp`, cut to microseconds. `None` if
    /// the nanoseconds are not in 0 to 999 999 999 or the time cannot be held.
    pub fn from_seconds_nanos(seconds: i64, nanos: i32) -> Option<Self> {
        if !(0..1_000_000_000).contains(&nanos) {
            return None;
        }
        let micros = seconds.checked_mul(MICROS_PER_SECOND)?;
        micros.checked_add(i64::from(nanos / 1_000)).map(Self)
    }

    /// Later by `duration`, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(duration)))
    }

    /// Earlier by `duration`.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros_of(duration)))
    }

    /// The time from `earlier` to this; zero if `earlier` is in fact later.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or_default())
    }
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        self.saturating_sub(duration)
    }
}

/// RFC 3339 in UTC with six decimals.
impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.as_secs();
        let (year, month, day) = civil_date(seconds.div_euclid(86_400));
        let second_of_day = seconds.rem_euclid(86_400);
        let (hour, minute) = (second_of_day / 3_600, second_of_day / 60 % 60);
        let (second, micros) = (second_of_day % 60, self.0.rem_euclid(MICROS_PER_SECOND));
        write!(
            out,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Gregorian year, month, day of a day counted from 1970-01-01. Years are counted from March, so
/// that the leap day is the last of its year and months have a regular length.
fn civil_date(days_since_1970: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097; // 400 years
    const DAYS_TO_1970: i64 = 719_468; // from 0000-03-01
    let days = days_since_1970 + DAYS_TO_1970;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Tells the time of day. Cheap to clone; clones of a mock clock share its time.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Mock(Arc<AtomicI64>),
}

impl Clock {
    /// The computer's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is told otherwise.
    pub fn mock(start: Timestamp) -> Self {
        Self(Source::Mock(Arc::new(AtomicI64::new(start.0))))
    }

    /// The time now. It may go backwards when an administrator or NTP corrects the computer's
    /// clock; measure waits with the runtime's monotonic clock instead.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => system_now(),
            Source::Mock(micros) => Timestamp(micros.load(Ordering::SeqCst)),
        }
    }

    /// Moves a mock clock forward. The system clock takes no orders: nothing happens.
    pub fn advance(&self, by: Duration) {
        if let Source::Mock(micros) = &self.0 {
            micros.fetch_add(micros_of(by), Ordering::SeqCst);
        }
    }

    /// Sets a mock clock, backwards too. The system clock takes no orders: nothing happens.
    pub fn set(&self, to: Timestamp) {
        if let Source::Mock(micros) = &self.0 {
            micros.store(to.0, Ordering::SeqCst);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the time of day is read"
)]
fn system_now() -> Timestamp {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => Timestamp(micros_of(since)),
        // A computer whose clock is before 1970 still gets an ordered answer.
        Err(before) => Timestamp(micros_of(before.duration()).saturating_neg()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn protobuf_form_round_trips(micros: i64) {
            let at = Timestamp::from_micros(micros);
            let (seconds, nanos) = at.to_seconds_nanos();
            prop_assert!((0..1_000_000_000).contains(&nanos));
            // The lowest second of the range has no full second below it.
            if seconds > i64::MIN / 1_000_000 {
                prop_assert_eq!(Timestamp::from_seconds_nanos(seconds, nanos), Some(at));
            }
        }
    }

    #[test]
    fn printed_as_rfc_3339() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_709_251_199_123_456, "2024-02-29T23:59:59.123456Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
        ] {
            assert_eq!(Timestamp::from_micros(micros).to_string(), text);
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(Timestamp::MAX + Duration::from_secs(1), Timestamp::MAX);
        assert_eq!(Timestamp(i64::MIN) - Duration::MAX, Timestamp(i64::MIN));
        assert_eq!(Timestamp(5).since(Timestamp(7)), Duration::ZERO);
        assert_eq!(Timestamp(7).since(Timestamp(5)), Duration::from_micros(2));
        assert_eq!(Timestamp::from_seconds_nanos(0, 1_000_000_000), None);
        assert_eq!(Timestamp::from_seconds_nanos(i64::MAX, 0), None);
    }

    #[test]
    fn clones_of_a_mock_clock_share_its_time() {
        let clock = Clock::mock(Timestamp::from_millis(10));
        let other = clock.clone();
        clock.advance(Duration::from_millis(5));
        assert_eq!(other.now().as_millis(), 15);
        other.set(Timestamp::EPOCH);
        assert_eq!(clock.now(), Timestamp::EPOCH);
    }

    #[test]
    fn system_clock_is_in_this_century() {
        let now = Clock::system().now().to_string();
        assert!(now.starts_with("20"), "{now}");
    }
}
