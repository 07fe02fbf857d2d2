//! The connections of a store.
//!
//! Not sqlx's pool: that one tries again by itself until its deadline, and takes a connection back
//! in the middle of a statement. Here a refusal is told at once, and a connection that did not
//! answer in time is closed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{Link, Target, Values};
use crate::Class;
use crate::config::Limits;
use crate::gate::{Gate, Pass};
use crate::sql::{Arg, Statement};

/// A connection that rested longer is not used again.
const IDLE_MAX: Duration = Duration::from_mins(1);
/// The server's own deadline comes first; ours is for a server that does not answer at all.
const GRACE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Pool {
    target: Target,
    limits: Limits,
    gate: Gate,
    idle: Mutex<Vec<(Link, Instant)>>,
}

/// A connection and the right to use it. Dropped without [`Lease::done`] it is closed.
#[derive(Debug)]
pub(crate) struct Lease<'a> {
    pool: &'a Pool,
    link: Link,
    /// It has been used before: the server may have closed it meanwhile.
    is_reused: bool,
    pass: Pass<'a>,
    deadline: Instant,
}

impl Pool {
    pub(crate) fn new(target: Target, limits: Limits) -> Self {
        Self {
            target,
            limits,
            gate: Gate::new(&limits),
            idle: Mutex::default(),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Link, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection, at the latest after waiting and connecting.
    pub(crate) async fn take(&self) -> Result<Lease<'_>, Class> {
        let deadline = Instant::now() + self.limits.total();
        let pass = self.gate.enter().await?;
        let idle = self.idle().pop();
        let idle = idle.filter(|(_, since)| since.elapsed() < IDLE_MAX);
        let is_reused = idle.is_some();
        let link = match idle {
            Some((link, _)) => link,
            None => match self.connect().await {
                Ok(link) => link,
                Err(class) => {
                    pass.settle(&Err::<(), _>(class.clone()));
                    return Err(class);
                }
            },
        };
        Ok(Lease {
            pool: self,
            link,
            is_reused,
            pass,
            deadline,
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
        self.pass.settle(outcome);
        if !has_failed {
            self.pool.idle().push((self.link, Instant::now()));
        }
    }
}
