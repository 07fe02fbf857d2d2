//! What a bus with a network must do when the network is not there.

use std::time::Duration;

use tokio::time::Instant;

use im_bus::{BusConfig, Event, EventBus};

use crate::server::NatsServer;
use crate::suite::{POSTED, connected, next, next_message, open_nats, wait_until, within};

#[tokio::test]
async fn after_a_restart_of_the_server_subscribers_are_told_and_hear_later_messages() {
    let Some(mut server) = NatsServer::start().await else {
        return;
    };
    let listener = connected(&open_nats(&server.url(), 64).await).await;
    let ringer = connected(&open_nats(&server.url(), 64).await).await;
    let mut subscription = listener.subscribe(POSTED).await.unwrap();
    ringer.publish(&POSTED.subject(), "before");
    assert_eq!(next_message(&mut subscription).await.payload, "before");

    for round in 0..2 {
        server.kill();
        wait_until("both notice", || {
            !listener.is_connected() && !ringer.is_connected()
        })
        .await;
        server.resume().await;
        assert_eq!(
            next(&mut subscription).await,
            Some(Event::Reconnected),
            "round {round}"
        );
        connected(&ringer).await;
        // Told means in force: what is published from here on is heard.
        ringer.publish(&POSTED.subject(), "after");
        assert_eq!(
            next_message(&mut subscription).await.payload,
            "after",
            "round {round}"
        );
        assert_eq!(listener.stats().reconnected, round + 1);
    }
}

#[tokio::test]
async fn publishing_does_not_wait_for_a_server_that_is_away_and_stays_bounded() {
    let Some(server) = NatsServer::absent().await else {
        return;
    };
    let bus = open_nats(&server.url(), 64).await;
    let start = Instant::now();
    for _ in 0..10_000 {
        bus.publish(&POSTED.subject(), "1");
    }
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "took {:?}",
        start.elapsed()
    );
    let stats = bus.stats();
    assert_eq!(stats.published, 10_000);
    // 64 of ours, 128 of the client's and one between them may wait; the rest is gone.
    assert!(
        stats.dropped >= 10_000 - 64 - 128 - 1,
        "dropped {}",
        stats.dropped
    );
    assert!(!bus.is_connected());
    within(bus.close()).await;
}

#[tokio::test]
async fn the_server_may_come_later_than_the_bus() {
    let Some(mut server) = NatsServer::absent().await else {
        return;
    };
    let listener = open_nats(&server.url(), 64).await;
    let ringer = open_nats(&server.url(), 64).await;
    let mut subscription = within(listener.subscribe(POSTED)).await.unwrap();
    server.resume().await;
    connected(&ringer).await;
    assert_eq!(next(&mut subscription).await, Some(Event::Reconnected));
    ringer.publish(&POSTED.subject(), "1");
    assert_eq!(next_message(&mut subscription).await.payload, "1");
}

#[tokio::test]
async fn buses_with_different_prefixes_do_not_hear_each_other() {
    let Some(server) = NatsServer::start().await else {
        return;
    };
    let ringer = connected(&open_nats(&server.url(), 64).await).await;
    let config = BusConfig {
        url: server.url(),
        prefix: "other".to_owned(),
        ..BusConfig::default()
    };
    let other = connected(&EventBus::open(&config).await.unwrap()).await;
    let mut foreign = other.subscribe(POSTED).await.unwrap();
    let mut own = ringer.subscribe(POSTED).await.unwrap();
    ringer.publish(&POSTED.subject(), "1");
    assert_eq!(next_message(&mut own).await.payload, "1");
    other.publish(&POSTED.subject(), "2");
    assert_eq!(next_message(&mut foreign).await.payload, "2");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_at_once() {
    for url in ["localhost:4222", "http://h", "nats://", "nats://h:99999"] {
        let config = BusConfig {
            url: url.to_owned(),
            ..BusConfig::default()
        };
        let Err(error) = EventBus::open(&config).await else {
            panic!("{url} was accepted")
        };
        let error = error.to_string();
        assert!(
            error.starts_with("bus.url is not a NATS address"),
            "{url}: {error}"
        );
    }
}
