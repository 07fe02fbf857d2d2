//! Presence's feed of rosters, written into mailboxes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::rest;
use crate::domain::Command;
use crate::domain::command::FeedRoster;
use crate::error::Error;
use crate::usecase::Core;

/// Pages taken in one round.
const PAGES_MAX: usize = 100;

pub(super) async fn run(
    core: Arc<Core>,
    bell: Arc<Notify>,
    interval: Duration,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            is_awake = rest(interval, &stop) => if !is_awake { return },
            () = bell.notified() => {}
        }
        for _ in 0..PAGES_MAX {
            match feed(&core).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::debug!(%error, "rosters cannot be read");
                    break;
                }
            }
        }
    }
}

/// Takes one page. Whether there may be another one.
async fn feed(core: &Core) -> Result<bool, Error> {
    let after_position = core.store().roster_position().await?;
    let page = core.presence().roster_changes(after_position).await?;
    if page.position <= after_position {
        return Ok(false);
    }
    let feed = FeedRoster {
        after_position,
        position: page.position,
        changes: page.changes,
    };
    core.writer().run(Command::FeedRoster(feed)).await?;
    Ok(true)
}
