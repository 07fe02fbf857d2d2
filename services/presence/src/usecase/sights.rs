//! Who sees whom, worked out from rosters, facts and policy; and worked out anew when they change.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use im_types::{SiteId, UserId};

use super::{Presence, directory_error};
use crate::domain::board::{ViewerKey, Watching};
use crate::domain::contact::Side;
use crate::domain::person::{Person, Rules};
use crate::domain::visibility::{Sight, Tie, sight};
use crate::error::Error;

/// What a change of auth's mirror can touch.
#[derive(Debug, Default)]
pub struct Touched {
    /// Everybody: policy, sites, roles or groups changed.
    pub is_all: bool,
    /// Only these people.
    pub user_ids: HashSet<UserId>,
}

impl Touched {
    /// Whether it touches nobody.
    pub fn is_empty(&self) -> bool {
        !self.is_all && self.user_ids.is_empty()
    }
}

impl Presence {
    /// The ties between one person and others, by the others' ids.
    pub(super) async fn ties(
        &self,
        user_id: UserId,
        others: &[UserId],
    ) -> Result<HashMap<UserId, Tie>, Error> {
        let entries = self.store.list_between(user_id, others).await?;
        let mut sides: HashMap<UserId, (Option<Side>, Option<Side>)> = HashMap::new();
        for entry in entries {
            if entry.owner_id == user_id {
                sides.entry(entry.peer_id).or_default().0 = Some(entry.side);
            } else {
                sides.entry(entry.owner_id).or_default().1 = Some(entry.side);
            }
        }
        let tie = |(id, (mine, theirs)): (UserId, (Option<Side>, Option<Side>))| {
            (id, Tie::new(mine.as_ref(), theirs.as_ref()))
        };
        Ok(sides.into_iter().map(tie).collect())
    }

    /// What somebody on a site sees of others, in the order asked; and the rules it came from.
    pub(super) async fn sights(
        &self,
        viewer_id: UserId,
        site_id: &SiteId,
        subjects: &[UserId],
    ) -> Result<(Rules, Vec<Watching>), Error> {
        let ties = self.ties(viewer_id, subjects).await?;
        let list = subjects.iter().map(|user_id| {
            let tie = ties.get(user_id).copied().unwrap_or_default();
            Watching {
                user_id: *user_id,
                tie,
                sight: Sight::Closed,
            }
        });
        self.judge(viewer_id, site_id, list.collect()).await
    }

    /// Sights anew from known ties: no question to the database.
    async fn judge(
        &self,
        viewer_id: UserId,
        site_id: &SiteId,
        mut list: Vec<Watching>,
    ) -> Result<(Rules, Vec<Watching>), Error> {
        let ids: Vec<UserId> = list
            .iter()
            .map(|it| it.user_id)
            .chain([viewer_id])
            .collect();
        let people: HashMap<UserId, Arc<Person>> =
            self.directory.users(&ids).await.map_err(directory_error)?;
        let Some(viewer) = people.get(&viewer_id) else {
            for watching in &mut list {
                watching.sight = Sight::Closed;
            }
            return Ok((Rules::default(), list));
        };
        let rules = self.rules(site_id, viewer);
        for watching in &mut list {
            let subject = people.get(&watching.user_id);
            watching.sight = sight(&rules, viewer, subject.map(|it| &**it), &watching.tie);
        }
        Ok((rules, list))
    }

    /// What a viewer sees of one person may have changed by a roster.
    pub(super) async fn resight_pair(
        &self,
        viewer_id: UserId,
        subject_id: UserId,
    ) -> Result<(), Error> {
        let keys = self.hub.with(|board, _| {
            let watchers: HashSet<ViewerKey> = board.watchers_of(subject_id).into_iter().collect();
            let mut keys = board.viewer_keys_of(viewer_id);
            keys.retain(|key| watchers.contains(key));
            keys
        });
        for key in keys {
            let found = self.hub.with(|board, _| board.find_viewer(key));
            let Some((viewer, _)) = found else { continue };
            let (rules, list) = self
                .sights(viewer_id, &viewer.site_id, &[subject_id])
                .await?;
            self.hub
                .with(|board, _| board.resight(key, rules.is_last_seen_shown, &list));
        }
        Ok(())
    }

    /// What viewers see may have changed by policy or by facts of people.
    pub async fn resight(&self, touched: &Touched) -> Result<(), Error> {
        let keys: HashSet<ViewerKey> = self.hub.with(|board, _| {
            board.bump_generation();
            if touched.is_all {
                return board.viewer_keys().into_iter().collect();
            }
            let users = touched.user_ids.iter();
            users
                .flat_map(|user_id| {
                    let mut keys = board.viewer_keys_of(*user_id);
                    keys.extend(board.watchers_of(*user_id));
                    keys
                })
                .collect()
        });
        for key in keys {
            let Some((viewer, list)) = self.hub.with(|board, _| board.find_viewer(key)) else {
                continue;
            };
            let (rules, list) = self.judge(viewer.user_id, &viewer.site_id, list).await?;
            self.hub
                .with(|board, _| board.resight(key, rules.is_last_seen_shown, &list));
        }
        Ok(())
    }
}
