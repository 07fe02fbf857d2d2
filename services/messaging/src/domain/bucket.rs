//! How many messages a person may send in a minute.

use std::collections::HashMap;

use im_types::{Timestamp, UserId};

const MINUTE_US: i64 = 60_000_000;

/// Token buckets by person, as deep as a minute's worth: after a pause that many may come at
/// once. Only people whose bucket is not full take memory.
#[derive(Debug, Default)]
pub struct Buckets {
    /// When the bucket will be full again.
    full_at: HashMap<UserId, i64>,
}

impl Buckets {
    /// Takes one token. `Err` tells after how many microseconds there will be one.
    pub fn take(&mut self, user_id: UserId, per_minute: u64, now: Timestamp) -> Result<(), i64> {
        let now = now.as_micros();
        let per_minute = i64::try_from(per_minute.max(1)).unwrap_or(i64::MAX);
        let one = MINUTE_US / per_minute;
        let full_at = self.full_at.get(&user_id).copied().unwrap_or(now).max(now);
        let next = full_at + one;
        if next > now + MINUTE_US {
            return Err(next - now - MINUTE_US);
        }
        self.full_at.insert(user_id, next);
        Ok(())
    }

    /// Forgets those whose bucket is full.
    pub fn sweep(&mut self, now: Timestamp) {
        self.full_at.retain(|_, full_at| *full_at > now.as_micros());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_one_by_one() {
        let mut buckets = Buckets::default();
        let user = UserId::from_uuid(uuid::Uuid::from_u128(1));
        let at = |ms: i64| Timestamp::from_millis(1_000_000 + ms);
        assert!((0..60).all(|_| buckets.take(user, 60, at(0)).is_ok()));
        assert_eq!(buckets.take(user, 60, at(0)), Err(1_000_000));
        assert_eq!(buckets.take(user, 60, at(1_000)), Ok(()));
        assert!(buckets.take(user, 60, at(1_000)).is_err());
        let other = UserId::from_uuid(uuid::Uuid::from_u128(2));
        assert_eq!(buckets.take(other, 1, at(1_000)), Ok(()));
        buckets.sweep(at(120_000));
        assert!(buckets.full_at.is_empty());
    }
}
