//! Telling the other replicas, and hearing them.

use std::sync::Arc;

use im_bus::{Event, EventBus, Message, Subscription, Topic};
use im_proto::event::{PresenceStated, presence_stated};
use im_proto::presence::presence::State as ProtoState;
use im_types::{ConnectionId, NodeId, Timestamp, UserId};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::roster_bell::RosterBell;
use crate::domain::claim::{Choice, Claim, REASON_CHARS_MAX};
use crate::domain::holding::{Activity, Holding};
use crate::usecase::{News, Presence};

/// What replicas know of people.
pub const STATE: Topic = Topic::new("presence", "state");
/// Rosters changed.
pub const ROSTER: Topic = Topic::new("presence", "roster");

/// Items in one message: far under what the bus carries, even with the longest reasons.
const ITEMS_MAX: usize = 100;

/// Sends what the use cases have to tell.
pub struct Publisher {
    /// Where to.
    pub bus: EventBus,
    /// This replica's name.
    pub replica_id: String,
    /// What there is to tell.
    pub news: mpsc::Receiver<News>,
}

impl Publisher {
    /// Runs until shutdown and then sends what is left.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut batch = Vec::with_capacity(ITEMS_MAX);
        let mut roster = RosterBell::default();
        loop {
            let now = Instant::now();
            let ring_at = roster.ring_at(now);
            if ring_at.is_some_and(|at| at <= now) {
                self.ring(&mut roster, now);
                continue;
            }
            let received = tokio::select! {
                count = self.news.recv_many(&mut batch, ITEMS_MAX) => count,
                () = sleep_until(ring_at.unwrap_or(now)), if ring_at.is_some() => continue,
                () = shutdown.cancelled(), if !self.news.is_closed() => {
                    // Handlers may still be telling; the channel ends with the last of them.
                    self.news.close();
                    continue;
                }
            };
            if received == 0 {
                if ring_at.is_some() {
                    self.ring(&mut roster, now);
                }
                return;
            }
            self.publish(batch.drain(..), &mut roster);
        }
    }

    fn ring(&self, roster: &mut RosterBell, now: Instant) {
        self.bus
            .publish_message(&ROSTER.subject(), &roster.take(now));
    }

    fn publish(&self, news: impl Iterator<Item = News>, roster: &mut RosterBell) {
        let mut stated = PresenceStated {
            replica_id: self.replica_id.clone(),
            ..Default::default()
        };
        for item in news {
            match item {
                News::Holding(holding) => stated.holdings.push(holding_to_proto(&holding)),
                News::Claim(claim) => stated.claims.push(claim_to_proto(&claim)),
                News::RestateWanted => stated.restate_wanted = true,
                News::Roster { position, user_ids } => roster.note(position, user_ids),
            }
        }
        if !stated.holdings.is_empty() || !stated.claims.is_empty() || stated.restate_wanted {
            self.bus.publish_message(&STATE.subject(), &stated);
        }
    }
}

/// Hears the other replicas.
pub struct Listener {
    /// The operations.
    pub presence: Presence,
    /// This replica's name, whose messages it ignores.
    pub replica_id: String,
    /// Of [`STATE`].
    pub states: Subscription,
    /// Of [`ROSTER`].
    pub rosters: Subscription,
    /// Rung when something may have been missed.
    pub reconcile: Arc<Notify>,
}

impl Listener {
    /// Runs until shutdown or the end of the bus.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let event = tokio::select! {
                () = shutdown.cancelled() => return,
                event = self.states.recv() => event.map(|event| (event, true)),
                event = self.rosters.recv() => event.map(|event| (event, false)),
            };
            match event {
                None => return,
                Some((Event::Message(message), true)) => self.hear(&message).await,
                Some((Event::Message(_), false)) => self.presence.ring_roster(),
                Some((Event::Lagged { .. } | Event::Reconnected, _)) => {
                    self.presence.ring_roster();
                    self.reconcile.notify_one();
                }
            }
        }
    }

    async fn hear(&self, message: &Message) {
        let Ok(stated) = message.decode::<PresenceStated>() else {
            tracing::warn!("a replica of another version says what cannot be read");
            return;
        };
        if stated.replica_id == self.replica_id {
            return;
        }
        let holdings: Vec<Holding> = stated
            .holdings
            .iter()
            .filter_map(holding_from_proto)
            .collect();
        let claims: Vec<Claim> = stated.claims.iter().filter_map(claim_from_proto).collect();
        self.presence.learn(holdings, claims);
        if stated.restate_wanted {
            self.presence.restate().await;
        }
    }
}

fn holding_to_proto(holding: &Holding) -> presence_stated::Holding {
    presence_stated::Holding {
        user_id: holding.user_id.to_string(),
        node_id: holding.node_id.to_string(),
        connection_id: holding.connection_id.to_string(),
        epoch: holding.epoch,
        revision: holding.revision,
        active_count: i32::from(holding.activity == Activity::Active),
        idle_count: i32::from(holding.activity == Activity::Idle),
        is_moving: holding.activity == Activity::Moving,
    }
}

fn holding_from_proto(holding: &presence_stated::Holding) -> Option<Holding> {
    let activity = match holding {
        it if it.is_moving => Activity::Moving,
        it if it.active_count > 0 => Activity::Active,
        it if it.idle_count > 0 => Activity::Idle,
        _ => Activity::Closed,
    };
    Some(Holding {
        epoch: holding.epoch,
        revision: holding.revision,
        activity,
        node_id: NodeId::parse(&holding.node_id).ok()?,
        user_id: UserId::parse(&holding.user_id).ok()?,
        connection_id: ConnectionId::parse(&holding.connection_id).ok()?,
    })
}

fn claim_to_proto(claim: &Claim) -> presence_stated::Claim {
    let state = match claim.choice {
        None => ProtoState::Unspecified,
        Some(Choice::Online) => ProtoState::Online,
        Some(Choice::Away) => ProtoState::Away,
        Some(Choice::Busy) => ProtoState::Busy,
        Some(Choice::DoNotDisturb) => ProtoState::DoNotDisturb,
        Some(Choice::Invisible) => ProtoState::Invisible,
    };
    presence_stated::Claim {
        user_id: claim.user_id.to_string(),
        revision: claim.revision,
        state: state.into(),
        reason: claim.reason.to_string(),
        expires_at_us: claim.expires_at.map_or(0, Timestamp::as_micros),
        last_seen_hidden: claim.is_last_seen_hidden,
    }
}

fn claim_from_proto(claim: &presence_stated::Claim) -> Option<Claim> {
    let choice = match claim.state() {
        ProtoState::Unspecified | ProtoState::Offline => None,
        ProtoState::Online => Some(Choice::Online),
        ProtoState::Away => Some(Choice::Away),
        ProtoState::Busy => Some(Choice::Busy),
        ProtoState::DoNotDisturb => Some(Choice::DoNotDisturb),
        ProtoState::Invisible => Some(Choice::Invisible),
    };
    if claim.reason.chars().count() > REASON_CHARS_MAX {
        return None;
    }
    Some(Claim {
        user_id: UserId::parse(&claim.user_id).ok()?,
        revision: claim.revision,
        choice,
        reason: claim.reason.as_str().into(),
        expires_at: (claim.expires_at_us > 0).then(|| Timestamp::from_micros(claim.expires_at_us)),
        is_last_seen_hidden: claim.last_seen_hidden,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use im_proto::event::RosterChanged;
    use im_types::{Clock, Ids};

    use super::*;

    /// What a messaging replica asks for grows with time, not with the number of changes.
    #[tokio::test(start_paused = true)]
    async fn a_burst_of_roster_changes_rings_ten_times_a_second() {
        let bus = EventBus::in_process();
        let mut bells = bus.subscribe(ROSTER).await.unwrap();
        let (news, queue) = mpsc::channel(16);
        let publisher = Publisher {
            bus,
            replica_id: "one".to_owned(),
            news: queue,
        };
        let mut running = tokio::task::JoinSet::new();
        running.spawn(publisher.run(CancellationToken::new()));
        let ids = Ids::seeded(Clock::mock(Timestamp::EPOCH), 1);
        let begun_at = Instant::now();
        for position in 1..=200 {
            let user_ids = vec![ids.new_id(), ids.new_id()];
            let changed = News::Roster { position, user_ids };
            news.send(changed).await.unwrap();
            if position == 1 {
                let first = bells.recv().await;
                assert_eq!(position_of(first.as_ref()), (1, 2));
                assert_eq!(
                    begun_at.elapsed(),
                    Duration::ZERO,
                    "one change waits for nothing"
                );
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(news);
        running.join_next().await.unwrap().unwrap();
        let mut told = Vec::new();
        while let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(1), bells.recv()).await
        {
            told.push(position_of(Some(&event)));
        }
        assert!((9..=11).contains(&told.len()), "{told:?}");
        assert_eq!(told.last().map(|it| it.0), Some(200), "the last one counts");
        assert!(told.iter().all(|it| it.1 <= 100), "{told:?}");
    }

    fn position_of(event: Option<&Event>) -> (i64, usize) {
        let Some(Event::Message(message)) = event else {
            panic!("no bell: {event:?}");
        };
        let told: RosterChanged = message.decode().unwrap();
        (told.position, told.user_ids.len())
    }
}
