//! When to ring that rosters changed. Whoever hears the bell reads the feed, so bells have to cost
//! by time and not by change: the first rings at once, those that follow share one.

use std::collections::BTreeSet;
use std::time::Duration;

use im_proto::event::RosterChanged;
use im_types::UserId;
use tokio::time::Instant;

/// From one bell to the next.
const PAUSE: Duration = Duration::from_millis(100);
/// People named with a bell; so many or more means everybody.
const USERS_MAX: usize = 100;

/// Changes that no bell has rung for.
#[derive(Debug, Default)]
pub(super) struct RosterBell {
    position: i64,
    user_ids: BTreeSet<UserId>,
    quiet_until: Option<Instant>,
    is_due: bool,
}

impl RosterBell {
    /// Rosters of these people changed, up to a position.
    pub(super) fn note(&mut self, position: i64, user_ids: Vec<UserId>) {
        self.is_due = true;
        self.position = self.position.max(position);
        let room = USERS_MAX.saturating_sub(self.user_ids.len());
        self.user_ids.extend(user_ids.into_iter().take(room));
    }

    /// When to ring; `None` if there is nothing to ring for.
    pub(super) fn ring_at(&self, now: Instant) -> Option<Instant> {
        self.is_due
            .then(|| self.quiet_until.map_or(now, |at| at.max(now)))
    }

    /// What to ring with.
    pub(super) fn take(&mut self, now: Instant) -> RosterChanged {
        self.is_due = false;
        self.quiet_until = Some(now + PAUSE);
        let user_ids = std::mem::take(&mut self.user_ids);
        RosterChanged {
            position: self.position,
            user_ids: user_ids.iter().map(ToString::to_string).collect(),
        }
    }
}
