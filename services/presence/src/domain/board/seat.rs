//! One viewer: whom it watches and what it was told of them.
//!
//! There are as many of these as connections, with up to 500 entries each, so they are kept small:
//! the list is one sorted slice, and what was told is shared by all who were told the same.

use std::collections::HashMap;
use std::sync::Arc;

use im_types::{Timestamp, UserId};

use super::individual::{self, Individual};
use super::watch::{NoticeCounts, Seen, StreamId, View, Viewer, Watching};
use crate::domain::reduce::Shown;
use crate::domain::visibility::{Sight, Tie};

/// See the module.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) stream: StreamId,
    pub(super) viewer: Viewer,
    pub(super) is_queued: bool,
    pub(super) revision: i64,
    connection_text: Arc<str>,
    /// By user.
    watched: Box<[Watched]>,
    /// Places in `watched` of whom there may be news.
    dirty: Vec<usize>,
    is_snapshot_due: bool,
}

#[derive(Debug)]
struct Watched {
    user_id: UserId,
    tie: Tie,
    told: Option<Arc<Shown>>,
    sight: Sight,
    is_dirty: bool,
}

impl Watched {
    const fn watching(&self) -> Watching {
        Watching {
            user_id: self.user_id,
            tie: self.tie,
            sight: self.sight,
        }
    }
}

impl Seat {
    /// A viewer that has been told nothing yet, but that `revision`.
    pub(super) fn new(
        stream: StreamId,
        viewer: Viewer,
        mut list: Vec<Watching>,
        revision: i64,
    ) -> Self {
        list.sort_unstable_by_key(|watching| watching.user_id);
        list.dedup_by_key(|watching| watching.user_id);
        let watched = list.into_iter().map(|watching| Watched {
            user_id: watching.user_id,
            tie: watching.tie,
            told: None,
            sight: watching.sight,
            is_dirty: false,
        });
        Self {
            stream,
            connection_text: viewer.connection_id.to_string().into(),
            viewer,
            is_queued: false,
            revision,
            watched: watched.collect(),
            dirty: Vec::new(),
            is_snapshot_due: true,
        }
    }

    /// Whom it watches.
    pub(super) fn list(&self) -> impl Iterator<Item = Watching> {
        self.watched.iter().map(Watched::watching)
    }

    /// Whether there may be something to tell.
    pub(super) const fn has_news(&self) -> bool {
        self.is_snapshot_due || !self.dirty.is_empty()
    }

    /// Something about a person changed: in public, or only for the person. Whether that is of
    /// interest here, and was not noted already.
    pub(super) fn mark(
        &mut self,
        subject: UserId,
        is_public: bool,
        counts: &mut NoticeCounts,
    ) -> bool {
        let Some((at, watched)) = find(&mut self.watched, subject) else {
            return false;
        };
        let is_of_interest = match watched.sight {
            Sight::Own => true,
            Sight::Open => is_public,
            Sight::Frozen | Sight::Closed => false,
        };
        if !is_of_interest {
            return false;
        }
        if std::mem::replace(&mut watched.is_dirty, true) {
            counts.coalesced += 1;
            return false;
        }
        self.dirty.push(at);
        true
    }

    /// Corrects what may be seen; who is not watched is passed over.
    pub(super) fn resight(&mut self, is_last_seen_told: bool, list: &[Watching]) {
        // What is told of all of them depends on it.
        let is_all = self.viewer.is_last_seen_told != is_last_seen_told;
        self.viewer.is_last_seen_told = is_last_seen_told;
        for watching in list {
            let Some((at, watched)) = find(&mut self.watched, watching.user_id) else {
                continue;
            };
            let is_same = watched.sight == watching.sight
                && watched.tie.frozen_seen_at == watching.tie.frozen_seen_at
                && !is_all;
            watched.tie = watching.tie;
            watched.sight = watching.sight;
            if !is_same && !std::mem::replace(&mut watched.is_dirty, true) {
                self.dirty.push(at);
            }
        }
    }

    /// What the viewer has to be told; `None` if nothing that may be seen has changed. `nobody` is
    /// what is told of those who are not there.
    pub(super) fn news(
        &mut self,
        people: &mut HashMap<UserId, Individual>,
        nobody: &Arc<Shown>,
        now: Timestamp,
        counts: &mut NoticeCounts,
    ) -> Option<View> {
        let is_snapshot = std::mem::take(&mut self.is_snapshot_due);
        let mut dirty = std::mem::take(&mut self.dirty);
        if is_snapshot {
            dirty = (0..self.watched.len()).collect();
        }
        let revision = now.as_micros().max(self.revision.saturating_add(1));
        let mut seen = Vec::with_capacity(dirty.len());
        for at in dirty {
            let Some(watched) = self.watched.get_mut(at) else {
                continue;
            };
            watched.is_dirty = false;
            let individual = people.get_mut(&watched.user_id);
            let is_told = self.viewer.is_last_seen_told;
            let watching = watched.watching();
            let shown = individual::show(individual.as_deref(), &watching, None, is_told);
            if watched.told.as_deref() == Some(&shown) {
                counts.coalesced += 1;
                continue;
            }
            let shown = match individual {
                _ if shown == **nobody => Arc::clone(nobody),
                Some(individual) if watched.sight == Sight::Open => individual.share(shown),
                _ => Arc::new(shown),
            };
            watched.told = Some(Arc::clone(&shown));
            seen.push(Seen {
                user_id: watched.user_id,
                shown,
                revision,
            });
        }
        if seen.is_empty() && !is_snapshot {
            return None;
        }
        counts.sent += seen.len() as u64;
        self.revision = revision;
        Some(View {
            connection_id: Arc::clone(&self.connection_text),
            version: self.viewer.version,
            is_snapshot,
            seen,
        })
    }
}

fn find(watched: &mut [Watched], user_id: UserId) -> Option<(usize, &mut Watched)> {
    let at = watched
        .binary_search_by_key(&user_id, |it| it.user_id)
        .ok()?;
    watched.get_mut(at).map(|found| (at, found))
}
