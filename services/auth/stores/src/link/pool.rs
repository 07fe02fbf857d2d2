//! Few connections, a short queue before them, a breaker around them.
//!
//! Not sqlx's pool: that one tries again by itself until its deadline, and takes a connection back
//! in the middle of a statement. Here a refusal is told at once, and a connection that did not
//! answer in time is closed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use super::{Link, Target, Values};
use crate::Class;
use crate::breaker::{Attempt, Breaker};
use crate::config::Limits;
use crate::sql::{Arg, Statement};

/// A connection that rested longer is not used again.
const IDLE_MAX: Duration = Duration::from_mins(1);
/// The server's own deadline comes first; ours is for a server that does not answer at all.
const GRACE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Pool {
    target: Target,
    limits: Limits,
    permits: Semaphore,
    waiting: AtomicUsize,
    idle: Mutex<Vec<(Link, Instant)>>,
    breaker: Breaker,
}

/// A connection and the right to use it. Dropped without [`Lease::done`] it is closed.
#[derive(Debug)]
pub(crate) struct Lease<'a> {
    pool: &'a Pool,
    link: Link,
    /// It has been used before: the server may have closed it meanwhile.
    is_reused: bool,
    attempt: Attempt<'a>,
    deadline: Instant,
    _permit: SemaphorePermit<'a>,
}

/// Somebody who waits; counted until dropped.
struct Waiter<'a>(&'a AtomicUsize);

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    pub(crate) fn new(target: Target, limits: Limits) -> Self {
        Self {
            target,
            limits,
            permits: Semaphore::new(limits.connections_max),
            waiting: AtomicUsize::new(0),
            idle: Mutex::default(),
            breaker: Breaker::new(limits.failures_max, limits.open_for),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Link, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn permit(&self) -> Result<SemaphorePermit<'_>, Class> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let waiter = Waiter(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.limits.waiting_max {
            return Err(Class::Busy);
        }
        let permit = timeout(self.limits.connect_timeout, self.permits.acquire()).await;
        drop(waiter);
        permit.ok().and_then(Result::ok).ok_or(Class::Busy)
    }

    /// A connection, at the latest after waiting and connecting.
    pub(crate) async fn take(&self) -> Result<Lease<'_>, Class> {
        let deadline = Instant::now() + self.limits.total();
        // Before the queue, so that nobody waits for a store that is left alone …
        self.breaker.check()?;
        let permit = self.permit().await?;
        // … and behind it, where the failures of those before are known.
        let attempt = self.breaker.attempt()?;
        let idle = self.idle().pop();
        let idle = idle.filter(|(_, since)| since.elapsed() < IDLE_MAX);
        let is_reused = idle.is_some();
        let link = match idle {
            Some((link, _)) => link,
            None => match self.connect().await {
                Ok(link) => link,
                Err(class) => {
                    attempt.settle(&Err::<(), _>(class.clone()));
                    return Err(class);
                }
            },
        };
        Ok(Lease {
            pool: self,
            link,
            is_reused,
            attempt,
            deadline,
            _permit: permit,
        })
    }

    async fn connect(&self) -> Result<Link, Class> {
        let connect = Link::connect(&self.target, self.limits.statement_timeout);
        let connected = timeout(self.limits.connect_timeout, connect).await;
        connected.unwrap_or(Err(Class::TimedOut))
    }
}

impl Lease<'_> {
    /// The time that is left for one more statement.
    fn patience(&self) -> Duration {
        let left = self.deadline.saturating_duration_since(Instant::now());
        left.min(self.pool.limits.statement_timeout + GRACE)
    }

    pub(crate) async fn run(&mut self, sql: &str, args: &[Arg]) -> Result<Vec<Values>, Class> {
        let patience = self.patience();
        let rows = timeout(patience, self.link.rows(sql, args)).await;
        rows.unwrap_or(Err(Class::TimedOut))
    }

    pub(crate) async fn explain(
        &mut self,
        statement: &Statement,
        args: &[Arg],
    ) -> Result<Vec<String>, Class> {
        let patience = self.patience();
        let lines = timeout(patience, self.link.explain(&statement.sql, args)).await;
        lines.unwrap_or(Err(Class::TimedOut))
    }

    /// Any other question to the server, in the same time.
    pub(crate) async fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&mut Link) -> Result<T, Class>,
    ) -> Result<T, Class> {
        let patience = self.patience();
        let answer = timeout(patience, question(&mut self.link)).await;
        answer.unwrap_or(Err(Class::TimedOut))
    }

    /// Whether the connection was closed while it rested: then the same may be asked again.
    pub(crate) fn is_stale<T>(&self, outcome: &Result<T, Class>) -> bool {
        self.is_reused && matches!(outcome, Err(Class::Lost))
    }

    /// Gives the connection back, unless it failed.
    pub(crate) fn done<T>(self, outcome: &Result<T, Class>) {
        let has_failed = outcome.as_ref().is_err_and(Class::is_failure);
        if self.is_stale(outcome) {
            // What rested as long is as stale; that is not a failure of the server.
            self.pool.idle().clear();
            return;
        }
        self.attempt.settle(outcome);
        if !has_failed {
            self.pool.idle().push((self.link, Instant::now()));
        }
    }
}
