//! What gets old: unread messages, texts beyond retention, rows, long mailboxes.

use std::sync::Arc;
use std::time::Duration;

use im_types::{SiteId, Timestamp, UserId};
use tokio_util::sync::CancellationToken;

use super::{WorkerOptions, rest};
use crate::domain::{AgeKind, Command, Due, Outcome};
use crate::error::Error;
use crate::metrics::Aged;
use crate::usecase::Core;

/// Rows looked at or deleted in one step.
const ROWS_PER_STEP: usize = 200;
/// Mailboxes looked at in one round; the next one goes on with the others.
const MAILBOX_STEPS_PER_ROUND: usize = 50;
/// Entries deleted in one step.
const ENTRIES_PER_STEP: i64 = 500;
/// A pause between steps, so that people come first.
const PAUSE: Duration = Duration::from_millis(5);
/// Keys of senders live as long as their messages' rows: no row goes before this.
const KEYS_KEPT_FOR: Duration = Duration::from_hours(31 * 24);

pub(super) async fn run(core: Arc<Core>, options: WorkerOptions, stop: CancellationToken) {
    let mut next_mailbox = None;
    while rest(options.upkeep_interval, &stop).await {
        let round = async {
            messages(&core).await?;
            mailboxes(&core, options.mailbox_entries_max, &mut next_mailbox).await
        };
        let Some(outcome) = stop.run_until_cancelled(round).await else {
            return;
        };
        core.metrics().round(outcome.is_ok());
        if let Err(error) = outcome {
            tracing::warn!(%error, "upkeep is put off");
        }
    }
}

/// All that has become old, site by site: also of sites that are no more, by the global policy.
async fn messages(core: &Core) -> Result<(), Error> {
    let mut after = None;
    while let Some(site_id) = core.store().next_site(after).await? {
        of_site(core, &site_id).await?;
        after = Some(site_id);
    }
    Ok(())
}

async fn of_site(core: &Core, site_id: &SiteId) -> Result<(), Error> {
    let policy = core.directory().site_policy(site_id);
    let now = core.directory().clock().now();
    let due = |kind, length: Duration| Due {
        kind,
        site_id: site_id.clone(),
        before: now - length,
    };
    if let Some(length) = policy.unread_validity_days() {
        steps(core, due(AgeKind::Expiry, length)).await?;
    }
    if let Some(length) = policy.message_retention_days() {
        steps(core, due(AgeKind::Retention, length)).await?;
        prune(core, site_id, now - KEYS_KEPT_FOR).await?;
    }
    Ok(())
}

async fn steps(core: &Core, due: Due) -> Result<(), Error> {
    loop {
        let outcome = core.writer().run(Command::Age(due.clone())).await?;
        let Outcome::Step { has_more, removed } = outcome else {
            return Ok(());
        };
        let what = match due.kind {
            AgeKind::Expiry => Aged::Expired,
            AgeKind::Retention | AgeKind::Pruning => Aged::Retained,
        };
        core.metrics().aged(what, removed);
        if !has_more {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Deletes the rows of what retention took away. A conversation loses them from its beginning only,
/// so what stands behind an older message that is kept stays until that goes.
async fn prune(core: &Core, site_id: &SiteId, before: Timestamp) -> Result<(), Error> {
    let store = core.store();
    loop {
        let step = store.prunable(site_id, before, ROWS_PER_STEP).await?;
        for id in step.conversation_ids {
            loop {
                let deleted = store.prune_messages(id, before, ROWS_PER_STEP).await?;
                core.metrics().aged(Aged::Pruned, deleted);
                if deleted < ROWS_PER_STEP {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        let Some(mark) = step.mark else {
            return Ok(());
        };
        store.set_pruned(site_id, mark).await?;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Shortens long mailboxes among the next ones; `next` is where the next round goes on.
async fn mailboxes(core: &Core, entries_max: i64, next: &mut Option<UserId>) -> Result<(), Error> {
    let store = core.store();
    for _ in 0..MAILBOX_STEPS_PER_ROUND {
        let step = store.list_mailboxes(*next, ROWS_PER_STEP).await?;
        for (user_id, range) in &step {
            let target = range.last_seq - entries_max + 1;
            let mut first_seq = range.first_seq;
            while first_seq < target {
                let before = first_seq;
                first_seq = target.min(first_seq + ENTRIES_PER_STEP);
                store.prune_mailbox(*user_id, first_seq).await?;
                let deleted = usize::try_from(first_seq - before).unwrap_or_default();
                core.metrics().aged(Aged::Entries, deleted);
                tokio::time::sleep(PAUSE).await;
            }
        }
        *next = step.last().map(|(user_id, _)| *user_id);
        if next.is_none() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
