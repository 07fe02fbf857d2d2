//! The way to a foreign server: few at a time, a short queue before it, a breaker around it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::Class;
use crate::breaker::{Attempt, Breaker};
use crate::config::Limits;

#[derive(Debug)]
pub(crate) struct Gate {
    permits: Semaphore,
    waiting: AtomicUsize,
    waiting_max: usize,
    wait: Duration,
    breaker: Breaker,
}

/// The right to ask the server once.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    attempt: Attempt<'a>,
    _permit: SemaphorePermit<'a>,
}

/// Somebody who waits; counted until dropped.
struct Waiter<'a>(&'a AtomicUsize);

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            permits: Semaphore::new(limits.connections_max),
            waiting: AtomicUsize::new(0),
            waiting_max: limits.waiting_max,
            wait: limits.connect_timeout,
            breaker: Breaker::new(limits.failures_max, limits.open_for),
        }
    }

    pub(crate) async fn enter(&self) -> Result<Pass<'_>, Class> {
        // Before the queue, so that nobody waits for a store that is left alone …
        self.breaker.check()?;
        let permit = self.permit().await?;
        // … and behind it, where the failures of those before are known.
        let attempt = self.breaker.attempt()?;
        Ok(Pass {
            attempt,
            _permit: permit,
        })
    }

    /// How many more may enter now.
    pub(crate) fn free(&self) -> usize {
        self.permits.available_permits()
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>, Class> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let waiter = Waiter(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.waiting_max {
            return Err(Class::Busy);
        }
        let permit = timeout(self.wait, self.permits.acquire()).await;
        drop(waiter);
        permit.ok().and_then(Result::ok).ok_or(Class::Busy)
    }
}

impl Pass<'_> {
    /// What came of it. Dropped without a word it counts as nothing.
    pub(crate) fn settle<T>(self, outcome: &Result<T, Class>) {
        self.attempt.settle(outcome);
    }
}
