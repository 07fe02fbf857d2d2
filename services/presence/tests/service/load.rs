//! How fast news reach viewers, measured over a stream. The figures are printed; what is asserted
//! holds in an unoptimised build on a busy machine too.

use std::time::Duration;

use im_policy::Key;
use im_proto::presence as proto;
use im_store::testing::{TestDatabase, sqlite_temp};
use im_types::{Clock, ConnectionId, UserId};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval};
use tokio_stream::wrappers::ReceiverStream;

use crate::harness::{Instance, Node, State, World};

const PEOPLE: usize = 200;
const WATCHERS: usize = 20;

/// Everybody is watched by the next twenty; returns when all snapshots have come.
async fn ring(
    service: &Instance,
    people: &[UserId],
) -> (
    mpsc::Sender<proto::WatchRequest>,
    tonic::Streaming<proto::WatchResponse>,
) {
    let (requests, queue) = mpsc::channel(64);
    let answer = service
        .internal
        .clone()
        .watch(ReceiverStream::new(queue))
        .await
        .unwrap();
    let mut responses = answer.into_inner();
    for at in 0..people.len() {
        let watched = (1..=WATCHERS).map(|step| people[(at + step) % people.len()].to_string());
        let request = proto::WatchRequest {
            connection_id: service.ids.new_id::<ConnectionId>().to_string(),
            viewer_id: people[at].to_string(),
            site_id: "default".to_owned(),
            user_ids: watched.collect(),
            version: 1,
        };
        requests.send(request).await.unwrap();
    }
    let mut snapshots = 0;
    while snapshots < people.len() {
        snapshots += responses.message().await.unwrap().unwrap().views.len();
    }
    (requests, responses)
}

/// Everybody is connected and watched by twenty others.
struct Crowd {
    service: Instance,
    node: Node,
    people: Vec<UserId>,
    connections: Vec<ConnectionId>,
    requests: mpsc::Sender<proto::WatchRequest>,
    responses: tonic::Streaming<proto::WatchResponse>,
    world: (World, TestDatabase),
}

async fn crowd() -> Crowd {
    let home = sqlite_temp().await;
    let world = World::over(home.database(), Clock::system());
    world.set(Key::VisibilityMode, "open_community");
    let people: Vec<UserId> = (0..PEOPLE)
        .map(|n| world.user(&format!("user{n}")))
        .collect();
    let service = world.start().await;
    let node = service.node().await;
    let mut connections = Vec::new();
    for person in &people {
        connections.push(node.open(*person).await.unwrap());
    }
    let (requests, responses) = ring(&service, &people).await;
    let world = (world, home);
    Crowd {
        service,
        node,
        people,
        connections,
        requests,
        responses,
        world,
    }
}

/// Open loop: 800 changes a second, 20 watchers each. The reason carries the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_an_open_loop_the_newest_state_arrives() {
    let Crowd {
        service,
        people,
        mut responses,
        requests,
        world,
        ..
    } = crowd().await;
    let begun_at = Instant::now();
    let read = async {
        // A busy machine coalesces; the newest state, do-not-disturb, arrives all the same.
        let (mut delays_us, mut arrived): (Vec<u128>, usize) = (Vec::new(), 0);
        while arrived < PEOPLE * WATCHERS {
            let response = responses.message().await.unwrap().unwrap();
            let now = begun_at.elapsed().as_micros();
            for presence in response.views.iter().flat_map(|view| &view.presences) {
                if presence.state() == State::DoNotDisturb {
                    arrived += 1;
                } else {
                    let sent: u128 = presence.reason.parse().unwrap();
                    delays_us.push(now.saturating_sub(sent));
                }
            }
        }
        delays_us
    };
    let write = async {
        let mut ticks = interval(Duration::from_micros(1_250));
        for at in 0..800_usize {
            ticks.tick().await;
            let message = proto::SetPresenceRequest {
                state: State::Busy.into(),
                reason: begun_at.elapsed().as_micros().to_string(),
                ..Default::default()
            };
            let request = service.by(people[at % PEOPLE], message);
            service
                .presences
                .clone()
                .set_presence(request)
                .await
                .unwrap();
        }
        for user_id in &people {
            service.set(*user_id, State::DoNotDisturb).await;
        }
    };
    let both = async { tokio::join!(read, write).0 };
    let delays_us = tokio::time::timeout(Duration::from_mins(1), both).await;
    let mut delays_us = delays_us.expect("the newest state of everybody arrives with everybody");
    delays_us.sort_unstable();
    let p = |share: usize| delays_us[delays_us.len() * share / 1_000 - 1];
    println!(
        "800 changes/s x {WATCHERS}: {} notices, p50 {} us, p99 {} us",
        delays_us.len(),
        p(500),
        p(990)
    );
    drop(requests);
    service.stop().await;
    drop(world);
}

/// Closed loop: as many changes as go. Every viewer ends with the newest state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_saturation_the_newest_state_arrives() {
    const ROUNDS: usize = 200;
    let Crowd {
        service,
        node,
        people,
        connections,
        requests,
        mut responses,
        world,
    } = crowd().await;
    let begun_at = Instant::now();
    let write = async {
        for round in 0..ROUNDS {
            let activities = people
                .iter()
                .zip(&connections)
                .map(
                    |(user_id, connection_id)| proto::report_activity_request::Activity {
                        connection_id: connection_id.to_string(),
                        user_id: user_id.to_string(),
                        is_idle: round % 2 == 0,
                    },
                );
            let request = proto::ReportActivityRequest {
                node_id: node.node_id.to_string(),
                epoch: node.epoch,
                activities: activities.collect(),
            };
            service
                .internal
                .clone()
                .report_activity(request)
                .await
                .unwrap();
        }
        for user_id in &people {
            service.set(*user_id, State::DoNotDisturb).await;
        }
    };
    let read = async {
        let (mut told, mut arrived) = (0, 0);
        while arrived < PEOPLE * WATCHERS {
            let response = responses.message().await.unwrap().unwrap();
            for presence in response.views.iter().flat_map(|view| &view.presences) {
                told += 1;
                arrived += usize::from(presence.state() == State::DoNotDisturb);
            }
        }
        told
    };
    let both = async { tokio::join!(read, write).0 };
    let told = tokio::time::timeout(Duration::from_mins(1), both).await;
    let told = told.expect("the newest state of everybody arrives with everybody");
    let took = begun_at.elapsed();
    println!(
        "saturation: {told} notices of {} changes x {WATCHERS} in {took:?}: {}/s told, {}/s worked",
        (ROUNDS + 1) * PEOPLE,
        told * 1_000_000 / took.as_micros(),
        ((ROUNDS + 1) * PEOPLE * WATCHERS) as u128 * 1_000_000 / took.as_micros(),
    );
    drop(requests);
    service.stop().await;
    drop(world);
}
