//! What auth does by itself, as tasks of the process.

use std::sync::Arc;
use std::time::Duration;

use im_bus::Subscription;
use im_runtime::lifecycle::Tasks;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::CHANGED;
use crate::usecase::App;
use crate::usecase::lane::SessionLaneWorker;

/// Changes of other replicas are looked for at least so often.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// Between two looks whether a signing key is due.
const KEYS_EVERY: Duration = Duration::from_mins(10);
/// Between two runs of the cleaner.
const CLEAN_EVERY: Duration = Duration::from_mins(1);

/// Starts the workers. `seen` is the number of the last change that the mirror holds.
pub(crate) fn spawn(app: &Arc<App>, lane: SessionLaneWorker, seen: i64, tasks: &Tasks) {
    // It works until the hard end: requests that are under way want it.
    tasks.spawn(
        "auth session lane",
        lane.run(tasks.shutdown_token(), tasks.hard_token()),
    );
    tasks.spawn(
        "auth follower",
        follow(Arc::clone(app), seen, tasks.shutdown_token()),
    );
    tasks.spawn("auth keys", rotate(Arc::clone(app), tasks.shutdown_token()));
    tasks.spawn(
        "auth cleaner",
        clean(Arc::clone(app), tasks.shutdown_token()),
    );
}

/// Keeps this process's mirror true, whoever changes the database.
async fn follow(app: Arc<App>, mut seen: i64, stop: CancellationToken) {
    let work = async {
        let mut bells = app.listen().await;
        loop {
            wait_for_bell(&mut bells).await;
            match app.follow_changes(seen).await {
                Ok(last) => seen = last,
                Err(error) => tracing::warn!(%error, "changes cannot be read"),
            }
        }
    };
    stop.run_until_cancelled(work).await;
}

/// Until something rings, but not longer than the poll.
async fn wait_for_bell(bells: &mut Option<Subscription>) {
    let Some(subscription) = bells else {
        tokio::time::sleep(FOLLOW_EVERY).await;
        return;
    };
    // A subscription that has ended must not turn the loop into a spin.
    if let Ok(None) = timeout(FOLLOW_EVERY, subscription.recv()).await {
        *bells = None;
    }
}

async fn rotate(app: Arc<App>, stop: CancellationToken) {
    every(KEYS_EVERY, &stop, || async {
        if let Err(error) = app.rotate_keys().await {
            tracing::warn!(%error, "signing keys cannot be rotated");
        }
    })
    .await;
}

async fn clean(app: Arc<App>, stop: CancellationToken) {
    every(CLEAN_EVERY, &stop, || async {
        if let Err(error) = app.clean_up().await {
            tracing::warn!(%error, "what has expired cannot be removed");
        }
        if let Err(error) = app.count_sessions().await {
            tracing::warn!(%error, "sessions cannot be counted");
        }
    })
    .await;
}

/// Runs `work` every `period`, the first time after one, until `stop`.
async fn every<F: Future<Output = ()>>(
    period: Duration,
    stop: &CancellationToken,
    work: impl Fn() -> F,
) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        if stop.run_until_cancelled(ticks.tick()).await.is_none() {
            return;
        }
        work().await;
    }
}

impl App {
    /// The bells of other replicas; without them the poll has to do.
    async fn listen(&self) -> Option<Subscription> {
        match self.bus.subscribe(CHANGED).await {
            Ok(subscription) => Some(subscription),
            Err(error) => {
                tracing::warn!(%error, "no bells are heard; changes are polled");
                None
            }
        }
    }
}
