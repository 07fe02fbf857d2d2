//! Writes down, behind the calls, what people chose and when they were seen. Nobody waits for it;
//! what changes often is written once.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::usecase::Presence;

/// See the module.
pub struct Flusher {
    /// The operations.
    pub presence: Presence,
    /// How often.
    pub every: Duration,
}

impl Flusher {
    /// Runs until shutdown, and once more then.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut ticks = interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_last = tokio::select! {
                _ = ticks.tick() => false,
                () = shutdown.cancelled() => true,
            };
            if let Err(error) = self.presence.flush().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "presence is not written down yet"
                );
            }
            if is_last {
                return;
            }
        }
    }
}
