//! Waiting longer after each failure, and not in step with others.

use std::time::Duration;

use im_types::Ids;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// The waits between attempts.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { next: FIRST }
    }

    /// After a success.
    pub(super) const fn reset(&mut self) {
        self.next = FIRST;
    }

    /// How long to wait now: between half of the present step and all of it.
    pub(super) fn step(&mut self, ids: &Ids) -> Duration {
        let wait = spread(ids, self.next / 2, self.next);
        self.next = (self.next * 2).min(LONGEST);
        wait
    }
}

/// A random time between two bounds.
pub(super) fn spread(ids: &Ids, from: Duration, to: Duration) -> Duration {
    let [high, low] = ids.random_bytes::<2>();
    let share = f64::from(u16::from_be_bytes([high, low])) / f64::from(u16::MAX);
    from + to.saturating_sub(from).mul_f64(share)
}

#[cfg(test)]
mod tests {
    use im_types::Clock;

    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_begin_anew() {
        let ids = Ids::seeded(Clock::system(), 1);
        let mut backoff = Backoff::new();
        assert!(backoff.step(&ids) <= FIRST);
        let longest = (0..20).map(|_| backoff.step(&ids)).max().unwrap();
        assert!(
            longest > Duration::from_secs(2) && longest <= LONGEST,
            "{longest:?}"
        );
        backoff.reset();
        assert!(backoff.step(&ids) <= FIRST);
    }
}
