//! Who watches whom, and what each viewer still has to be told.
//!
//! News are not queued but marked: a viewer has a set of people of whom something may have changed,
//! at most as many as are watched. When the stream can take more, the present is compared with what
//! was told last; so memory is bounded, a slow stream gets the newest state only, and nothing that
//! a viewer may not see leaves a trace.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use im_types::{ConnectionId, SiteId, Timestamp, UserId};

use super::seat::Seat;
use super::watchers::Watchers;
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
    pub shown: Arc<Shown>,
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

/// How many notices there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoticeCounts {
    /// Given to streams: a viewer was told how one person is.
    pub sent: u64,
    /// Not given, because a newer one took their place, or because all was as before again.
    pub coalesced: u64,
}

#[derive(Debug, Default)]
struct Stream {
    seats: HashMap<ConnectionId, ViewerKey>,
    /// Viewers with news, in the order in which they got them.
    queue: VecDeque<ViewerKey>,
}

/// All streams and viewers.
#[derive(Debug)]
pub(super) struct Gallery {
    last_key: u64,
    streams: HashMap<StreamId, Stream>,
    // Boxed, because a table has room to spare.
    seats: HashMap<ViewerKey, Box<Seat>>,
    by_user: BTreeSet<(UserId, ViewerKey)>,
    rung: HashSet<StreamId>,
    /// What is told of those who are not there.
    nobody: Arc<Shown>,
    counts: NoticeCounts,
}

impl Default for Gallery {
    fn default() -> Self {
        Self {
            last_key: 0,
            streams: HashMap::new(),
            seats: HashMap::new(),
            by_user: BTreeSet::new(),
            rung: HashSet::new(),
            nobody: Arc::new(Shown::offline(None)),
            counts: NoticeCounts::default(),
        }
    }
}

impl Gallery {
    const fn next_key(&mut self) -> u64 {
        self.last_key += 1;
        self.last_key
    }

    /// Something about `subject` changed: in public, or only for the person.
    pub(super) fn mark(&mut self, watchers: &Watchers, subject: UserId, is_public: bool) {
        for key in watchers.iter() {
            if let Some(seat) = self.seats.get_mut(&key)
                && seat.mark(subject, is_public, &mut self.counts)
            {
                queue(seat, key, &mut self.streams, &mut self.rung);
            }
        }
    }
}

/// Puts a viewer with news into the queue of its stream.
fn queue(
    seat: &mut Seat,
    key: ViewerKey,
    streams: &mut HashMap<StreamId, Stream>,
    rung: &mut HashSet<StreamId>,
) {
    if !std::mem::replace(&mut seat.is_queued, true)
        && let Some(stream) = streams.get_mut(&seat.stream)
    {
        stream.queue.push_back(key);
        rung.insert(seat.stream);
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
        let gallery = &mut self.gallery;
        let mut seat = Box::new(Seat::new(stream, viewer, list, revision));
        queue(&mut seat, key, &mut gallery.streams, &mut gallery.rung);
        gallery.seats.insert(key, seat);
        gallery.by_user.insert((viewer_id, key));
        true
    }

    /// Corrects what a viewer may see; who is no longer watched is passed over.
    pub fn resight(&mut self, key: ViewerKey, is_last_seen_told: bool, list: &[Watching]) {
        let gallery = &mut self.gallery;
        let Some(seat) = gallery.seats.get_mut(&key) else {
            return;
        };
        seat.resight(is_last_seen_told, list);
        if seat.has_news() {
            queue(seat, key, &mut gallery.streams, &mut gallery.rung);
        }
    }

    /// All viewers there are.
    pub fn viewer_keys(&self) -> Vec<ViewerKey> {
        self.gallery.seats.keys().copied().collect()
    }

    pub(super) fn viewer_count(&self) -> u64 {
        self.gallery.seats.len() as u64
    }

    /// The viewers of a person.
    pub fn viewer_keys_of(&self, user_id: UserId) -> Vec<ViewerKey> {
        let all = (user_id, ViewerKey::MIN)..=(user_id, ViewerKey::MAX);
        let keys = self.gallery.by_user.range(all);
        keys.map(|(_, key)| *key).collect()
    }

    /// The viewers that watch a person.
    pub fn watchers_of(&self, user_id: UserId) -> Vec<ViewerKey> {
        self.people
            .get(&user_id)
            .into_iter()
            .flat_map(|it| it.watchers.iter())
            .collect()
    }

    /// A viewer and whom it watches.
    pub fn find_viewer(&self, key: ViewerKey) -> Option<(Viewer, Vec<Watching>)> {
        let seat = self.gallery.seats.get(&key)?;
        Some((seat.viewer.clone(), seat.list().collect()))
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
        let gallery = &mut self.gallery;
        let mut views = Vec::new();
        let mut seen_count = 0;
        while seen_count < seen_max {
            let entry = gallery.streams.get_mut(&stream);
            let Some(key) = entry.and_then(|entry| entry.queue.pop_front()) else {
                break;
            };
            let Some(seat) = gallery.seats.get_mut(&key) else {
                continue;
            };
            seat.is_queued = false;
            let (nobody, counts) = (&gallery.nobody, &mut gallery.counts);
            if let Some(view) = seat.news(&mut self.people, nobody, now, counts) {
                seen_count += view.seen.len();
                views.push(view);
            }
        }
        views
    }

    /// How many notices there were since this was asked last.
    pub fn take_notices(&mut self) -> NoticeCounts {
        std::mem::take(&mut self.gallery.counts)
    }

    fn leave(&mut self, key: ViewerKey) {
        let Some(seat) = self.gallery.seats.remove(&key) else {
            return;
        };
        if let Some(stream) = self.gallery.streams.get_mut(&seat.stream) {
            stream.seats.remove(&seat.viewer.connection_id);
        }
        self.gallery.by_user.remove(&(seat.viewer.user_id, key));
        for watching in seat.list() {
            if let Some(individual) = self.people.get_mut(&watching.user_id) {
                individual.forget_watcher(key);
            }
            self.tidy(watching.user_id);
        }
    }
}
