//! One person on the board.

use std::sync::Arc;
use std::time::Duration;

use im_types::{ConnectionId, NodeId, Timestamp};

use super::watch::{ViewerKey, Watching};
use super::watchers::Watchers;
use crate::domain::claim::Claim;
use crate::domain::holding::{Activity, Holding, Lease};
use crate::domain::reduce::{Automatic, OwnView, PublicView, Shown, State, automatic, own_view};
use crate::domain::visibility::Sight;

/// What is known of one person.
#[derive(Debug)]
pub(super) struct Individual {
    connections: Vec<Connection>,
    pub(super) claim: Option<Claim>,
    linger: Option<Linger>,
    pub(super) automatic: Option<Automatic>,
    pub(super) own: OwnView,
    pub(super) public: PublicView,
    /// When others saw the person last, if that is known here.
    pub(super) last_seen: LastSeen,
    pub(super) watchers: Watchers,
    /// What those who may see the person were told last; one copy for all of them.
    told: Option<Arc<Shown>>,
    /// The entry of the board's timers.
    pub(super) timer: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Connection {
    holding: Holding,
    /// Until when it is kept while [`Activity::Moving`].
    moving_until: Timestamp,
}

/// Somebody whose last connection ended, but who may be back in a moment.
#[derive(Debug, Clone, Copy)]
struct Linger {
    automatic: Automatic,
    ended_at: Timestamp,
    until: Timestamp,
}

/// When others saw somebody last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum LastSeen {
    /// Only the database knows.
    #[default]
    Unread,
    /// Never.
    Never,
    /// Then.
    At(Timestamp),
}

impl LastSeen {
    /// The time, or the one of the database where nothing is known.
    pub(super) const fn or(self, stored: Option<Timestamp>) -> Option<Timestamp> {
        match self {
            Self::Unread => stored,
            Self::Never => None,
            Self::At(at) => Some(at),
        }
    }
}

impl From<Option<Timestamp>> for LastSeen {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Never, Self::At)
    }
}

/// What settling has changed.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) is_public: bool,
    pub(super) is_own: bool,
    pub(super) last_seen: Option<Timestamp>,
}

impl Default for Individual {
    fn default() -> Self {
        Self {
            connections: Vec::new(),
            claim: None,
            linger: None,
            automatic: None,
            own: Self::nobody(),
            public: PublicView::offline(),
            last_seen: LastSeen::Unread,
            watchers: Watchers::default(),
            told: None,
            timer: None,
        }
    }
}

impl Individual {
    /// How somebody is of whom nothing is known.
    pub(super) fn nobody() -> OwnView {
        OwnView {
            state: State::Offline,
            reason: Arc::default(),
            expires_at: None,
        }
    }

    /// Merges a report; `false` if it says nothing new.
    pub(super) fn hold(&mut self, holding: Holding, moving_until: Timestamp) -> bool {
        let id = holding.connection_id;
        let known = self
            .connections
            .iter()
            .position(|it| it.holding.connection_id == id);
        let Some(known) = known.and_then(|index| self.connections.get_mut(index)) else {
            if holding.activity == Activity::Closed {
                return false;
            }
            // Most people have one connection, and a list would begin with room for four.
            if self.connections.len() == self.connections.capacity() {
                self.connections
                    .reserve_exact(self.connections.len() / 2 + 1);
            }
            self.connections.push(Connection {
                holding,
                moving_until,
            });
            return true;
        };
        let merged = known.holding.merge(holding);
        if merged == known.holding {
            return false;
        }
        if merged.activity == Activity::Closed {
            self.connections.retain(|it| it.holding.connection_id != id);
        } else {
            *known = Connection {
                holding: merged,
                moving_until,
            };
        }
        true
    }

    /// Drops what the node held under leases that have ended, and returns that.
    pub(super) fn drop_void(&mut self, node_id: NodeId, lease: &Lease) -> Vec<ConnectionId> {
        let is_void =
            |it: &Connection| it.holding.node_id == node_id && lease.voids(it.holding.epoch);
        let void = self.connections.iter().filter(|it| is_void(it));
        let dropped = void.map(|it| it.holding.connection_id).collect();
        self.connections.retain(|it| !is_void(it));
        dropped
    }

    /// Ends connections that moved for too long.
    pub(super) fn end_moving(&mut self, now: Timestamp) -> Vec<Holding> {
        let is_over =
            |it: &Connection| it.holding.activity == Activity::Moving && it.moving_until <= now;
        let over = self
            .connections
            .iter()
            .filter(|it| is_over(it))
            .map(|it| it.holding);
        let ended = over
            .map(|h| Holding {
                activity: Activity::Closed,
                ..h
            })
            .collect();
        self.connections.retain(|it| !is_over(it));
        ended
    }

    pub(super) fn is_on(&self, node_id: NodeId) -> bool {
        self.connections
            .iter()
            .any(|it| it.holding.node_id == node_id)
    }

    pub(super) fn find(&self, connection_id: ConnectionId) -> Option<Holding> {
        self.holdings()
            .find(|holding| holding.connection_id == connection_id)
    }

    pub(super) fn holdings(&self) -> impl Iterator<Item = Holding> {
        self.connections.iter().map(|it| it.holding)
    }

    /// Merges a claim; `false` if it says nothing new.
    pub(super) fn claim(&mut self, claim: Claim) -> bool {
        let merged = match self.claim.take() {
            Some(known) if known >= claim => {
                self.claim = Some(known);
                return false;
            }
            Some(known) => known.merge(claim),
            None => claim,
        };
        self.claim = Some(merged);
        true
    }

    /// Works out anew how the person is.
    pub(super) fn settle(
        &mut self,
        now: Timestamp,
        dropped_at: Timestamp,
        debounce: Duration,
    ) -> Change {
        let live = automatic(self.connections.iter().map(|it| it.holding.activity));
        match (live, self.automatic) {
            (Some(_), _) => self.linger = None,
            (None, Some(automatic)) => {
                let until = dropped_at + debounce;
                self.linger = Some(Linger {
                    automatic,
                    ended_at: dropped_at,
                    until,
                });
            }
            (None, None) => {}
        }
        self.automatic = live;
        let gone = self.linger.take_if(|linger| linger.until <= now);
        let effective = live.or(self.linger.map(|linger| linger.automatic));
        let own = own_view(effective, self.claim.as_ref(), now);
        let public = own.public();
        let mut change = Change {
            is_own: own != self.own,
            ..Change::default()
        };
        self.own = own;
        if public == self.public {
            return change;
        }
        if public.state == State::Offline {
            // Who becomes invisible is told as one who went the usual time ago.
            let at = gone.map_or_else(|| now - debounce, |linger| linger.ended_at);
            self.last_seen = LastSeen::At(at);
            change.last_seen = Some(at);
        }
        self.public = public;
        change.is_public = true;
        change
    }

    /// When something happens by itself next.
    pub(super) fn next_timer(&self, now: Timestamp) -> Option<Timestamp> {
        let moving = self
            .connections
            .iter()
            .filter(|it| it.holding.activity == Activity::Moving);
        let claim = self.claim.as_ref().and_then(|claim| claim.expires_at);
        moving
            .map(|it| it.moving_until)
            .chain(self.linger.map(|linger| linger.until))
            .chain(claim.filter(|at| *at > now))
            .min()
    }

    /// The same as one copy for all who are told the same.
    pub(super) fn share(&mut self, shown: Shown) -> Arc<Shown> {
        if let Some(told) = &self.told
            && **told == shown
        {
            return Arc::clone(told);
        }
        let told = Arc::new(shown);
        self.told = Some(Arc::clone(&told));
        told
    }

    /// A viewer has gone.
    pub(super) fn forget_watcher(&mut self, key: ViewerKey) {
        self.watchers.remove(key);
        if self.watchers.is_empty() {
            self.told = None;
        }
    }

    /// Whether there is nothing to know.
    pub(super) fn is_void(&self) -> bool {
        self.connections.is_empty()
            && self.linger.is_none()
            && self.claim.as_ref().is_none_or(Claim::says_nothing)
            && self.watchers.is_empty()
    }
}

/// What is told about somebody, by what may be seen. The only way out to viewers.
pub(super) fn show(
    individual: Option<&Individual>,
    watching: &Watching,
    stored: Option<Timestamp>,
    is_told: bool,
) -> Shown {
    let last_seen = individual.map_or(stored, |it| it.last_seen.or(stored));
    let claim = individual.and_then(|it| it.claim.as_ref());
    let is_told = is_told && !claim.is_some_and(|claim| claim.is_last_seen_hidden);
    match (watching.sight, individual) {
        (Sight::Closed, _) => Shown::offline(None),
        (Sight::Frozen, _) => Shown::offline(watching.tie.frozen_seen_at.filter(|_| is_told)),
        (Sight::Own, Some(it)) if it.own.state != State::Offline => Shown {
            state: it.own.state,
            reason: Arc::clone(&it.own.reason),
            expires_at: it.own.expires_at,
            last_seen_at: None,
        },
        // A claim counts when its owner comes back, so the owner is told of it.
        (Sight::Own, Some(it)) => Shown {
            reason: Arc::clone(&it.own.reason),
            expires_at: it.own.expires_at,
            ..Shown::offline(last_seen)
        },
        (Sight::Own, None) => Shown::offline(last_seen),
        (Sight::Open, Some(it)) if it.public.state != State::Offline => Shown {
            state: it.public.state,
            reason: Arc::clone(&it.public.reason),
            expires_at: None,
            last_seen_at: None,
        },
        (Sight::Open, _) => Shown::offline(last_seen.filter(|_| is_told)),
    }
}
