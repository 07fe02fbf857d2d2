//! The board, shared. All access is short and never waits for anything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use im_types::{Clock, Timestamp, UserId};
use tokio::sync::Notify;

use crate::domain::board::{Board, BoardTimes, StreamId, View};
use crate::domain::claim::Claim;

/// The board of this replica, its streams' bells and what has to be written down.
#[derive(Debug)]
pub struct Hub {
    clock: Clock,
    epoch: i64,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    board: Board,
    bells: HashMap<StreamId, Arc<Notify>>,
    unsaved_claims: HashMap<UserId, Claim>,
}

impl Hub {
    /// An empty board. The epoch of its revisions is the time at which it was made.
    pub fn new(clock: Clock, times: BoardTimes) -> Self {
        let epoch = clock.now().as_micros();
        let inner = Inner {
            board: Board::new(times),
            bells: HashMap::new(),
            unsaved_claims: HashMap::new(),
        };
        Self {
            clock,
            epoch,
            inner: Mutex::new(inner),
        }
    }

    /// Of the revisions that viewers are told.
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Does something with the board, at this moment; then rings those who have news.
    pub fn with<T>(&self, work: impl FnOnce(&mut Board, Timestamp) -> T) -> T {
        let now = self.clock.now();
        let (result, bells) = {
            let mut inner = self.lock();
            let result = work(&mut inner.board, now);
            let rung = inner.board.take_rung();
            let bells: Vec<Arc<Notify>> = rung
                .iter()
                .filter_map(|stream| inner.bells.get(stream).cloned())
                .collect();
            (result, bells)
        };
        for bell in bells {
            bell.notify_one();
        }
        result
    }

    /// A choice made here, which has to be written down.
    pub fn claim(&self, claim: Claim) {
        self.lock()
            .unsaved_claims
            .insert(claim.user_id, claim.clone());
        self.with(|board, now| board.claim(claim, now));
    }

    /// A new stream with its bell.
    pub fn open_stream(&self) -> (StreamId, Arc<Notify>) {
        let bell = Arc::new(Notify::new());
        let mut inner = self.lock();
        let stream = inner.board.open_stream();
        inner.bells.insert(stream, Arc::clone(&bell));
        (stream, bell)
    }

    /// The stream is gone.
    pub fn close_stream(&self, stream: StreamId) {
        let mut inner = self.lock();
        inner.board.close_stream(stream);
        inner.bells.remove(&stream);
    }

    /// The next news of a stream.
    pub fn drain(&self, stream: StreamId, seen_max: usize) -> Vec<View> {
        let now = self.clock.now();
        self.lock().board.drain(stream, now, seen_max)
    }

    /// What has to be written down; [`Hub::end_saving`] says what became of it.
    pub fn take_unsaved(&self) -> (Vec<Claim>, Vec<(UserId, Timestamp)>) {
        let mut inner = self.lock();
        let claims = inner
            .unsaved_claims
            .drain()
            .map(|(_, claim)| claim)
            .collect();
        (claims, inner.board.take_sightings())
    }

    /// Choices that are not on disk yet.
    pub fn unsaved_claims(&self) -> Vec<Claim> {
        self.lock().unsaved_claims.values().cloned().collect()
    }

    /// How many they are.
    pub fn unsaved_claim_count(&self) -> usize {
        self.lock().unsaved_claims.len()
    }

    /// What was taken is written down, but for these choices; those are taken back unless newer
    /// ones are there.
    pub fn end_saving(&self, unsaved: Vec<Claim>, are_sightings_saved: bool) {
        let mut inner = self.lock();
        for claim in unsaved {
            inner.unsaved_claims.entry(claim.user_id).or_insert(claim);
        }
        inner.board.end_saving(are_sightings_saved);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A board that a panic left half-way is still the best there is; it heals by reconciling.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
