//! The owner of all tasks of a process.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

use super::Readiness;

/// Spawns tasks, tells them to stop, waits for them. Clones share everything.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    background: TaskTracker,
    soft: CancellationToken,
    hard: CancellationToken,
    readiness: Readiness,
    has_failed: Arc<AtomicBool>,
    endings: Endings,
}

/// What is done when no task is left, in the order in which it was asked for.
#[derive(Clone, Default)]
struct Endings(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

impl std::fmt::Debug for Endings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Endings")
    }
}

impl Tasks {
    /// An owner without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task. It ends by itself soon after [`Self::shutdown_token`] is cancelled, or is
    /// dropped when the hard token is. A panic is logged and ends this task only.
    pub fn spawn<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let guarded = self.guarded(name, future.map(Ok));
        self.start(name, async move {
            guarded.await;
        });
    }

    /// Starts a task that serves the others (keeps a connection, reports health): nobody waits for
    /// it to end by itself; it is dropped when all others have ended.
    pub fn spawn_background<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let guarded = self.guarded(name, future.map(Ok));
        let span = tracing::debug_span!("task", task = name);
        self.background.spawn(
            async move {
                guarded.await;
            }
            .instrument(span),
        );
    }

    /// Starts a task without which the process is useless: if it fails or panics, the process
    /// shuts down and ends with an error.
    pub fn spawn_essential<F, E>(&self, name: &'static str, future: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<anyhow::Error>,
    {
        let guarded = self.guarded(name, future.map(|result| result.map_err(Into::into)));
        let tasks = self.clone();
        self.start(name, async move {
            if !guarded.await {
                tasks.has_failed.store(true, Ordering::Release);
                tasks.begin_shutdown();
            }
        });
    }

    /// Runs `future` to its end or to the hard stop; `false` after an error or a panic.
    fn guarded<F>(
        &self,
        name: &'static str,
        future: F,
    ) -> impl Future<Output = bool> + Send + use<F>
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let hard = self.hard.clone();
        // Boxed, because each wrapper around a future by value multiplies its size.
        let future = Box::pin(future);
        async move {
            let caught = AssertUnwindSafe(future).catch_unwind();
            match hard.run_until_cancelled_owned(caught).await {
                Some(Ok(Ok(()))) | None => true,
                Some(Ok(Err(error))) => {
                    tracing::error!(task = name, error = format!("{error:#}"), "task failed");
                    false
                }
                Some(Err(panic)) => {
                    let text = panic_text(panic.as_ref());
                    tracing::error!(task = name, panic = text, "task panicked");
                    false
                }
            }
        }
    }

    fn start<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let span = tracing::debug_span!("task", task = name);
        self.tracker.spawn(future.instrument(span));
    }

    /// Cancelled when the process should stop: finish what is under way, begin nothing new.
    pub fn shutdown_token(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when the time for that is over.
    pub fn hard_token(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// The readiness of the process.
    pub const fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// Not ready any more, and then: everybody stop.
    pub fn begin_shutdown(&self) {
        self.readiness.drain();
        self.soft.cancel();
    }

    /// Drops all tasks at their next await.
    pub fn stop_now(&self) {
        self.has_failed.store(true, Ordering::Release);
        self.begin_shutdown();
        self.hard.cancel();
    }

    /// Whether an essential task has failed or work was cut off.
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }

    /// Waits for all tasks, at most `limit`, and then drops the background ones; `false` if some are
    /// left. Call it after [`Self::begin_shutdown`].
    pub async fn wait(&self, limit: Duration) -> bool {
        self.tracker.close();
        self.background.close();
        let all = async {
            self.tracker.wait().await;
            self.hard.cancel();
            self.background.wait().await;
        };
        timeout(limit, all).await.is_ok()
    }

    /// How many tasks run.
    pub fn count(&self) -> usize {
        self.tracker.len() + self.background.len()
    }

    /// Has `future` awaited when no task is left: for what all tasks share, such as closing the
    /// database and the bus.
    pub fn at_end<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut endings = self
            .endings
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        endings.push(future.boxed());
    }

    /// Awaits what [`Self::at_end`] was given, for at most `limit`.
    pub async fn end(&self, limit: Duration) {
        let endings = {
            let mut endings = self
                .endings
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *endings)
        };
        let all = async {
            for ending in endings {
                ending.await;
            }
        };
        if timeout(limit, all).await.is_err() {
            tracing::warn!("closing takes too long and is left");
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic without a message")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn shutdown_is_not_ready_then_soft_then_hard() {
        let tasks = Tasks::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, soft, readiness) = (
            Arc::clone(&seen),
            tasks.shutdown_token(),
            tasks.readiness().clone(),
        );
        tasks.spawn("polite", async move {
            soft.cancelled().await;
            log.lock().unwrap().push(("soft", readiness.is_ready()));
        });
        let (log, hard) = (Arc::clone(&seen), tasks.hard_token());
        tasks.spawn("stubborn", async move {
            struct OnDrop(Arc<Mutex<Vec<(&'static str, bool)>>>, CancellationToken);
            impl Drop for OnDrop {
                fn drop(&mut self) {
                    self.0
                        .lock()
                        .unwrap()
                        .push(("dropped", self.1.is_cancelled()));
                }
            }
            let _on_drop = OnDrop(log, hard);
            std::future::pending::<()>().await;
        });
        tasks.spawn_background("helper", std::future::pending());
        assert!(tasks.readiness().is_ready());
        tasks.begin_shutdown();
        assert!(
            !tasks.wait(Duration::from_millis(50)).await,
            "the stubborn task must be left"
        );
        tasks.stop_now();
        assert!(tasks.wait(LIMIT).await);
        assert_eq!(*seen.lock().unwrap(), [("soft", false), ("dropped", true)]);
        assert_eq!(tasks.count(), 0);
    }

    #[tokio::test]
    async fn background_tasks_do_not_hold_the_stop() {
        let tasks = Tasks::new();
        tasks.spawn_background("helper", std::future::pending());
        let soft = tasks.shutdown_token();
        tasks.spawn("worker", async move { soft.cancelled().await });
        tasks.begin_shutdown();
        assert!(tasks.wait(LIMIT).await);
        assert_eq!(tasks.count(), 0);
    }

    #[tokio::test]
    async fn only_an_essential_task_takes_the_process_down() {
        let tasks = Tasks::new();
        tasks.spawn("clumsy", async { panic!("an announced panic") });
        tokio::task::yield_now().await;
        assert!(!tasks.shutdown_token().is_cancelled());
        tasks.spawn_essential("server", async {
            Err::<(), _>(anyhow::anyhow!("port taken"))
        });
        timeout(LIMIT, tasks.shutdown_token().cancelled())
            .await
            .unwrap();
        assert!(tasks.has_failed());
        assert!(tasks.wait(LIMIT).await);
    }

    #[tokio::test]
    async fn an_essential_panic_counts_as_a_failure() {
        let tasks = Tasks::new();
        tasks.spawn_essential("server", async {
            panic!("an announced panic");
            #[expect(unreachable_code, reason = "gives the block its type")]
            Ok::<(), anyhow::Error>(())
        });
        timeout(LIMIT, tasks.shutdown_token().cancelled())
            .await
            .unwrap();
        assert!(tasks.has_failed());
    }
}
