//! How much memory a watcher takes, measured in a process that does nothing else.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

use std::time::Duration;

use im_presence::domain::board::{Board, BoardTimes, Viewer, Watching};
use im_presence::domain::holding::{Activity, Holding};
use im_presence::domain::visibility::{Sight, Tie};
use im_types::{ConnectionId, NodeId, SiteId, Timestamp, UserId};
use tokio::time::Instant;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_040_000_000);
const PEOPLE: u128 = 10_000;
const WATCHED: u128 = 20;
/// What one watcher of twenty people may take, all told.
const BYTES_MAX: u64 = 2_048;
const PAGE_BYTES: u64 = 4_096;

/// Ids as they are in life: spread over the whole range.
fn id(number: u128) -> Uuid {
    Uuid::from_u128((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

fn user(number: u128) -> UserId {
    UserId::from_uuid(id(number % PEOPLE))
}

fn holding(number: u128, activity: Activity, revision: i64) -> Holding {
    Holding {
        epoch: 1,
        revision,
        activity,
        node_id: NodeId::from_uuid(id(0)),
        user_id: user(number),
        connection_id: ConnectionId::from_uuid(id(number)),
    }
}

/// Resident memory of this process.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages = statm.split_whitespace().nth(1).unwrap();
    pages.parse::<u64>().unwrap() * PAGE_BYTES
}

fn per_person(bytes: u64) -> u64 {
    bytes / u64::try_from(PEOPLE).unwrap()
}

#[test]
fn a_watcher_of_twenty_people_takes_two_kilobytes() {
    let empty = resident_bytes();
    let mut board = Board::new(BoardTimes {
        offline_debounce: Duration::from_secs(11),
        moving_kept: Duration::from_secs(45),
    });
    for number in 0..PEOPLE {
        board.hold(holding(number, Activity::Active, 1), NOW);
    }
    let connected = resident_bytes();
    let stream = board.open_stream();
    for number in 0..PEOPLE {
        let viewer = Viewer {
            connection_id: ConnectionId::from_uuid(id(number)),
            user_id: user(number),
            site_id: SiteId::default(),
            version: 1,
            is_last_seen_told: true,
        };
        let watching = |step| Watching {
            user_id: user(number + step),
            tie: Tie::default(),
            sight: Sight::Open,
        };
        assert!(board.watch(stream, viewer, (1..=WATCHED).map(watching).collect()));
        let views = board.drain(stream, NOW, 1_000);
        assert_eq!(views[0].seen.len(), 20);
    }
    let watching = resident_bytes();
    // Everybody becomes idle, which all watchers are told.
    let begun_at = Instant::now();
    let mut told = 0;
    for number in 0..PEOPLE {
        board.hold(holding(number, Activity::Idle, 2), NOW);
        let views = board.drain(stream, NOW, 1_000);
        told += views.iter().map(|view| view.seen.len()).sum::<usize>();
    }
    let took = begun_at.elapsed();
    let of_watcher = per_person(watching.saturating_sub(connected));
    println!(
        "{} bytes for a connected person, {of_watcher} for a watcher of {WATCHED}, {} after news; \
         {} ns for a change and {WATCHED} notices",
        per_person(connected.saturating_sub(empty)),
        per_person(resident_bytes().saturating_sub(connected)),
        took.as_nanos() / PEOPLE,
    );
    assert_eq!(told as u128, PEOPLE * WATCHED);
    assert!(of_watcher < BYTES_MAX, "{of_watcher} bytes");
}
