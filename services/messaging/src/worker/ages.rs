//! What gets old: unread messages, texts beyond retention, rows, long mailboxes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use im_types::{SiteId, Timestamp};
use tokio_util::sync::CancellationToken;

use super::{WorkerOptions, rest};
use crate::domain::Command;
use crate::domain::command::{Age, Outcome};
use crate::error::Error;
use crate::ports::Aging;
use crate::usecase::Core;

/// Conversations looked at in one step.
const CONVERSATIONS_PER_STEP: usize = 100;
/// Rows deleted in one step.
const ROWS_PER_STEP: usize = 500;
/// Steps for one conversation in one round; what is left waits for the next round.
const STEPS_PER_CONVERSATION: usize = 50;
/// A pause between steps, so that people come first.
const PAUSE: Duration = Duration::from_millis(5);
/// Keys of senders live as long as their messages' rows: no row goes before this.
const KEYS_KEPT_FOR: Duration = Duration::from_hours(31 * 24);

pub(super) async fn run(core: Arc<Core>, options: WorkerOptions, stop: CancellationToken) {
    while rest(options.upkeep_interval, &stop).await {
        let round = async {
            conversations(&core).await?;
            mailboxes(&core, options.mailbox_entries_max).await
        };
        if let Some(Err(error)) = stop.run_until_cancelled(round).await {
            tracing::warn!(%error, "upkeep is put off");
        }
    }
}

/// Walks once through all conversations.
pub(super) async fn conversations(core: &Core) -> Result<(), Error> {
    let mut periods: HashMap<SiteId, Periods> = HashMap::new();
    let mut after = None;
    loop {
        let step = core.store().aging(after, CONVERSATIONS_PER_STEP).await?;
        let Some(last) = step.last() else {
            return Ok(());
        };
        after = Some(last.conversation_id);
        for aging in step {
            let periods = periods
                .entry(aging.site_id.clone())
                .or_insert_with(|| Periods::of(core, &aging.site_id));
            conversation(core, &aging, *periods).await?;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What policy says of age on a site.
#[derive(Clone, Copy)]
struct Periods {
    unread_before: Option<Timestamp>,
    kept_from: Option<Timestamp>,
    rows_before: Timestamp,
}

impl Periods {
    fn of(core: &Core, site_id: &SiteId) -> Self {
        let policy = core.directory().site_policy(site_id);
        let now = core.directory().clock().now();
        Self {
            unread_before: policy.unread_validity_days().map(|length| now - length),
            kept_from: policy.message_retention_days().map(|length| now - length),
            rows_before: now - KEYS_KEPT_FOR,
        }
    }
}

async fn conversation(core: &Core, aging: &Aging, periods: Periods) -> Result<(), Error> {
    let conversation_id = aging.conversation_id;
    if let Some(before) = periods.unread_before.filter(|_| aging.is_unexamined) {
        steps(core, || {
            Command::ExpireUnread(Age {
                conversation_id,
                before,
            })
        })
        .await?;
    }
    if let Some(before) = periods.kept_from {
        if aging.is_unretained {
            steps(core, || {
                Command::Retain(Age {
                    conversation_id,
                    before,
                })
            })
            .await?;
        }
        if aging.is_prunable {
            let pruned =
                core.store()
                    .prune_messages(conversation_id, periods.rows_before, ROWS_PER_STEP);
            pruned.await?;
        }
    }
    Ok(())
}

async fn steps(core: &Core, command: impl Fn() -> Command) -> Result<(), Error> {
    for _ in 0..STEPS_PER_CONVERSATION {
        if core.writer().run(command()).await? != (Outcome::Step { has_more: true }) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Walks once through all mailboxes.
pub(super) async fn mailboxes(core: &Core, entries_max: i64) -> Result<(), Error> {
    let mut after = None;
    loop {
        let limit = i64::try_from(ROWS_PER_STEP).unwrap_or(i64::MAX);
        after = core
            .store()
            .prune_mailboxes(after, entries_max, limit)
            .await?;
        if after.is_none() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}
