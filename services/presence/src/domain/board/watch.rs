//! Who watches whom, and what each viewer still has to be told.
//!
//! News are not queued but marked: a viewer has a set of people of whom something may have changed,
//! at most as many as are watched. When the stream can take more, the present is compared with what
//! was told last; so memory is bounded, a slow stream gets the newest state only, and nothing that
//! a viewer may not see leaves a trace.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use im_types::{ConnectionId, SiteId, Timestamp, UserId};

use super::individual::{self, Individual};
use super::{Board, Shown};
use crate::domain::visibility::{Sight, Tie};

/// A stream of a gateway node.
pub type StreamId = u64;
/// One viewer on one stream.
pub type ViewerKey = u64;

/// Who looks.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// Who.
    pub user_id: UserId,
    /// On which site.
    pub site_id: SiteId,
    /// Of the list; comes back with the snapshot.
    pub version: i64,
    /// Whether the viewer is told when others were last seen.
    pub is_last_seen_told: bool,
}

/// One person on a viewer's list.
#[derive(Debug, Clone, Copy)]
pub struct Watching {
    /// Who is watched.
    pub user_id: UserId,
    /// What rosters say about the two.
    pub tie: Tie,
    /// What may be seen.
    pub sight: Sight,
}

/// What a viewer is told about one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub user_id: UserId,
    /// How.
    pub shown: Shown,
    /// Larger than all that the viewer was told before.
    pub revision: i64,
}

/// News for one viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// `con_…`
    pub connection_id: Arc<str>,
    /// Of the list.
    pub version: i64,
    /// Whether everybody on the list is there.
    pub is_snapshot: bool,
    /// The people.
    pub seen: Vec<Seen>,
}

#[derive(Debug)]
struct Seat {
    stream: StreamId,
    viewer: Viewer,
    connection_text: Arc<str>,
    watched: HashMap<UserId, Watched>,
    dirty: Vec<UserId>,
    is_snapshot_due: bool,
    is_queued: bool,
    revision: i64,
}

#[derive(Debug)]
struct Watched {
    watching: Watching,
    told: Option<Shown>,
    is_dirty: bool,
}

#[derive(Debug, Default)]
struct Stream {
    seats: HashMap<ConnectionId, ViewerKey>,
    /// Viewers with news, in the order in which they got them.
    queue: VecDeque<ViewerKey>,
}

/// All streams and viewers.
#[derive(Debug, Default)]
pub(super) struct Gallery {
    last_key: u64,
    streams: HashMap<StreamId, Stream>,
    seats: HashMap<ViewerKey, Seat>,
    by_user: HashMap<UserId, HashSet<ViewerKey>>,
    rung: HashSet<StreamId>,
}

impl Gallery {
    const fn next_key(&mut self) -> u64 {
        self.last_key += 1;
        self.last_key
    }

    /// Something about `subject` changed: in public, or only for the person.
    pub(super) fn mark<'a>(
        &mut self,
        watchers: impl Iterator<Item = &'a ViewerKey>,
        subject: UserId,
        is_public: bool,
    ) {
        for key in watchers {
            let Some(seat) = self.seats.get_mut(key) else {
                continue;
            };
            let Some(watched) = seat.watched.get_mut(&subject) else {
                continue;
            };
            let is_of_interest = match watched.watching.sight {
                Sight::Own => true,
                Sight::Open => is_public,
                Sight::Frozen(_) | Sight::Closed => false,
            };
            if is_of_interest && !watched.is_dirty {
                watched.is_dirty = true;
                seat.dirty.push(subject);
                self.queue(*key);
            }
        }
    }

    fn queue(&mut self, key: ViewerKey) {
        let Some(seat) = self.seats.get_mut(&key) else {
            return;
        };
        if !std::mem::replace(&mut seat.is_queued, true)
            && let Some(stream) = self.streams.get_mut(&seat.stream)
        {
            stream.queue.push_back(key);
            self.rung.insert(seat.stream);
        }
    }
}

impl Board {
    /// A new stream.
    pub fn open_stream(&mut self) -> StreamId {
        let id = self.gallery.next_key();
        self.gallery.streams.insert(id, Stream::default());
        id
    }

    /// The stream is gone with all its viewers.
    pub fn close_stream(&mut self, stream: StreamId) {
        let Some(stream) = self.gallery.streams.remove(&stream) else {
            return;
        };
        for key in stream.seats.into_values() {
            self.leave(key);
        }
    }

    /// Replaces what a viewer watches; a snapshot follows. An empty list ends it. `false` if the
    /// stream is gone or a newer list was set in the meantime.
    pub fn watch(&mut self, stream: StreamId, viewer: Viewer, list: Vec<Watching>) -> bool {
        let Some(entry) = self.gallery.streams.get(&stream) else {
            return false;
        };
        let known = entry.seats.get(&viewer.connection_id).copied();
        let mut revision = 0;
        if let Some(seat) = known.and_then(|key| self.gallery.seats.get(&key)) {
            if seat.viewer.version > viewer.version {
                return false;
            }
            revision = seat.revision;
        }
        if let Some(key) = known {
            self.leave(key);
        }
        if list.is_empty() {
            return true;
        }
        let key = self.gallery.next_key();
        let viewer_id = viewer.user_id;
        if let Some(entry) = self.gallery.streams.get_mut(&stream) {
            entry.seats.insert(viewer.connection_id, key);
        }
        for watching in &list {
            self.people
                .entry(watching.user_id)
                .or_default()
                .watchers
                .insert(key);
        }
        let watched = list.into_iter().map(|watching| {
            (
                watching.user_id,
                Watched {
                    watching,
                    told: None,
                    is_dirty: false,
                },
            )
        });
        let seat = Seat {
            stream,
            connection_text: viewer.connection_id.to_string().into(),
            viewer,
            watched: watched.collect(),
            dirty: Vec::new(),
            is_snapshot_due: true,
            is_queued: false,
            revision,
        };
        self.gallery.seats.insert(key, seat);
        self.gallery
            .by_user
            .entry(viewer_id)
            .or_default()
            .insert(key);
        self.gallery.queue(key);
        true
    }

    /// Corrects what a viewer may see; who is no longer watched is passed over.
    pub fn resight(&mut self, key: ViewerKey, is_last_seen_told: bool, list: &[Watching]) {
        let Some(seat) = self.gallery.seats.get_mut(&key) else {
            return;
        };
        // What is told of all of them depends on it.
        let is_all = seat.viewer.is_last_seen_told != is_last_seen_told;
        seat.viewer.is_last_seen_told = is_last_seen_told;
        for watching in list {
            let Some(watched) = seat.watched.get_mut(&watching.user_id) else {
                continue;
            };
            let is_same = watched.watching.sight == watching.sight && !is_all;
            watched.watching = *watching;
            if !is_same && !watched.is_dirty {
                watched.is_dirty = true;
                seat.dirty.push(watching.user_id);
            }
        }
        if !seat.dirty.is_empty() {
            self.gallery.queue(key);
        }
    }

    /// All viewers there are.
    pub fn viewer_keys(&self) -> Vec<ViewerKey> {
        self.gallery.seats.keys().copied().collect()
    }

    /// The viewers of a person.
    pub fn viewer_keys_of(&self, user_id: UserId) -> Vec<ViewerKey> {
        self.gallery
            .by_user
            .get(&user_id)
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }

    /// The viewers that watch a person.
    pub fn watchers_of(&self, user_id: UserId) -> Vec<ViewerKey> {
        self.people
            .get(&user_id)
            .into_iter()
            .flat_map(|it| &it.watchers)
            .copied()
            .collect()
    }

    /// A viewer and whom it watches.
    pub fn find_viewer(&self, key: ViewerKey) -> Option<(Viewer, Vec<Watching>)> {
        let seat = self.gallery.seats.get(&key)?;
        let list = seat
            .watched
            .values()
            .map(|watched| watched.watching)
            .collect();
        Some((seat.viewer.clone(), list))
    }

    /// The streams that got news since this was asked last.
    pub fn take_rung(&mut self) -> Vec<StreamId> {
        if self.gallery.rung.is_empty() {
            return Vec::new();
        }
        self.gallery.rung.drain().collect()
    }

    /// The next news of a stream, about `seen_max` people or a few more; empty if there are none.
    pub fn drain(&mut self, stream: StreamId, now: Timestamp, seen_max: usize) -> Vec<View> {
        let mut views = Vec::new();
        let mut seen_count = 0;
        while seen_count < seen_max {
            let entry = self.gallery.streams.get_mut(&stream);
            let Some(key) = entry.and_then(|entry| entry.queue.pop_front()) else {
                break;
            };
            let Some(seat) = self.gallery.seats.get_mut(&key) else {
                continue;
            };
            seat.is_queued = false;
            if let Some(view) = seat.news(&self.people, now) {
                seen_count += view.seen.len();
                views.push(view);
            }
        }
        views
    }

    fn leave(&mut self, key: ViewerKey) {
        let Some(seat) = self.gallery.seats.remove(&key) else {
            return;
        };
        if let Some(stream) = self.gallery.streams.get_mut(&seat.stream) {
            stream.seats.remove(&seat.viewer.connection_id);
        }
        if let Some(keys) = self.gallery.by_user.get_mut(&seat.viewer.user_id) {
            keys.remove(&key);
            if keys.is_empty() {
                self.gallery.by_user.remove(&seat.viewer.user_id);
            }
        }
        for user_id in seat.watched.into_keys() {
            if let Some(individual) = self.people.get_mut(&user_id) {
                individual.watchers.remove(&key);
            }
            self.tidy(user_id);
        }
    }
}

impl Seat {
    /// What the viewer has to be told; `None` if nothing that may be seen has changed.
    fn news(&mut self, people: &HashMap<UserId, Individual>, now: Timestamp) -> Option<View> {
        let is_snapshot = std::mem::take(&mut self.is_snapshot_due);
        let mut dirty = std::mem::take(&mut self.dirty);
        if is_snapshot {
            dirty = self.watched.keys().copied().collect();
            dirty.sort_unstable();
        }
        let revision = now.as_micros().max(self.revision.saturating_add(1));
        let mut seen = Vec::with_capacity(dirty.len());
        for user_id in dirty {
            let Some(watched) = self.watched.get_mut(&user_id) else {
                continue;
            };
            watched.is_dirty = false;
            let sight = watched.watching.sight;
            let is_told = self.viewer.is_last_seen_told;
            let shown = individual::show(people.get(&user_id), sight, None, is_told);
            if watched.told.as_ref() == Some(&shown) {
                continue;
            }
            watched.told = Some(shown.clone());
            seen.push(Seen {
                user_id,
                shown,
                revision,
            });
        }
        if seen.is_empty() && !is_snapshot {
            return None;
        }
        self.revision = revision;
        Some(View {
            connection_id: Arc::clone(&self.connection_text),
            version: self.viewer.version,
            is_snapshot,
            seen,
        })
    }
}
