//! Leaves a failing server alone, so that it can recover and nobody waits for it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::Class;

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
    /// Somebody finds out whether the server is back.
    is_probed: bool,
}

#[derive(Debug)]
pub(crate) struct Breaker {
    failures_max: u32,
    open_for: Duration,
    state: Mutex<State>,
}

/// The right to try once. Dropped without a word it counts as nothing, so that a caller who goes
/// away does not keep the breaker half open.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
}

impl Breaker {
    pub(crate) fn new(failures_max: u32, open_for: Duration) -> Self {
        Self {
            failures_max,
            open_for,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is any sense in waiting for a turn.
    pub(crate) fn check(&self) -> Result<(), Class> {
        let until = self.lock().open_until;
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        match left.filter(|left| !left.is_zero()) {
            Some(left) => Err(Class::BreakerOpen(left)),
            None => Ok(()),
        }
    }

    pub(crate) fn attempt(&self) -> Result<Attempt<'_>, Class> {
        let mut state = self.lock();
        let Some(until) = state.open_until else {
            return Ok(Attempt {
                breaker: self,
                is_probe: false,
            });
        };
        let left = until.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            return Err(Class::BreakerOpen(left));
        }
        if state.is_probed {
            return Err(Class::BreakerOpen(Duration::from_secs(1)));
        }
        state.is_probed = true;
        Ok(Attempt {
            breaker: self,
            is_probe: true,
        })
    }
}

impl Attempt<'_> {
    /// What came of it.
    pub(crate) fn settle<T>(self, outcome: &Result<T, Class>) {
        if outcome.as_ref().is_err_and(Class::is_failure) {
            self.failed();
        } else {
            self.succeeded();
        }
    }

    /// The server has answered.
    fn succeeded(self) {
        let mut state = self.breaker.lock();
        state.failures = 0;
        state.open_until = None;
    }

    /// The server has failed.
    fn failed(self) {
        let mut state = self.breaker.lock();
        state.failures = state.failures.saturating_add(1);
        if self.is_probe || state.failures >= self.breaker.failures_max {
            state.open_until = Some(Instant::now() + self.breaker.open_for);
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            self.breaker.lock().is_probed = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn opens_tries_once_and_closes() {
        let breaker = Breaker::new(5, Duration::from_secs(10));
        for _ in 0..5 {
            breaker.attempt().unwrap().failed();
        }
        assert!(matches!(breaker.attempt(), Err(Class::BreakerOpen(left)) if left.as_secs() == 10));
        tokio::time::advance(Duration::from_secs(10)).await;
        let probe = breaker.attempt().unwrap();
        assert!(breaker.attempt().is_err(), "one probe at a time");
        probe.failed();
        assert!(breaker.attempt().is_err(), "a failed probe opens again");
        tokio::time::advance(Duration::from_secs(10)).await;
        drop(breaker.attempt().unwrap());
        breaker.attempt().unwrap().succeeded();
        for _ in 0..4 {
            breaker.attempt().unwrap().failed();
        }
        breaker.attempt().unwrap().succeeded();
        assert_eq!(breaker.lock().failures, 0);
    }
}
