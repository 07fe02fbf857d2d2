//! What people who are connected are told of changes that concern them: their options, their
//! permissions, maintenance.
//!
//! Clients ask for these once their stream stands; here the node remembers what they were answered
//! then, compares it after each change that auth tells of, and says so where it differs.

use std::{collections::HashSet, sync::Arc, time::Duration};

use im_directory::{Directory, DirectoryChange, DirectoryError, UserFacts};
use im_policy::{Effective, PermissionSet};
use im_proto::gateway::Notice;
use im_types::{SiteId, UserId};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Node, Slot};
use crate::session::Input;

/// Changes that come within this time are told together.
const SETTLING: Duration = Duration::from_millis(250);
/// Time until a comparison is tried again that auth was needed for and not there.
const RETRY: Duration = Duration::from_secs(5);
/// Streams that are told at once, and the rest between: each of their clients asks a question.
const STREAMS_PER_STEP: usize = 500;
const STEP: Duration = Duration::from_millis(50);

/// What counts for the person behind a stream.
#[derive(Debug)]
pub(super) struct Rules {
    policy: Arc<Effective>,
    permissions: PermissionSet,
}

impl Rules {
    fn of(directory: &Directory, site_id: &SiteId, facts: &UserFacts) -> Self {
        Self {
            policy: directory.policy(site_id, facts),
            permissions: directory.permissions(facts),
        }
    }

    /// Whether people may see a difference.
    fn differs(&self, before: &Self) -> bool {
        let is_same = |policy: &Effective| {
            let mut values = self.policy.iter();
            values.all(|(key, value, _)| !key.definition().is_public || value == policy.get(key))
        };
        self.permissions != before.permissions
            || !(Arc::ptr_eq(&self.policy, &before.policy) || is_same(&before.policy))
    }

    /// What a client that knew `before` is to be told.
    fn news(&self, before: Option<&Self>) -> Vec<Notice> {
        let mut notices = Vec::new();
        let was_maintenance = before.is_some_and(|before| before.policy.maintenance());
        if self.policy.maintenance() && !was_maintenance {
            notices.push(notice(
                "MAINTENANCE",
                "maintenance has begun: only administrators can sign in or stay signed in",
            ));
        }
        if before.is_none_or(|before| self.differs(before)) {
            notices.push(notice(
                "POLICY_CHANGED",
                "options or permissions have changed",
            ));
        }
        notices
    }
}

fn notice(reason: &str, message: &str) -> Notice {
    Notice {
        reason: reason.to_owned(),
        message: message.to_owned(),
    }
}

/// Whom changes concern.
#[derive(Debug, Default)]
struct Concerned {
    everybody: bool,
    users: HashSet<UserId>,
}

impl Concerned {
    fn add(&mut self, change: DirectoryChange) {
        match change {
            DirectoryChange::Everything | DirectoryChange::Snapshot => self.everybody = true,
            DirectoryChange::User(user_id) => {
                self.users.insert(user_id);
            }
            // Groups give no rules, and ended sessions are told of elsewhere.
            DirectoryChange::Group(_) | DirectoryChange::SessionRevoked { .. } => {}
        }
    }

    fn is_nobody(&self) -> bool {
        !self.everybody && self.users.is_empty()
    }

    fn slots(&self, node: &Node) -> Vec<Arc<Slot>> {
        if self.everybody {
            return node.registry.all();
        }
        let users = self.users.iter();
        users.flat_map(|id| node.registry.of_user(*id)).collect()
    }
}

/// Follows the changes.
pub(super) async fn run(node: Arc<Node>) {
    let soft = node.parts.tasks.shutdown_token();
    let mut changes = node.parts.directory.subscribe();
    let mut concerned = Concerned::default();
    let mut due = None;
    loop {
        let change = tokio::select! {
            change = changes.recv() => change,
            () = wait(due) => {
                due = match tell(&node, concerned.slots(&node)).await {
                    Ok(()) => {
                        concerned = Concerned::default();
                        None
                    }
                    Err(error) => {
                        tracing::warn!(%error, "people could not be told of changes");
                        Some(Instant::now() + RETRY)
                    }
                };
                continue;
            }
            () = soft.cancelled() => return,
        };
        let Some(change) = change else { return };
        concerned.add(change);
        if due.is_none() && !concerned.is_nobody() {
            due = Some(Instant::now() + SETTLING);
        }
    }
}

async fn wait(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn tell(node: &Node, slots: Vec<Arc<Slot>>) -> Result<(), DirectoryError> {
    let directory = &node.parts.directory;
    for step in slots.chunks(STREAMS_PER_STEP) {
        let user_ids: Vec<UserId> = step.iter().map(|slot| slot.caller.user_id).collect();
        let people = directory.users(&user_ids).await?;
        for slot in step {
            // Who is not there any more has no stream for long.
            let Some(facts) = people.get(&slot.caller.user_id) else {
                continue;
            };
            let rules = Rules::of(directory, &slot.caller.site_id, facts);
            let mut known = slot.rules();
            let news = rules.news(known.as_ref());
            *known = Some(rules);
            drop(known);
            for notice in news {
                slot.push(Input::Notice(notice));
            }
        }
        sleep(STEP).await;
    }
    Ok(())
}

impl Node {
    /// Remembers what counts for the person behind a stream that begins.
    pub(super) async fn note_rules(&self, slot: &Slot) {
        let directory = &self.parts.directory;
        // Auth may be away; then the first change is told in any case.
        if let Ok(Some(facts)) = directory.user(slot.caller.user_id).await {
            let rules = Rules::of(directory, &slot.caller.site_id, &facts);
            slot.rules().get_or_insert(rules);
        }
    }
}
