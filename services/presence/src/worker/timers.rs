//! What happens by time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::usecase::{News, Presence};

/// How often debounces and expiries are looked at.
const TIMERS_EVERY: Duration = Duration::from_millis(100);
/// How often leases are looked at.
const LEASES_EVERY: Duration = Duration::from_millis(500);
/// How often old changes are forgotten.
const RETENTION_EVERY: Duration = Duration::from_hours(1);

async fn every<F: Future<Output = Result<(), Error>>>(
    period: Duration,
    shutdown: &CancellationToken,
    what: &'static str,
    mut work: impl FnMut() -> F,
) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(error) = work().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                what,
                "will be tried again"
            );
        }
    }
}

/// Ends debounces, claims and moves that are due.
pub struct Timers {
    /// The operations.
    pub presence: Presence,
}

impl Timers {
    /// Runs until shutdown.
    pub async fn run(self, shutdown: CancellationToken) {
        every(TIMERS_EVERY, &shutdown, "timers", || async {
            self.presence.tick();
            Ok(())
        })
        .await;
    }
}

/// Ends leases that were not renewed.
pub struct Leases {
    /// The operations.
    pub presence: Presence,
}

impl Leases {
    /// Runs until shutdown.
    pub async fn run(self, shutdown: CancellationToken) {
        every(LEASES_EVERY, &shutdown, "leases", || {
            self.presence.check_leases()
        })
        .await;
    }
}

/// Compares what is known with the database, now and then and when something was missed.
pub struct Reconciler {
    /// The operations.
    pub presence: Presence,
    /// How often.
    pub every: Duration,
    /// Rung when something was missed.
    pub bell: Arc<Notify>,
}

impl Reconciler {
    /// Runs until shutdown.
    pub async fn run(self, shutdown: CancellationToken) {
        loop {
            let rung = tokio::select! {
                () = shutdown.cancelled() => return,
                rung = timeout(self.every, self.bell.notified()) => rung.is_ok(),
            };
            let result = if rung {
                self.catch_up().await
            } else {
                self.presence.reconcile().await
            };
            if let Err(error) = result {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot reconcile");
            }
        }
    }

    async fn catch_up(&self) -> Result<(), Error> {
        self.presence.rebuild().await?;
        self.presence.tell(News::RestateWanted).await;
        Ok(())
    }
}

/// Forgets old roster changes.
pub struct Retention {
    /// The operations.
    pub presence: Presence,
}

impl Retention {
    /// Runs until shutdown.
    pub async fn run(self, shutdown: CancellationToken) {
        every(RETENTION_EVERY, &shutdown, "retention", || {
            self.presence.prune()
        })
        .await;
    }
}
