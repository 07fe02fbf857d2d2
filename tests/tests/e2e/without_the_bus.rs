//! The bus is a doorbell: without it everything is later, by a bound, and nothing is wrong.

use std::time::Duration;

use im_tests::NatsServer;
use im_tests::client::{Listen, Person, ops};
use tokio::time::Instant;

use crate::system::{Form, LONG, System, number};

/// §8.6, and a second for the way itself.
const DELIVERY_BOUND: Duration = Duration::from_secs(5 + 1);
/// §6.3
const REVOCATION_BOUND: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behaviour_8_6_without_the_bus_delivery_is_late_but_right() {
    if !Form::Distributed.is_available() {
        return;
    }
    let nats = NatsServer::start().await;
    let system = System::start_on_bus(&nats.url()).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    let phone = Person::login(&system.api().at(system.other_base()), "bob").await;
    let (mut first, _) = bob.listen(Listen::default()).await;
    let (mut second, _) = phone.listen(Listen::default()).await;
    ann.send(&id, "with the bus", "hello").await;
    let (before, _) = first.entries(1, LONG).await;
    second.entries(1, LONG).await;

    // It stands still with all connections open: nothing tells the services that it is gone.
    nats.process.freeze();
    let start = number(&before[0]["seq"]);
    let mut latest = Duration::ZERO;
    for round in 1..=4 {
        let door = &system.doors[round % system.doors.len()];
        let sender = ann.at(&door.base);
        sender
            .send(&id, &format!("round {round}"), &format!("round {round}"))
            .await;
        let begin = Instant::now();
        for stream in [&mut first, &mut second] {
            let (told, _) = stream.entries(1, LONG).await;
            assert_eq!(told[0]["message"]["text"], format!("round {round}"));
            let due = start + i64::try_from(round).expect("a small number");
            assert_eq!(number(&told[0]["seq"]), due, "each once, in order");
        }
        latest = latest.max(begin.elapsed());
    }
    println!("without the bus the latest message came after {latest:?}");
    assert!(latest <= DELIVERY_BOUND, "{latest:?}");

    let begin = Instant::now();
    bob.api.ok(ops::revoke_session(&phone.session_id)).await;
    second.end(LONG).await;
    let took = begin.elapsed();
    println!("without the bus a revoked session ended after {took:?}");
    assert!(took <= REVOCATION_BOUND, "{took:?}");
    nats.process.thaw();
    ann.send(&id, "with the bus again", "hello again").await;
    first.entries(1, LONG).await;
}
