//! Twenty people send and fifty receive at full speed while the process is killed again and again.
//! What the clients wrote down must add up; nobody else is asked.

mod clients;

use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use im_tests::checker::{Record, Recorder, check, read_records};
use im_tests::client::{Person, ops};
use im_tests::data_dir;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::system::{Form, System, set_policies, text};
use clients::{Receiver, Room, Sender, Traffic};

const SENDERS: usize = 20;
const RECEIVERS: usize = 50;
/// Receivers with a second device.
const SECOND_DEVICES: usize = 10;
/// Conversations of all senders with a tenth of the receivers each, and one of everybody.
const ROOMS: usize = 10;
const KILLS: usize = 10;
/// From the readiness after one kill to the next.
const LIFE_MS: std::ops::Range<u64> = 800..2_500;
/// Messages of one sender, so that a fast machine ends too.
const MESSAGES_PER_SENDER_MAX: usize = 2_000;
/// From the last kill to the moment when everybody has everything.
const CATCH_UP: Duration = Duration::from_mins(1);

/// §8.1, §8.2, §8.3, §8.4, §10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behaviour_10_kill_9_loses_nothing_that_was_acknowledged() {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let mut system = System::start(Form::Standalone).await;
    let records = data_dir();
    let town = Town::build(&system, records.path()).await;
    let traffic = Traffic::new();
    let mut senders = JoinSet::new();
    for (number, person) in town.senders.iter().enumerate() {
        let sender = Sender::new(number, person, &town.rooms, random.random());
        let recorder = Recorder::create(records.path(), &format!("sender{number}"));
        senders.spawn(sender.run(recorder, traffic.clone(), MESSAGES_PER_SENDER_MAX));
    }
    let mut receivers = JoinSet::new();
    for receiver in town.receivers {
        receivers.spawn(receiver.run(traffic.clone()));
    }

    let mut restarts = Vec::new();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(random.random_range(LIFE_MS))).await;
        let begin = Instant::now();
        system.doors[0].process.restart_hard().await;
        restarts.push(begin.elapsed());
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    traffic.stop_sending();
    let finish = async {
        join_all_of(&mut senders).await;
        // Each sender said goodbye in each of its rooms; whoever has all of those has everything.
        join_all_of(&mut receivers).await;
    };
    let finished = tokio::time::timeout(CATCH_UP, finish).await;
    let findings = check(read_records(records.path()));
    println!(
        "nothing lost: seed {seed}, {} sent, {} acknowledged, {} entries received on {} devices, \
         {KILLS} kills, longest restart {:?}, longest pause between two acknowledgements {:?}",
        findings.sent,
        findings.acked,
        findings.received,
        findings.devices,
        restarts.iter().max().copied().unwrap_or_default(),
        traffic.longest_pause(),
    );
    assert_eq!(findings.faults, Vec::<String>::new(), "seed {seed}");
    assert!(
        finished.is_ok(),
        "seed {seed}: not everybody has everything after {CATCH_UP:?}"
    );
    assert_eq!(
        findings.acked, findings.sent,
        "seed {seed}: a sender gives up on nothing"
    );
    assert_eq!(findings.devices, RECEIVERS + SECOND_DEVICES);
    assert!(
        findings.sent > SENDERS * KILLS,
        "seed {seed}: hardly anything was sent"
    );
}

async fn join_all_of(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        ended.expect("a client does not give up");
    }
}

/// Everybody, with their conversations.
struct Town {
    senders: Vec<Person>,
    rooms: Vec<Room>,
    receivers: Vec<Receiver>,
}

impl Town {
    async fn build(system: &System, records: &Path) -> Self {
        let admin = system.administrator().await;
        set_policies(&admin, &[("visibility_mode", "open_community")]).await;
        let register = |kind: &'static str, count: usize| {
            let names = (0..count).map(move |number| format!("{kind}{number}"));
            join_all(names.map(async |name| system.person(&name).await))
        };
        let senders = register("sender", SENDERS).await;
        let readers = register("receiver", RECEIVERS).await;
        let mut recorder = Recorder::create(records, "town");
        let mut rooms = Vec::new();
        for number in 0..=ROOMS {
            let is_here = |at: usize| number == ROOMS || at % ROOMS == number;
            let here = readers.iter().enumerate().filter(|(at, _)| is_here(*at));
            let mut members: Vec<&str> = here.map(|(_, reader)| reader.id.as_str()).collect();
            members.extend(senders.iter().map(|sender| sender.id.as_str()));
            let title = format!("room {number}");
            let others: Vec<&str> = members
                .iter()
                .copied()
                .filter(|id| *id != senders[0].id)
                .collect();
            let made = senders[0].api.ok(ops::group(&title, &others)).await;
            let room = Room::new(text(&made["conversation"]["id"]), &members);
            for user in members {
                recorder.write(&Record::Member {
                    conversation: room.id.clone(),
                    user: user.to_owned(),
                });
            }
            rooms.push(room);
        }
        let mut receivers = Vec::new();
        for (number, reader) in readers.iter().enumerate() {
            let position = reader.api.ok(ops::entries("", 1)).await;
            let cursor = text(&position["cursor"]);
            let mut devices = vec![reader.clone()];
            if number < SECOND_DEVICES {
                devices.push(Person::login(&system.api(), &reader.username).await);
            }
            for (at, device) in devices.into_iter().enumerate() {
                let name = format!("receiver{number}-{at}");
                let recorder = Recorder::create(records, &name);
                let goodbyes = Receiver::goodbyes(&device, &rooms, SENDERS);
                let reads = (cursor.to_owned(), goodbyes);
                receivers.push(Receiver::new(name, device, recorder, reads));
            }
        }
        recorder.finish();
        Self {
            senders,
            rooms,
            receivers,
        }
    }
}
