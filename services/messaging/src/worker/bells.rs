//! Listening to the bus and to the directory, and looking without having heard.

use std::sync::Arc;
use std::time::Duration;

use im_bus::{Event, Subscription, Topic};
use im_directory::{DirectoryChange, DirectoryChanges};
use im_proto::event::{MailboxAdvanced, RosterChanged};
use im_types::UserId;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::rest;
use crate::usecase::Core;

/// Rosters changed.
pub(super) const ROSTER: Topic = Topic::new("presence", "roster");
/// Mailboxes looked at with one statement.
const MAILBOXES_PER_READ: usize = 4_096;
/// How often what has passed is forgotten.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// Hears bells.
pub(super) struct Listener {
    pub(super) core: Arc<Core>,
    pub(super) roster_bell: Arc<Notify>,
    pub(super) poll_bell: Arc<Notify>,
}

impl Listener {
    pub(super) async fn run(
        self,
        mut mailbox: Subscription,
        mut roster: Subscription,
        stop: CancellationToken,
    ) {
        let mut directory = self.core.directory().subscribe();
        loop {
            let is_open = tokio::select! {
                () = stop.cancelled() => false,
                event = mailbox.recv() => self.mailbox(event),
                event = roster.recv() => self.roster(event),
                is_open = self.directory(&mut directory) => is_open,
            };
            if !is_open {
                break;
            }
        }
    }

    fn mailbox(&self, event: Option<Event>) -> bool {
        match event {
            Some(Event::Message(message)) => {
                let Ok(bell) = message.decode::<MailboxAdvanced>() else {
                    return true;
                };
                self.core.metrics().bells_heard(bell.positions.len());
                for position in bell.positions {
                    if let Ok(user_id) = UserId::parse(&position.user_id) {
                        self.core.hub().note(user_id, position.last_seq);
                    }
                }
                true
            }
            Some(Event::Lagged { .. } | Event::Reconnected) => {
                self.poll_bell.notify_one();
                true
            }
            None => false,
        }
    }

    fn roster(&self, event: Option<Event>) -> bool {
        match event {
            Some(Event::Message(message)) => {
                let told = message.decode::<RosterChanged>().unwrap_or_default();
                // The list may be cut short, so an empty or a long one means everybody.
                let user_ids: Vec<UserId> = told
                    .user_ids
                    .iter()
                    .filter_map(|id| UserId::parse(id).ok())
                    .collect();
                if user_ids.is_empty() || user_ids.len() >= 100 {
                    self.core.reach().drop_all();
                } else {
                    self.core.reach().drop_users(user_ids);
                }
            }
            Some(Event::Lagged { .. } | Event::Reconnected) => self.core.reach().drop_all(),
            None => return false,
        }
        self.roster_bell.notify_one();
        true
    }

    async fn directory(&self, changes: &mut DirectoryChanges) -> bool {
        match changes.recv().await {
            Some(DirectoryChange::User(user_id)) => self.core.reach().drop_users([user_id]),
            Some(
                DirectoryChange::Everything | DirectoryChange::Snapshot | DirectoryChange::Group(_),
            ) => self.core.reach().drop_all(),
            Some(DirectoryChange::SessionRevoked { .. }) => {}
            None => return false,
        }
        true
    }
}

/// Looks at all mailboxes that are read here, in case no bell was heard.
pub(super) async fn poll(
    core: Arc<Core>,
    bell: Arc<Notify>,
    interval: Duration,
    stop: CancellationToken,
) {
    let mut swept_at = tokio::time::Instant::now();
    loop {
        tokio::select! {
            is_awake = rest(interval, &stop) => if !is_awake { return },
            () = bell.notified() => {}
        }
        if let Err(error) = core.refresh_epoch().await {
            tracing::warn!(%error, "the epoch cannot be read");
        }
        for user_ids in core.hub().user_ids().chunks(MAILBOXES_PER_READ) {
            match core.store().mailboxes(user_ids).await {
                Ok(found) => {
                    let news = found
                        .into_iter()
                        .filter(|(id, range)| core.hub().note(*id, range.last_seq));
                    core.metrics().bells_missed(news.count());
                }
                Err(error) => tracing::warn!(%error, "mailboxes cannot be looked at"),
            }
        }
        if swept_at.elapsed() >= SWEEP_INTERVAL {
            core.sweep();
            swept_at = tokio::time::Instant::now();
        }
    }
}
