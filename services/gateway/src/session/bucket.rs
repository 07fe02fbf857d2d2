//! A token bucket without a clock of its own.

use std::time::Duration;

use tokio::time::Instant;

/// Allows bursts and a rate over time.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    per_token: Duration,
    burst: u32,
    /// When the bucket was, or will be, empty.
    empty_at: Option<Instant>,
}

impl Bucket {
    /// `per_s` tokens a second, `burst` at once. A rate of 0 allows everything.
    pub(super) fn new(per_s: u32, burst: u32) -> Self {
        let per_token = Duration::from_secs(1)
            .checked_div(per_s)
            .unwrap_or_default();
        Self {
            per_token,
            burst: burst.max(1),
            empty_at: None,
        }
    }

    /// Takes a token, or says how long to wait for one.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        // Virtual scheduling: each token moves a mark forward; the mark may lead by the burst.
        let mark = self.empty_at.map_or(now, |at| at.max(now)) + self.per_token;
        let lead = mark.saturating_duration_since(now);
        let allowed = self.per_token.saturating_mul(self.burst);
        if lead > allowed {
            return Err(lead.saturating_sub(allowed));
        }
        self.empty_at = Some(mark);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_then_the_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, 3);
        for _ in 0..3 {
            assert_eq!(bucket.take(start), Ok(()));
        }
        assert_eq!(bucket.take(start), Err(Duration::from_millis(100)));
        assert_eq!(bucket.take(start + Duration::from_millis(100)), Ok(()));
        assert!(bucket.take(start + Duration::from_millis(150)).is_err());
        let later = start + Duration::from_mins(1);
        let taken = (0..10).filter(|_| bucket.take(later).is_ok()).count();
        assert_eq!(taken, 3, "a rest fills the bucket, never more");
    }

    #[test]
    fn a_rate_of_zero_allows_everything() {
        let mut bucket = Bucket::new(0, 1);
        let now = Instant::now();
        assert!((0..1000).all(|_| bucket.take(now).is_ok()));
    }
}
