//! The soft state of a replica: who is connected where, who chose what, who watches whom.
//!
//! A state machine without I/O. Every input carries the time; outputs are collected until they are
//! taken: views per stream ([`Board::drain`]), streams with news ([`Board::take_rung`]), last-seen
//! times to write down ([`Board::take_sightings`]). Timers fire in [`Board::tick`].

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use im_types::{ConnectionId, NodeId, Timestamp, UserId};

use super::claim::Claim;
use super::holding::{Activity, Holding, Lease};
use super::reduce::{OwnView, Shown, State};

mod census;
mod individual;
mod seat;
#[cfg(test)]
mod tests;
mod watch;
mod watchers;

pub use census::Census;
pub use watch::{NoticeCounts, Seen, StreamId, View, Viewer, ViewerKey, Watching};

use individual::{Individual, LastSeen};
use watch::Gallery;

/// How long a closed connection is remembered, so that a late report does not bring it back.
const CLOSED_KEPT: Duration = Duration::from_mins(1);

/// The times a board goes by.
#[derive(Debug, Clone, Copy)]
pub struct BoardTimes {
    /// From the last connection's end to being offline.
    pub offline_debounce: Duration,
    /// How long people whose node drains keep their presence.
    pub moving_kept: Duration,
}

/// See the module.
#[derive(Debug)]
pub struct Board {
    times: BoardTimes,
    people: HashMap<UserId, Individual>,
    nodes: HashMap<NodeId, Node>,
    /// Whose each connection is.
    owners: HashMap<ConnectionId, UserId>,
    closed: HashMap<ConnectionId, Holding>,
    /// When to forget closed connections, in order.
    closed_queue: VecDeque<(Timestamp, ConnectionId)>,
    timers: BTreeSet<(Timestamp, UserId)>,
    /// Last-seen times that have to be written down.
    sightings: HashMap<UserId, Timestamp>,
    /// Those that are being written down.
    saving: HashMap<UserId, Timestamp>,
    gallery: Gallery,
    generation: u64,
}

#[derive(Debug, Default)]
struct Node {
    lease: Lease,
    users: HashSet<UserId>,
}

impl Board {
    /// A board that knows nothing.
    pub fn new(times: BoardTimes) -> Self {
        Self {
            times,
            people: HashMap::new(),
            nodes: HashMap::new(),
            owners: HashMap::new(),
            closed: HashMap::new(),
            closed_queue: VecDeque::new(),
            timers: BTreeSet::new(),
            sightings: HashMap::new(),
            saving: HashMap::new(),
            gallery: Gallery::default(),
            generation: 0,
        }
    }

    /// Learns of a connection; `false` if it was known already or is void.
    pub fn hold(&mut self, holding: Holding, now: Timestamp) -> bool {
        if self.has_ended(holding.node_id, holding.epoch) {
            return false;
        }
        // A larger epoch of a node voids what came before.
        let earlier = Lease {
            ended_epoch: holding.epoch.saturating_sub(1),
            ended_at: now,
        };
        if !self.has_ended(holding.node_id, earlier.ended_epoch) {
            self.end_lease(holding.node_id, earlier, now);
        }
        let node = self.nodes.entry(holding.node_id).or_default();
        if self
            .closed
            .get(&holding.connection_id)
            .is_some_and(|known| *known >= holding)
        {
            return false;
        }
        if holding.activity == Activity::Closed {
            self.closed.insert(holding.connection_id, holding);
            self.closed_queue
                .push_back((now + CLOSED_KEPT, holding.connection_id));
            self.owners.remove(&holding.connection_id);
        } else {
            node.users.insert(holding.user_id);
            self.owners.insert(holding.connection_id, holding.user_id);
        }
        let moving_until = now + self.times.moving_kept;
        let individual = self.people.entry(holding.user_id).or_default();
        if !individual.hold(holding, moving_until) {
            self.tidy(holding.user_id);
            return false;
        }
        if holding.activity == Activity::Closed
            && !individual.is_on(holding.node_id)
            && let Some(node) = self.nodes.get_mut(&holding.node_id)
        {
            node.users.remove(&holding.user_id);
        }
        // When it ended, however late that is heard of, so that all replicas debounce alike.
        let ended_at = Timestamp::from_micros(holding.revision);
        let dropped_at = ended_at.min(now).max(now - self.times.offline_debounce);
        self.settle(holding.user_id, now, dropped_at);
        true
    }

    /// Those who are on their way from a node; when it comes back under a new lease, they still are.
    pub fn moving_from(&self, node_id: NodeId) -> Vec<Holding> {
        let users = self
            .nodes
            .get(&node_id)
            .into_iter()
            .flat_map(|node| &node.users);
        let holdings = users
            .filter_map(|user_id| self.people.get(user_id))
            .flat_map(Individual::holdings);
        holdings
            .filter(|it| it.node_id == node_id && it.activity == Activity::Moving)
            .collect()
    }

    /// The lease of a node ended, up to an epoch, at a time: all its connections fall at once.
    pub fn end_lease(&mut self, node_id: NodeId, lease: Lease, now: Timestamp) {
        let node = self.nodes.entry(node_id).or_default();
        let merged = node.lease.merge(lease);
        if merged == node.lease {
            return;
        }
        node.lease = merged;
        for user_id in node.users.iter().copied().collect::<Vec<_>>() {
            let Some(individual) = self.people.get_mut(&user_id) else {
                continue;
            };
            let dropped = individual.drop_void(node_id, &merged);
            for connection_id in &dropped {
                self.owners.remove(connection_id);
            }
            if !individual.is_on(node_id)
                && let Some(node) = self.nodes.get_mut(&node_id)
            {
                node.users.remove(&user_id);
            }
            if !dropped.is_empty() {
                self.settle(user_id, now, merged.ended_at.min(now));
            }
        }
    }

    /// Learns of a claim; `false` if it knew this or a newer one.
    pub fn claim(&mut self, claim: Claim, now: Timestamp) -> bool {
        let user_id = claim.user_id;
        let is_new = self.people.entry(user_id).or_default().claim(claim);
        if is_new {
            self.settle(user_id, now, now);
        }
        self.tidy(user_id);
        is_new
    }

    /// What a person chose last.
    pub fn find_claim(&self, user_id: UserId) -> Option<&Claim> {
        self.people
            .get(&user_id)
            .and_then(|individual| individual.claim.as_ref())
    }

    /// Whether it is known that the node's leases have ended up to this epoch.
    pub fn has_ended(&self, node_id: NodeId, epoch: i64) -> bool {
        self.nodes
            .get(&node_id)
            .is_some_and(|node| node.lease.voids(epoch))
    }

    /// A connection as known.
    pub fn find_connection(&self, connection_id: ConnectionId) -> Option<Holding> {
        self.find_holding(*self.owners.get(&connection_id)?, connection_id)
    }

    /// A connection of somebody as known.
    pub fn find_holding(&self, user_id: UserId, connection_id: ConnectionId) -> Option<Holding> {
        self.people.get(&user_id)?.find(connection_id)
    }

    /// All connections on nodes of this board, for those who have to learn of them.
    pub fn holdings(&self) -> impl Iterator<Item = Holding> {
        self.people.values().flat_map(Individual::holdings)
    }

    /// Drops connections that are not among `known` and were last heard of before `before`.
    pub fn keep_only(
        &mut self,
        known: &HashSet<ConnectionId>,
        before: Timestamp,
        now: Timestamp,
    ) -> usize {
        let stale: Vec<Holding> = self
            .holdings()
            .filter(|h| !known.contains(&h.connection_id) && h.revision < before.as_micros())
            .filter(|h| h.activity != Activity::Moving)
            .collect();
        for holding in &stale {
            let revision = holding.revision.saturating_add(1);
            self.hold(
                Holding {
                    activity: Activity::Closed,
                    revision,
                    ..*holding
                },
                now,
            );
        }
        stale.len()
    }

    /// How a person sees oneself.
    pub fn own_view(&self, user_id: UserId) -> OwnView {
        self.people
            .get(&user_id)
            .map_or_else(Individual::nobody, |it| it.own.clone())
    }

    /// Whether last seen of a person is known here; else it is in the database.
    pub fn knows_last_seen(&self, user_id: UserId) -> bool {
        self.people
            .get(&user_id)
            .is_some_and(|individual| individual.last_seen != LastSeen::Unread)
    }

    /// Learns from the database when somebody who is watched was seen last; what is known counts
    /// more.
    pub fn learn_last_seen(&mut self, user_id: UserId, at: Option<Timestamp>) {
        let at = self.unsaved_sighting(user_id).or(at);
        if let Some(individual) = self.people.get_mut(&user_id)
            && individual.last_seen == LastSeen::Unread
        {
            individual.last_seen = at.into();
        }
    }

    /// When somebody who shuts others out from now on was last seen by them: those who go are
    /// offline only some time after they were seen last, and hiding must not look different.
    pub fn frozen_seen_at(
        &self,
        user_id: UserId,
        stored: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let stored = self.unsaved_sighting(user_id).or(stored);
        let Some(individual) = self.people.get(&user_id) else {
            return stored;
        };
        if individual.public.state == State::Offline {
            individual.last_seen.or(stored)
        } else {
            Some(now - self.times.offline_debounce)
        }
    }

    /// What one person is told about another at this moment. `stored` is the last-seen time of the
    /// database, for people who are not known here.
    pub fn show(&self, watching: &Watching, stored: Option<Timestamp>, is_told: bool) -> Shown {
        let stored = self.unsaved_sighting(watching.user_id).or(stored);
        let individual = self.people.get(&watching.user_id);
        individual::show(individual, watching, stored, is_told)
    }

    /// Lets everything happen that is due; the time of the next thing, if there is one.
    pub fn tick(&mut self, now: Timestamp) -> Option<Timestamp> {
        while let Some(&(at, user_id)) = self.timers.first()
            && at <= now
        {
            self.timers.pop_first();
            if let Some(individual) = self.people.get_mut(&user_id) {
                individual.timer = None;
                for holding in individual.end_moving(now) {
                    self.owners.remove(&holding.connection_id);
                    self.closed.insert(holding.connection_id, holding);
                    self.closed_queue
                        .push_back((now + CLOSED_KEPT, holding.connection_id));
                }
                self.settle(user_id, now, now);
                self.tidy(user_id);
            }
        }
        while let Some(&(at, connection_id)) = self.closed_queue.front()
            && at <= now
        {
            self.closed_queue.pop_front();
            self.closed.remove(&connection_id);
        }
        self.timers.first().map(|(at, _)| *at)
    }

    /// Last-seen times that have to be written down; [`Board::end_saving`] says what became of it.
    pub fn take_sightings(&mut self) -> Vec<(UserId, Timestamp)> {
        for (user_id, at) in self.sightings.drain() {
            let saving = self.saving.entry(user_id).or_insert(at);
            *saving = at.max(*saving);
        }
        self.saving
            .iter()
            .map(|(user_id, at)| (*user_id, *at))
            .collect()
    }

    /// What was taken is written down now, or has to be taken again.
    pub fn end_saving(&mut self, is_saved: bool) {
        for (user_id, at) in self.saving.drain() {
            if !is_saved {
                self.sightings.entry(user_id).or_insert(at);
            }
        }
    }

    /// When somebody was last seen who may not be written down yet.
    fn unsaved_sighting(&self, user_id: UserId) -> Option<Timestamp> {
        self.sightings
            .get(&user_id)
            .or_else(|| self.saving.get(&user_id))
            .copied()
    }

    /// How often the grounds of who sees whom have changed; whoever worked out a sight outside
    /// compares before and after.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The grounds of who sees whom have changed.
    pub const fn bump_generation(&mut self) {
        self.generation = self.generation.wrapping_add(1);
    }

    /// Works out anew how somebody is, after connections (which ended at `dropped_at`), the claim
    /// or the time changed.
    fn settle(&mut self, user_id: UserId, now: Timestamp, dropped_at: Timestamp) {
        let Some(individual) = self.people.get_mut(&user_id) else {
            return;
        };
        let change = individual.settle(now, dropped_at, self.times.offline_debounce);
        let timer = individual.next_timer(now);
        if timer != individual.timer {
            if let Some(at) = individual.timer.take() {
                self.timers.remove(&(at, user_id));
            }
            if let Some(at) = timer {
                self.timers.insert((at, user_id));
            }
            individual.timer = timer;
        }
        if let Some(at) = change.last_seen {
            self.sightings.insert(user_id, at);
        }
        if change.is_public || change.is_own {
            self.gallery
                .mark(&individual.watchers, user_id, change.is_public);
        }
    }

    /// Forgets somebody of whom there is nothing to know.
    fn tidy(&mut self, user_id: UserId) {
        if self.people.get(&user_id).is_some_and(Individual::is_void) {
            self.people.remove(&user_id);
        }
    }
}
