//! From connections and claims to one state.

use std::sync::Arc;
use std::time::Duration;

use im_types::Timestamp;

use super::claim::{Choice, Claim};
use super::holding::Activity;

/// How a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// There.
    Online,
    /// Connected but idle, or said to be away.
    Away,
    /// Occupied.
    Busy,
    /// Only VIP contacts are to ring.
    DoNotDisturb,
    /// There, but seen as offline by all others.
    Invisible,
    /// Not connected.
    Offline,
}

/// What the connections of a person say by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Automatic {
    /// One of them is in use.
    Online,
    /// All of them are idle.
    Away,
}

/// The aggregate of all connections; `None` if there is none. Those that are moving count only
/// while nothing else is there: whoever has arrived is no longer on the way.
pub fn automatic(activities: impl Iterator<Item = Activity>) -> Option<Automatic> {
    let (mut has_idle, mut has_moving) = (false, false);
    for activity in activities {
        match activity {
            Activity::Active => return Some(Automatic::Online),
            Activity::Idle => has_idle = true,
            Activity::Moving => has_moving = true,
            Activity::Closed => {}
        }
    }
    match (has_idle, has_moving) {
        (true, _) => Some(Automatic::Away),
        (false, true) => Some(Automatic::Online),
        (false, false) => None,
    }
}

/// What a person is told about oneself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnView {
    /// How the person is.
    pub state: State,
    /// Why; empty if unsaid.
    pub reason: Arc<str>,
    /// When the chosen state ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A current claim beats what the connections say, as long as there is one: nobody is busy who is
/// not there, and no device lifts what a person chose.
pub fn own_view(automatic: Option<Automatic>, claim: Option<&Claim>, now: Timestamp) -> OwnView {
    let claim = claim.filter(|claim| claim.is_current(now));
    let state = match (automatic, claim.and_then(|claim| claim.choice)) {
        (None, _) => State::Offline,
        (Some(Automatic::Online), None) | (Some(_), Some(Choice::Online)) => State::Online,
        (Some(Automatic::Away), None) | (Some(_), Some(Choice::Away)) => State::Away,
        (Some(_), Some(Choice::Busy)) => State::Busy,
        (Some(_), Some(Choice::DoNotDisturb)) => State::DoNotDisturb,
        (Some(_), Some(Choice::Invisible)) => State::Invisible,
    };
    OwnView {
        state,
        reason: claim.map_or_else(Arc::default, |claim| Arc::clone(&claim.reason)),
        expires_at: claim.and_then(|claim| claim.expires_at),
    }
}

/// What others may see at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicView {
    /// Never [`State::Invisible`].
    pub state: State,
    /// Why; empty if unsaid or offline.
    pub reason: Arc<str>,
}

impl PublicView {
    /// Of somebody who is not there.
    pub fn offline() -> Self {
        Self {
            state: State::Offline,
            reason: Arc::default(),
        }
    }
}

impl OwnView {
    /// The same for others: invisible is offline, and offline has no reason.
    pub fn public(&self) -> PublicView {
        match self.state {
            State::Invisible | State::Offline => PublicView::offline(),
            state => PublicView {
                state,
                reason: Arc::clone(&self.reason),
            },
        }
    }
}

/// What one viewer sees of one person, ready to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// How the person is.
    pub state: State,
    /// Why; empty if unsaid.
    pub reason: Arc<str>,
    /// When the chosen state ends; only told to the person.
    pub expires_at: Option<Timestamp>,
    /// Last time connected, to the minute; `None` while connected or if it is not to be told.
    pub last_seen_at: Option<Timestamp>,
}

impl Shown {
    /// Of somebody who is not there or not to be seen.
    pub fn offline(last_seen_at: Option<Timestamp>) -> Self {
        let last_seen_at = last_seen_at.map(to_minute);
        Self {
            state: State::Offline,
            reason: Arc::default(),
            expires_at: None,
            last_seen_at,
        }
    }
}

/// Rounded down to the minute, so that nobody is watched by the second.
fn to_minute(at: Timestamp) -> Timestamp {
    const MINUTE: Duration = Duration::from_mins(1);
    let micros = i64::try_from(MINUTE.as_micros()).unwrap_or(1);
    Timestamp::from_micros(at.as_micros().div_euclid(micros).saturating_mul(micros))
}

#[cfg(test)]
mod tests {
    use im_types::UserId;
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(100);

    fn claim(choice: Option<Choice>) -> Claim {
        Claim {
            user_id: UserId::from_uuid(Uuid::nil()),
            revision: 1,
            choice,
            reason: "lunch".into(),
            expires_at: Some(Timestamp::from_micros(200)),
            is_last_seen_hidden: false,
        }
    }

    fn state(auto: Option<Automatic>, choice: Option<Choice>) -> State {
        own_view(auto, Some(&claim(choice)), NOW).state
    }

    #[test]
    fn one_active_connection_is_online_and_only_idle_ones_are_away() {
        use Activity::{Active, Closed, Idle, Moving};
        let of = |activities: &[Activity]| automatic(activities.iter().copied());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[Closed]), None);
        assert_eq!(of(&[Idle, Closed]), Some(Automatic::Away));
        assert_eq!(of(&[Idle, Active]), Some(Automatic::Online));
        assert_eq!(of(&[Moving]), Some(Automatic::Online));
        assert_eq!(of(&[Moving, Idle]), Some(Automatic::Away));
    }

    /// behaviour 7.1
    #[test]
    fn no_device_lifts_what_a_person_chose() {
        let choices = [
            Choice::Busy,
            Choice::DoNotDisturb,
            Choice::Invisible,
            Choice::Away,
        ];
        for choice in choices {
            let idle = state(Some(Automatic::Away), Some(choice));
            assert_eq!(state(Some(Automatic::Online), Some(choice)), idle);
            assert_eq!(state(None, Some(choice)), State::Offline);
        }
        assert_eq!(
            state(Some(Automatic::Away), Some(Choice::Online)),
            State::Online
        );
        assert_eq!(state(Some(Automatic::Away), None), State::Away);
    }

    #[test]
    fn an_expired_claim_says_nothing() {
        let claim = claim(Some(Choice::Busy));
        let view = own_view(
            Some(Automatic::Online),
            Some(&claim),
            Timestamp::from_micros(200),
        );
        assert_eq!(
            (view.state, &*view.reason, view.expires_at),
            (State::Online, "", None)
        );
    }

    #[test]
    fn invisible_is_offline_to_others_without_a_reason() {
        let view = own_view(
            Some(Automatic::Online),
            Some(&claim(Some(Choice::Invisible))),
            NOW,
        );
        assert_eq!((view.state, &*view.reason), (State::Invisible, "lunch"));
        assert_eq!(view.public(), PublicView::offline());
    }

    #[test]
    fn last_seen_is_rounded_down_to_the_minute() {
        let at = |micros| Shown::offline(Some(Timestamp::from_micros(micros))).last_seen_at;
        assert_eq!(at(119_999_999), Some(Timestamp::from_micros(60_000_000)));
        assert_eq!(at(120_000_000), Some(Timestamp::from_micros(120_000_000)));
        assert_eq!(Shown::offline(None).last_seen_at, None);
    }
}
