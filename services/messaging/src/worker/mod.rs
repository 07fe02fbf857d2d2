//! What runs by itself. Each worker does its work in bounded steps and ends on shutdown; every
//! replica runs all of them, and the database decides who was first.

mod ages;
mod bells;
mod coalesce;
mod roster;

use std::sync::Arc;
use std::time::Duration;

use im_bus::{BusError, EventBus};
use im_runtime::lifecycle::Tasks;
use tokio::sync::Notify;

use crate::usecase::Core;

/// How often the workers work without a bell.
#[derive(Debug, Clone, Copy)]
pub struct WorkerOptions {
    /// Mailboxes.
    pub poll_interval: Duration,
    /// Delivered pointers and news of large conversations.
    pub coalesce_interval: Duration,
    /// Rosters.
    pub roster_interval: Duration,
    /// Age.
    pub upkeep_interval: Duration,
    /// Entries that a mailbox keeps.
    pub mailbox_entries_max: i64,
}

/// Starts them as tasks of `tasks`.
pub async fn start(
    core: &Arc<Core>,
    bus: &EventBus,
    options: WorkerOptions,
    tasks: &Tasks,
) -> Result<(), BusError> {
    let roster_bell = Arc::new(Notify::new());
    let poll_bell = Arc::new(Notify::new());
    let stop = || tasks.shutdown_token();
    let listener = bells::Listener {
        core: Arc::clone(core),
        roster_bell: Arc::clone(&roster_bell),
        poll_bell: Arc::clone(&poll_bell),
    };
    let (mailbox, roster) = (
        bus.subscribe(crate::usecase::MAILBOX.subject()).await?,
        bus.subscribe(bells::ROSTER.subject()).await?,
    );
    tasks.spawn("messaging.bells", listener.run(mailbox, roster, stop()));
    let poll = bells::poll(Arc::clone(core), poll_bell, options.poll_interval, stop());
    tasks.spawn("messaging.poll", poll);
    let coalesce = coalesce::run(Arc::clone(core), options.coalesce_interval, stop());
    tasks.spawn("messaging.coalesce", coalesce);
    let roster = roster::run(
        Arc::clone(core),
        roster_bell,
        options.roster_interval,
        stop(),
    );
    tasks.spawn("messaging.roster", roster);
    let ages = ages::run(Arc::clone(core), options, stop());
    tasks.spawn("messaging.ages", ages);
    Ok(())
}

/// Sleeps, or ends at once when the process stops: then `false`.
async fn rest(length: Duration, stop: &tokio_util::sync::CancellationToken) -> bool {
    stop.run_until_cancelled(tokio::time::sleep(length))
        .await
        .is_some()
}
