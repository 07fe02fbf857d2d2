//! From the first await to the exit code.

use std::{future::Future, process::ExitCode, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Tasks;

/// Time for dropped tasks to be gone.
const HARD_STOP_LIMIT: Duration = Duration::from_secs(2);

/// Starts a program and stays until it has stopped.
///
/// `start` opens what is needed, spawns the servers and returns. Then SIGTERM or SIGINT begins the
/// shutdown, a second one stops at once, and after `shutdown_limit` whatever is left is dropped.
/// The exit code is a failure if `start` or an essential task failed or work was cut off.
pub async fn run<F, Fut>(tasks: Tasks, shutdown_limit: Duration, start: F) -> ExitCode
where
    F: FnOnce(Tasks) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    let (Ok(terminate), Ok(interrupt)) = signals else {
        tracing::error!("signal handlers cannot be installed");
        return ExitCode::FAILURE;
    };
    // Not one of the tasks: it has to outlive them to hear the second signal.
    let mut watch = std::pin::pin!(watch_signals(tasks.clone(), terminate, interrupt));
    let work = async {
        let soft = tasks.shutdown_token();
        // A signal during the start ends the start.
        let has_started = match soft.run_until_cancelled(start(tasks.clone())).await {
            Some(Err(error)) => {
                tracing::error!(error = format!("{error:#}"), "start failed");
                tasks.begin_shutdown();
                false
            }
            Some(Ok(())) | None => true,
        };
        soft.cancelled().await;
        let is_drained = drain(&tasks, shutdown_limit).await;
        has_started && is_drained && !tasks.has_failed()
    };
    let is_clean = tokio::select! {
        is_clean = work => is_clean,
        () = &mut watch => false,
    };
    if is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Waits for the tasks to end by themselves, then drops the rest; `false` if there was a rest.
async fn drain(tasks: &Tasks, limit: Duration) -> bool {
    // After a second signal the tasks are dropped, so that this ends early.
    let is_drained = tasks.wait(limit).await;
    if !is_drained {
        tracing::warn!(tasks = tasks.count(), "stopping with work under way");
        tasks.stop_now();
        tasks.wait(HARD_STOP_LIMIT).await;
    }
    tasks.end(HARD_STOP_LIMIT).await;
    is_drained
}

/// First signal: soft. Second: hard, and it returns when the dropped tasks had time to go.
async fn watch_signals(tasks: Tasks, mut terminate: Signal, mut interrupt: Signal) {
    for round in 0_u8.. {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if round == 0 && !tasks.shutdown_token().is_cancelled() {
            tracing::info!("shutting down");
            tasks.begin_shutdown();
        } else {
            tracing::warn!("second signal: stopping at once");
            tasks.stop_now();
            tasks.wait(HARD_STOP_LIMIT).await;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    // ExitCode has no PartialEq.
    fn is_success(code: ExitCode) -> bool {
        format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS)
    }

    #[tokio::test]
    async fn a_drained_process_succeeds() {
        let code = run(Tasks::new(), LIMIT, |tasks| async move {
            let soft = tasks.shutdown_token();
            tasks.spawn("worker", async move { soft.cancelled().await });
            tasks.begin_shutdown();
            Ok(())
        })
        .await;
        assert!(is_success(code));
    }

    #[tokio::test]
    async fn a_failed_start_stops_what_was_started() {
        let tasks = Tasks::new();
        let code = run(tasks.clone(), LIMIT, |tasks| async move {
            let soft = tasks.shutdown_token();
            tasks.spawn("worker", async move { soft.cancelled().await });
            anyhow::bail!("no database")
        })
        .await;
        assert!(!is_success(code));
        assert_eq!(tasks.count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_ends_what_does_not_stop() {
        let tasks = Tasks::new();
        let started = tokio::time::Instant::now();
        let code = run(tasks.clone(), Duration::from_secs(30), |tasks| async move {
            tasks.spawn("stubborn", std::future::pending());
            tasks.begin_shutdown();
            Ok(())
        })
        .await;
        assert!(!is_success(code));
        assert_eq!(tasks.count(), 0);
        assert_eq!(started.elapsed().as_secs(), 30);
    }
}
