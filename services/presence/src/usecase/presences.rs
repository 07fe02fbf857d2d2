//! How people are, and how they want to be seen.

use std::collections::HashMap;
use std::sync::Arc;

use im_types::{SiteId, Timestamp, UserId};

use super::{Caller, News, Presence, WATCHED_MAX};
use crate::domain::board::Watching;
use crate::domain::claim::{Choice, Claim, REASON_CHARS_MAX};
use crate::domain::reduce::Shown;
use crate::domain::visibility::{Sight, Tie};
use crate::error::Error;

/// How somebody wants to be seen.
#[derive(Debug, Clone)]
pub struct NewClaim {
    /// `None`: as the connections say.
    pub choice: Option<Choice>,
    /// Why; empty if unsaid.
    pub reason: String,
    /// When it ends by itself; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// Whether last seen is not to be told; `None` leaves it.
    pub is_last_seen_hidden: Option<bool>,
}

/// What somebody is told about somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceView {
    /// Who.
    pub user_id: UserId,
    /// How.
    pub shown: Shown,
    /// Larger than what was told before.
    pub revision: i64,
    /// Of the revision.
    pub epoch: i64,
}

impl Presence {
    /// Says how the caller wants to be seen, and returns how that is now.
    pub async fn set_presence(
        &self,
        caller: &Caller,
        new: NewClaim,
    ) -> Result<PresenceView, Error> {
        let now = self.clock.now();
        self.check_claim(caller, &new, now)?;
        let user_id = caller.user_id();
        let claim = self.hub.with(|board, now| {
            let known = board.find_claim(user_id);
            Claim {
                user_id,
                revision: known.map_or(now.as_micros(), |it| {
                    now.as_micros().max(it.revision.saturating_add(1))
                }),
                choice: new.choice,
                reason: Arc::from(new.reason.as_str()),
                expires_at: new.expires_at,
                is_last_seen_hidden: new
                    .is_last_seen_hidden
                    .or(known.map(|it| it.is_last_seen_hidden))
                    .unwrap_or_default(),
            }
        });
        self.hub.claim(claim.clone());
        if self.shutdown.is_cancelled() {
            // Nobody writes behind the calls any more.
            self.store.save_claims(std::slice::from_ref(&claim)).await?;
        }
        self.tell(News::Claim(claim)).await;
        let own = Watching {
            user_id,
            tie: Tie::default(),
            sight: Sight::Own,
        };
        let shown = self.hub.with(|board, _| board.show(&own, None, true));
        Ok(self.view(user_id, shown, now))
    }

    fn check_claim(&self, caller: &Caller, new: &NewClaim, now: Timestamp) -> Result<(), Error> {
        if new.reason.chars().count() > REASON_CHARS_MAX {
            return Err(Error::field("reason", "at most 100 characters"));
        }
        if new.reason.chars().any(char::is_control) {
            return Err(Error::field(
                "reason",
                "must not contain control characters",
            ));
        }
        if new.expires_at.is_some_and(|at| at <= now) {
            return Err(Error::field("expire_time", "must lie in the future"));
        }
        let rules = self.rules(&caller.site_id, &caller.person);
        if new.choice == Some(Choice::Invisible) && !rules.is_invisible_allowed {
            return Err(Error::InvisibleNotAllowed);
        }
        let is_offered =
            rules.status_reasons.is_empty() || rules.status_reasons.contains(&new.reason);
        if !new.reason.is_empty() && !is_offered {
            return Err(Error::ReasonNotOffered);
        }
        Ok(())
    }

    /// How people are, as the caller may see them, in the order asked.
    pub async fn list_presences(
        &self,
        caller: &Caller,
        user_ids: &[UserId],
    ) -> Result<Vec<PresenceView>, Error> {
        if user_ids.len() > WATCHED_MAX {
            return Err(Error::WatchTooLarge {
                found: user_ids.len(),
                watched_max: WATCHED_MAX,
            });
        }
        let (rules, list) = self
            .sights(caller.user_id(), &caller.site_id, user_ids)
            .await?;
        let stored = self.stored_last_seen(&list).await?;
        let now = self.clock.now();
        let shown: Vec<Shown> = self.hub.with(|board, _| {
            let show = |watching: &Watching| {
                let stored = stored.get(&watching.user_id).copied().flatten();
                board.show(watching, stored, rules.is_last_seen_shown)
            };
            list.iter().map(show).collect()
        });
        let views = list.iter().zip(shown);
        Ok(views
            .map(|(watching, shown)| self.view(watching.user_id, shown, now))
            .collect())
    }

    /// The reasons that a site offers.
    pub fn list_status_reasons(&self, site_id: &SiteId) -> Vec<String> {
        let policy = self.directory.site_policy(site_id);
        crate::domain::person::Rules::from(&*policy).status_reasons
    }

    /// Last-seen times of the database, for those whom the board does not know.
    pub(super) async fn stored_last_seen(
        &self,
        list: &[Watching],
    ) -> Result<HashMap<UserId, Option<Timestamp>>, Error> {
        let unknown: Vec<UserId> = self.hub.with(|board, _| {
            let is_told = |it: &&Watching| matches!(it.sight, Sight::Open | Sight::Own);
            let ids = list.iter().filter(is_told).map(|watching| watching.user_id);
            ids.filter(|user_id| !board.knows_last_seen(*user_id))
                .collect()
        });
        let found = self.store.list_sightings(&unknown).await?;
        let mut stored: HashMap<UserId, Option<Timestamp>> =
            unknown.into_iter().map(|user_id| (user_id, None)).collect();
        stored.extend(found.into_iter().map(|it| (it.user_id, it.last_seen_at)));
        Ok(stored)
    }

    fn view(&self, user_id: UserId, shown: Shown, now: Timestamp) -> PresenceView {
        PresenceView {
            user_id,
            shown,
            revision: now.as_micros(),
            epoch: self.hub.epoch(),
        }
    }
}
