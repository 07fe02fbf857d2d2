//! What a message costs: batches of sends and one attached node, in process, on SQLite with
//! commits that wait for the disk.
//!
//! `cargo bench -p im-messaging --bench send [PAIRS] [IN_FLIGHT] [ROUNDS]` prints one JSON line:
//! messages per second and CPU seconds per 1,000 messages of the whole process, driver included.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::expect_used,
    reason = "a measurement that fails must fail loudly"
)]

#[path = "../tests/it/harness/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests")]
mod harness;

use std::sync::Arc;
use std::time::Duration;

use im_proto::messaging as proto;
use im_proto::messaging::attach_request::{Action, Credit, Open};
use im_proto::messaging::attach_response::delivery::Content;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use harness::{Caller, Replica, World};

const CREDIT: i32 = 512;

fn argument(place: usize, default: usize) -> usize {
    let arguments = std::env::args().filter(|text| !text.starts_with("--"));
    arguments
        .skip(1)
        .nth(place)
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// User and system time of this process so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: f64 = fields[11..13]
        .iter()
        .map(|field| field.parse::<f64>().unwrap())
        .sum();
    ticks / 100.0
}

#[tokio::main]
async fn main() {
    let (pairs, in_flight, rounds) = (argument(0, 50), argument(1, 8), argument(2, 100));
    let world = World::new().await;
    let settings = im_messaging::MessagingSettings::default();
    let replica = Arc::new(
        world
            .replica_with(&settings, world.database.database())
            .await,
    );
    let mut people = Vec::new();
    for pair in 0..pairs {
        let one = world.user(&format!("a{pair}")).await;
        let other = world.user(&format!("b{pair}")).await;
        let conversation = replica.direct(&one, &other).await;
        people.push((one, other, conversation));
    }
    let people = Arc::new(people);
    let total = pairs * in_flight * rounds;
    let delivered = attach(&replica, &people, total * 2).await;

    let (cpu_before, started) = (cpu_seconds(), std::time::Instant::now());
    let mut senders = tokio::task::JoinSet::new();
    for lane in 0..in_flight {
        let (replica, people) = (Arc::clone(&replica), Arc::clone(&people));
        senders.spawn(async move { send(&replica, &people, lane, rounds).await });
    }
    while let Some(done) = senders.join_next().await {
        done.unwrap();
    }
    let accepted_s = started.elapsed().as_secs_f64();
    let cpu_accepted = cpu_seconds() - cpu_before;
    tokio::time::timeout(Duration::from_mins(1), delivered)
        .await
        .unwrap()
        .unwrap();
    let (elapsed_s, cpu_s) = (started.elapsed().as_secs_f64(), cpu_seconds() - cpu_before);
    let per_second = |seconds: f64| total as f64 / seconds;
    println!(
        "{{\"scenario\":\"send\",\"store\":\"sqlite\",\"pairs\":{pairs},\"in_flight\":{in_flight},\
         \"messages\":{total},\"accepted_per_s\":{:.0},\"delivered_per_s\":{:.0},\
         \"cpu_s_per_1000\":{:.4},\"cpu_s_per_1000_accepted\":{:.4}}}",
        per_second(accepted_s),
        per_second(elapsed_s),
        cpu_s * 1_000.0 / total as f64,
        cpu_accepted * 1_000.0 / total as f64,
    );
}

/// One message from each pair, in turns from either side.
async fn send(replica: &Replica, people: &[(Caller, Caller, String)], lane: usize, rounds: usize) {
    let mut client = replica.internal();
    for round in 0..rounds {
        let messages = people.iter().map(|(one, other, conversation)| {
            let sender = if (lane + round).is_multiple_of(2) {
                one
            } else {
                other
            };
            proto::ClientMessage {
                user_id: sender.user_id.to_string(),
                session_id: sender.session_id.to_string(),
                site_id: "default".to_owned(),
                request: Some(proto::SendMessageRequest {
                    conversation_id: conversation.clone(),
                    client_key: format!("{lane}-{round}"),
                    text: "x".repeat(100),
                    reply_to_seq: 0,
                }),
            }
        });
        let request = proto::BatchSendMessagesRequest {
            messages: messages.collect(),
        };
        let results = client
            .batch_send_messages(request)
            .await
            .unwrap()
            .into_inner()
            .results;
        assert!(results.iter().all(|result| matches!(
            result.outcome,
            Some(proto::batch_send_messages_response::result::Outcome::Response(_))
        )));
    }
}

/// Everybody reads; the handle ends when so many entries have come.
async fn attach(
    replica: &Arc<Replica>,
    people: &[(Caller, Caller, String)],
    expected: usize,
) -> tokio::task::JoinHandle<()> {
    let (requests, taken) = mpsc::channel(1_024);
    let everybody = people.iter().flat_map(|(one, other, _)| [one, other]);
    for (number, caller) in everybody.enumerate() {
        let open = Open {
            connection_id: format!("con_{number}"),
            user_id: caller.user_id.to_string(),
            cursor: String::new(),
            credit: CREDIT,
        };
        let action = Some(Action::Open(open));
        requests
            .send(proto::AttachRequest { action })
            .await
            .unwrap();
    }
    let mut opened = 0;
    let mut stream = replica
        .internal()
        .attach(ReceiverStream::new(taken))
        .await
        .unwrap()
        .into_inner();
    while opened < people.len() * 2 {
        opened += stream.message().await.unwrap().unwrap().deliveries.len();
    }
    tokio::spawn(async move {
        let mut seen = 0;
        while seen < expected {
            for delivery in stream.message().await.unwrap().unwrap().deliveries {
                let Some(Content::Batch(batch)) = delivery.content else {
                    panic!()
                };
                seen += batch.entries.len();
                let entries = i32::try_from(batch.entries.len()).unwrap();
                let credit = Credit {
                    connection_id: delivery.connection_id,
                    entries,
                };
                let action = Some(Action::Credit(credit));
                requests
                    .send(proto::AttachRequest { action })
                    .await
                    .unwrap();
            }
        }
    })
}
