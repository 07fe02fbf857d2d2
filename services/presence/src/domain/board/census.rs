//! How many there are, for those who look after the system.

use super::Board;
use crate::domain::holding::Activity;
use crate::domain::reduce::State;

/// What a board holds at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Connections in use.
    pub active: u64,
    /// Connections in front of which nobody sits.
    pub idle: u64,
    /// Connections that are moving to another node.
    pub moving: u64,
    /// People whom others may see as online.
    pub online: u64,
    /// The same, away.
    pub away: u64,
    /// The same, busy.
    pub busy: u64,
    /// The same, not to be disturbed.
    pub do_not_disturb: u64,
    /// Viewers with a list.
    pub watchers: u64,
    /// People who are on one.
    pub watched: u64,
}

impl Board {
    /// Counts. Whoever is invisible counts as everywhere else: as somebody who is not there.
    pub fn census(&self) -> Census {
        let mut census = Census {
            watchers: self.viewer_count(),
            ..Census::default()
        };
        for individual in self.people.values() {
            match individual.public.state {
                State::Online => census.online += 1,
                State::Away => census.away += 1,
                State::Busy => census.busy += 1,
                State::DoNotDisturb => census.do_not_disturb += 1,
                State::Invisible | State::Offline => {}
            }
            census.watched += u64::from(!individual.watchers.is_empty());
            for holding in individual.holdings() {
                match holding.activity {
                    Activity::Active => census.active += 1,
                    Activity::Idle => census.idle += 1,
                    Activity::Moving => census.moving += 1,
                    Activity::Closed => {}
                }
            }
        }
        census
    }
}
