//! What is told once a second at most: delivered pointers, news of large conversations.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::rest;
use crate::domain::Command;
use crate::error::Error;
use crate::usecase::Core;

/// Large conversations told of in one step; each means an entry for every member.
const CONVERSATIONS_PER_STEP: usize = 8;
/// Steps of one round.
const STEPS_MAX: usize = 100;

pub(super) async fn run(core: Arc<Core>, interval: Duration, stop: CancellationToken) {
    while rest(interval, &stop).await {
        for _ in 0..STEPS_MAX {
            match core.tell_deliveries().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "delivered pointers cannot be moved");
                    break;
                }
            }
        }
        if let Err(error) = advance(&core).await {
            tracing::warn!(%error, "large conversations cannot be advanced");
        }
    }
}

async fn advance(core: &Core) -> Result<(), Error> {
    for _ in 0..STEPS_MAX {
        let ids = core.store().to_advance(CONVERSATIONS_PER_STEP).await?;
        let is_last = ids.len() < CONVERSATIONS_PER_STEP;
        for result in core
            .writer()
            .run_all(ids.into_iter().map(Command::Advance).collect())
            .await?
        {
            result?;
        }
        if is_last {
            break;
        }
    }
    Ok(())
}
