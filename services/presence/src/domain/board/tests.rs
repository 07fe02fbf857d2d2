use std::sync::Arc;

use im_types::{Clock, Ids, SiteId};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::claim::Choice;
use crate::domain::visibility::{Sight, Tie};

mod watching;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_040_000_000);
const DEBOUNCE: Duration = Duration::from_millis(11_500);
const SECOND: Duration = Duration::from_secs(1);

fn board() -> Board {
    let moving_kept = Duration::from_secs(45);
    Board::new(BoardTimes {
        offline_debounce: DEBOUNCE,
        moving_kept,
    })
}

fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

fn node(number: u128) -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(number))
}

fn holding(user_number: u128, connection: u128, activity: Activity, at: Timestamp) -> Holding {
    Holding {
        epoch: 1,
        revision: at.as_micros(),
        activity,
        node_id: node(1),
        user_id: user(user_number),
        connection_id: ConnectionId::from_uuid(Uuid::from_u128(connection)),
    }
}

fn claim(choice: Option<Choice>, revision: i64) -> Claim {
    Claim {
        user_id: user(1),
        revision,
        choice,
        reason: Arc::from("lunch"),
        expires_at: None,
        is_last_seen_hidden: false,
    }
}

/// A viewer (user 9) that watches user 1.
fn viewer(board: &mut Board, sight: Sight) -> StreamId {
    let stream = board.open_stream();
    let viewer = Viewer {
        connection_id: ConnectionId::from_uuid(Uuid::from_u128(900)),
        user_id: user(9),
        site_id: SiteId::default(),
        version: 1,
        is_last_seen_told: true,
    };
    assert!(board.watch(stream, viewer, vec![watching(1, sight)]));
    stream
}

fn watching(number: u128, sight: Sight) -> Watching {
    Watching {
        user_id: user(number),
        tie: Tie::default(),
        sight,
    }
}

fn states(board: &mut Board, stream: StreamId, now: Timestamp) -> Vec<State> {
    let views = board.drain(stream, now, 1_000);
    views
        .iter()
        .flat_map(|view| &view.seen)
        .map(|seen| seen.shown.state)
        .collect()
}

/// behaviour 7.2: online at once, offline after the debounce, a return in between is no flap.
#[test]
fn going_is_debounced_and_coming_is_not() {
    let mut board = board();
    let stream = viewer(&mut board, Sight::Open);
    assert_eq!(states(&mut board, stream, NOW), [State::Offline]);
    board.hold(holding(1, 1, Activity::Active, NOW), NOW);
    assert_eq!(states(&mut board, stream, NOW), [State::Online]);
    let closed = NOW + SECOND;
    board.hold(holding(1, 1, Activity::Closed, closed), closed);
    assert_eq!(states(&mut board, stream, closed), []);
    board.hold(
        holding(1, 2, Activity::Active, closed + SECOND),
        closed + SECOND,
    );
    board.tick(closed + DEBOUNCE);
    assert_eq!(states(&mut board, stream, closed + DEBOUNCE), [], "no flap");
    let closed = NOW + 20 * SECOND;
    board.hold(holding(1, 2, Activity::Closed, closed), closed);
    let almost = closed + DEBOUNCE - Duration::from_micros(1);
    assert_eq!(board.tick(almost), Some(closed + DEBOUNCE));
    assert_eq!(states(&mut board, stream, almost), []);
    board.tick(closed + DEBOUNCE);
    assert_eq!(
        states(&mut board, stream, closed + DEBOUNCE),
        [State::Offline]
    );
    assert_eq!(board.take_sightings(), [(user(1), closed)]);
}

/// behaviour 7.2: a node that dies takes all its connections down at once.
#[test]
fn a_lease_that_ends_drops_all_and_old_reports_stay_void() {
    let mut board = board();
    let stream = viewer(&mut board, Sight::Open);
    for connection in 1..=3 {
        board.hold(holding(connection, connection, Activity::Active, NOW), NOW);
    }
    let ended_at = NOW + SECOND;
    let seen_at = ended_at + SECOND;
    board.end_lease(
        node(1),
        Lease {
            ended_epoch: 1,
            ended_at,
        },
        seen_at,
    );
    assert_eq!(board.census().active, 0);
    assert!(!board.hold(holding(1, 1, Activity::Active, seen_at), seen_at));
    board.drain(stream, seen_at, 10);
    board.tick(ended_at + DEBOUNCE);
    let now = ended_at + DEBOUNCE;
    assert_eq!(
        states(&mut board, stream, now),
        [State::Offline],
        "counted from the lease's end"
    );
    let new = Holding {
        epoch: 2,
        ..holding(1, 1, Activity::Active, now)
    };
    assert!(board.hold(new, now), "the node's next lease counts");
}

/// behaviour 7.2: drained node: no flap.
#[test]
fn people_of_a_draining_node_keep_their_presence_while_they_move() {
    let mut board = board();
    let stream = viewer(&mut board, Sight::Open);
    board.hold(holding(1, 1, Activity::Active, NOW), NOW);
    board.drain(stream, NOW, 10);
    let left = NOW + SECOND;
    board.hold(holding(1, 1, Activity::Moving, left), left);
    board.tick(left + 30 * SECOND);
    let arrived = Holding {
        node_id: node(2),
        ..holding(1, 2, Activity::Active, left)
    };
    board.hold(arrived, left + 30 * SECOND);
    board.tick(left + 60 * SECOND);
    assert_eq!(states(&mut board, stream, left + 60 * SECOND), []);
    // Whoever does not arrive is gone after the time they are kept, and the debounce.
    board.hold(holding(2, 3, Activity::Moving, left), left);
    board.tick(left + 45 * SECOND);
    board.tick(left + 60 * SECOND);
    assert_eq!(board.own_view(user(2)).state, State::Offline);
}

#[test]
fn claims_expire_by_themselves() {
    let mut board = board();
    let stream = viewer(&mut board, Sight::Open);
    board.hold(holding(1, 1, Activity::Active, NOW), NOW);
    let expires_at = Some(NOW + SECOND);
    board.claim(
        Claim {
            expires_at,
            ..claim(Some(Choice::Busy), 1)
        },
        NOW,
    );
    assert_eq!(states(&mut board, stream, NOW), [State::Busy]);
    board.tick(NOW + SECOND);
    assert_eq!(states(&mut board, stream, NOW + SECOND), [State::Online]);
}

#[test]
fn what_the_database_does_not_have_is_dropped_unless_it_is_new() {
    let mut board = board();
    for connection in 1..=3 {
        board.hold(holding(connection, connection, Activity::Active, NOW), NOW);
    }
    let late = NOW + 20 * SECOND;
    board.hold(holding(4, 4, Activity::Active, late), late);
    let known = HashSet::from([ConnectionId::from_uuid(Uuid::from_u128(1))]);
    assert_eq!(board.keep_only(&known, late - SECOND, late), 2);
    assert_eq!(board.census().active, 2);
}

#[test]
fn nothing_is_left_of_those_who_are_gone() {
    let mut board = board();
    let stream = viewer(&mut board, Sight::Open);
    board.hold(holding(1, 1, Activity::Active, NOW), NOW);
    board.hold(holding(1, 1, Activity::Closed, NOW + SECOND), NOW + SECOND);
    board.close_stream(stream);
    board.tick(NOW + DEBOUNCE + SECOND);
    board.tick(NOW + 2 * CLOSED_KEPT);
    assert!(board.people.is_empty() && board.closed.is_empty() && board.timers.is_empty());
    assert!(board.owners.is_empty() && board.closed_queue.is_empty());
}

fn reports() -> impl Strategy<Value = Vec<Holding>> {
    let report = (0..3_u128, 0..3_i64, 1..3_i64, 0..4_usize).prop_map(
        |(connection, revision, epoch, activity)| {
            let activities = [
                Activity::Active,
                Activity::Idle,
                Activity::Moving,
                Activity::Closed,
            ];
            let at = Timestamp::from_micros(revision);
            Holding {
                epoch,
                ..holding(connection % 2, connection, activities[activity], at)
            }
        },
    );
    proptest::collection::vec(report, 0..12)
}

proptest! {
    /// Replicas that hear the same in another order, and twice, agree.
    #[test]
    fn order_and_repetition_make_no_difference(reports in reports(), seed: u64, end in 0..3_i64) {
        let mut one = board();
        for report in &reports {
            one.hold(*report, NOW);
        }
        one.end_lease(node(1), Lease { ended_epoch: end, ended_at: NOW }, NOW);
        let mut two = board();
        let ids = Ids::seeded(Clock::mock(NOW), seed);
        let mut shuffled: Vec<Holding> = reports.iter().chain(&reports).copied().collect();
        shuffled.sort_by_cached_key(|_| ids.random_bytes::<8>());
        let middle = shuffled.len() / 2;
        for (at, report) in shuffled.iter().enumerate() {
            if at == middle {
                two.end_lease(node(1), Lease { ended_epoch: end, ended_at: NOW }, NOW);
            }
            two.hold(*report, NOW);
        }
        two.end_lease(node(1), Lease { ended_epoch: end, ended_at: NOW }, NOW);
        let known = |board: &Board| {
            let mut holdings: Vec<Holding> = board.holdings().collect();
            holdings.sort_unstable();
            holdings
        };
        prop_assert_eq!(known(&one), known(&two));
        let later = NOW + 100 * SECOND;
        one.tick(later);
        two.tick(later);
        for number in 0..2 {
            prop_assert_eq!(one.own_view(user(number)), two.own_view(user(number)));
        }
    }
}
