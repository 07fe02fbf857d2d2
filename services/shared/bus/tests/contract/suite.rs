//! What both kinds of bus must do.

use std::future::Future;
use std::time::Duration;

use im_bus::{
    BusConfig, Event, EventBus, Message, PAYLOAD_BYTES_MAX, SubjectFilter, Subscription, Topic,
};

pub(crate) const POSTED: Topic = Topic::new("messaging", "posted");
const TYPING: Topic = Topic::new("messaging", "typing");
const REVOKED: Topic = Topic::new("auth", "posted");

pub(crate) enum Backend {
    InProcess,
    Nats(String),
}

impl Backend {
    /// A connected bus and another that hears it: over NATS one of another process would be the
    /// same, within a process it is a clone.
    async fn open_two(&self, queue_length: usize) -> (EventBus, EventBus) {
        match self {
            Self::InProcess => {
                let config = BusConfig {
                    queue_length,
                    ..BusConfig::default()
                };
                let bus = EventBus::open(&config).await.unwrap();
                (bus.clone(), bus)
            }
            Self::Nats(url) => (
                connected(&open_nats(url, queue_length).await).await,
                connected(&open_nats(url, 1024).await).await,
            ),
        }
    }
}

pub(crate) async fn open_nats(url: &str, queue_length: usize) -> EventBus {
    let config = BusConfig {
        url: url.to_owned(),
        prefix: "test".to_owned(),
        queue_length,
    };
    EventBus::open(&config).await.unwrap()
}

pub(crate) async fn connected(bus: &EventBus) -> EventBus {
    wait_until("the bus connects", || bus.is_connected()).await;
    bus.clone()
}

pub(crate) async fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(tokio::time::Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Fails rather than hangs.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("in time")
}

pub(crate) async fn next(subscription: &mut Subscription) -> Option<Event> {
    within(subscription.recv()).await
}

pub(crate) async fn next_message(subscription: &mut Subscription) -> Message {
    match next(subscription).await {
        Some(Event::Message(message)) => message,
        other => panic!("a message expected, not {other:?}"),
    }
}

async fn next_text(subscription: &mut Subscription) -> String {
    String::from_utf8(next_message(subscription).await.payload.to_vec()).unwrap()
}

pub(crate) async fn messages_about_a_subject_come_in_order(backend: &Backend) {
    let (listener, ringer) = backend.open_two(1024).await;
    let mut subscription = listener.subscribe(POSTED.every_key()).await.unwrap();
    let subject = POSTED.keyed("cnv_1").unwrap();
    for number in 0..500 {
        ringer.publish(&subject, number.to_string());
    }
    for number in 0..500 {
        let message = next_message(&mut subscription).await;
        assert_eq!(message.subject, subject);
        assert_eq!(message.payload, number.to_string());
    }
}

pub(crate) async fn every_subscriber_gets_every_message(backend: &Backend) {
    let (listener, ringer) = backend.open_two(16).await;
    let mut here = listener.subscribe(POSTED).await.unwrap();
    let mut twin = listener.subscribe(POSTED).await.unwrap();
    // The ringer's own process hears it too.
    let mut there = ringer.subscribe(POSTED).await.unwrap();
    ringer.publish(&POSTED.subject(), "1");
    for subscription in [&mut here, &mut twin, &mut there] {
        assert_eq!(next_text(subscription).await, "1");
    }
}

pub(crate) async fn a_filter_hears_only_what_it_matches(backend: &Backend) {
    let (listener, ringer) = backend.open_two(16).await;
    let service = SubjectFilter::service("messaging").unwrap();
    let key = POSTED.keyed("b").unwrap();
    let mut one = listener.subscribe(key.clone()).await.unwrap();
    let mut plain = listener.subscribe(POSTED).await.unwrap();
    let mut every_key = listener.subscribe(POSTED.every_key()).await.unwrap();
    let mut all = listener.subscribe(service).await.unwrap();
    let subjects = [
        POSTED.subject(),
        POSTED.keyed("a").unwrap(),
        key,
        TYPING.subject(),
        REVOKED.keyed("b").unwrap(),
        Topic::new("messaging", "end").subject(),
    ];
    for subject in &subjects {
        ringer.publish(subject, subject.as_str().to_owned());
    }
    // The service hears all of its own in order; once it heard the last, all have been shared out.
    for subject in ["posted", "posted.a", "posted.b", "typing", "end"] {
        assert_eq!(next_text(&mut all).await, format!("messaging.{subject}"));
    }
    assert_eq!(next_text(&mut one).await, "messaging.posted.b");
    assert_eq!(next_text(&mut plain).await, "messaging.posted");
    assert_eq!(next_text(&mut every_key).await, "messaging.posted.a");
    assert_eq!(next_text(&mut every_key).await, "messaging.posted.b");
    within(listener.close()).await;
    for subscription in [&mut one, &mut plain, &mut every_key, &mut all] {
        assert_eq!(next(subscription).await, None);
    }
}

pub(crate) async fn a_slow_subscriber_stays_bounded_and_is_told(backend: &Backend) {
    let (listener, ringer) = backend.open_two(8).await;
    let mut slow = listener.subscribe(POSTED).await.unwrap();
    for number in 0..1000 {
        ringer.publish(&POSTED.subject(), number.to_string());
        if number % 100 == 0 {
            tokio::task::yield_now().await; // let the queue to the server empty itself
        }
    }
    // Over NATS the messages are on their way still. The last one ends the wait; it may itself be
    // among those dropped, so it is repeated while nothing comes.
    let (mut missed, mut heard) = (0, Vec::new());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while heard.last().map(String::as_str) != Some("end") {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the end is never heard"
        );
        match tokio::time::timeout(Duration::from_millis(100), slow.recv()).await {
            Ok(Some(Event::Lagged { missed: more })) => missed += more,
            Ok(Some(Event::Message(message))) => {
                heard.push(String::from_utf8(message.payload.to_vec()).unwrap());
            }
            Ok(other) => panic!("unexpected {other:?}"),
            Err(_) => ringer.publish(&POSTED.subject(), "end"),
        }
    }
    assert!(missed > 0, "nothing was missed, heard {}", heard.len());
    let numbers: Vec<u32> = heard.iter().filter_map(|text| text.parse().ok()).collect();
    assert!(numbers.is_sorted(), "out of order: {numbers:?}");
    assert!(listener.stats().missed >= missed);
}

pub(crate) async fn a_fast_subscriber_does_not_pay_for_a_slow_one(backend: &Backend) {
    let (listener, ringer) = backend.open_two(4).await;
    let mut slow = listener.subscribe(POSTED).await.unwrap();
    let mut fast = listener.subscribe(POSTED).await.unwrap();
    for number in 0..20 {
        ringer.publish(&POSTED.subject(), number.to_string());
        assert_eq!(next_text(&mut fast).await, number.to_string());
    }
    wait_until("all are delivered to both", || {
        listener.stats().delivered == 40
    })
    .await;
    assert_eq!(next(&mut slow).await, Some(Event::Lagged { missed: 16 }));
    for number in 16..20 {
        assert_eq!(next_text(&mut slow).await, number.to_string());
    }
}

pub(crate) async fn dropping_a_subscription_ends_it(backend: &Backend) {
    let (listener, ringer) = backend.open_two(16).await;
    let dropped = listener.subscribe(POSTED).await.unwrap();
    let mut kept = listener.subscribe(POSTED).await.unwrap();
    drop(dropped);
    wait_until("one is left", || listener.subscriptions() == 1).await;
    ringer.publish(&POSTED.subject(), "1");
    assert_eq!(next_text(&mut kept).await, "1");
    drop(kept);
    wait_until("none is left", || listener.subscriptions() == 0).await;
    let delivered = listener.stats().delivered;
    let mut witness = listener.subscribe(TYPING).await.unwrap();
    ringer.publish(&POSTED.subject(), "2");
    ringer.publish(&TYPING.subject(), "3");
    assert_eq!(next_text(&mut witness).await, "3");
    assert_eq!(listener.stats().delivered, delivered + 1);
}

pub(crate) async fn closing_sends_what_is_queued_and_ends_everything(backend: &Backend) {
    let (listener, ringer) = backend.open_two(1024).await;
    let mut subscription = listener.subscribe(POSTED).await.unwrap();
    for number in 0..200 {
        ringer.publish(&POSTED.subject(), number.to_string());
    }
    within(ringer.close()).await;
    within(ringer.close()).await;
    for number in 0..200 {
        assert_eq!(next_text(&mut subscription).await, number.to_string());
    }
    assert!(!ringer.is_connected());
    assert!(ringer.subscribe(POSTED).await.is_err());
    ringer.publish(&POSTED.subject(), "late");
    assert_eq!((ringer.stats().published, ringer.stats().dropped), (201, 1));
    within(listener.close()).await;
    assert_eq!(next(&mut subscription).await, None);
}

pub(crate) async fn a_payload_over_the_limit_is_dropped_and_counted(backend: &Backend) {
    let (listener, ringer) = backend.open_two(16).await;
    let mut subscription = listener.subscribe(POSTED).await.unwrap();
    ringer.publish(&POSTED.subject(), vec![b'x'; PAYLOAD_BYTES_MAX + 1]);
    ringer.publish(&POSTED.subject(), vec![b'x'; PAYLOAD_BYTES_MAX]);
    assert_eq!(
        next_message(&mut subscription).await.payload.len(),
        PAYLOAD_BYTES_MAX
    );
    assert_eq!((ringer.stats().published, ringer.stats().dropped), (2, 1));
}

pub(crate) async fn a_protobuf_message_arrives_whole(backend: &Backend) {
    let (listener, ringer) = backend.open_two(16).await;
    let mut subscription = listener.subscribe(POSTED).await.unwrap();
    // prost implements its trait for the well-known wrapper types; this one is a StringValue.
    ringer.publish_message(&POSTED.subject(), &"grüße".to_owned());
    let message = next_message(&mut subscription).await;
    assert_eq!(message.decode::<String>().unwrap(), "grüße");
    ringer.publish(&POSTED.subject(), vec![0xff]);
    assert!(
        next_message(&mut subscription)
            .await
            .decode::<String>()
            .is_err()
    );
}

pub(crate) async fn a_subscription_is_in_force_when_subscribe_returns(backend: &Backend) {
    let (listener, ringer) = backend.open_two(16).await;
    for number in 0..50 {
        let subject = POSTED.keyed(number).unwrap();
        let mut subscription = listener.subscribe(subject.clone()).await.unwrap();
        ringer.publish(&subject, number.to_string());
        assert_eq!(next_text(&mut subscription).await, number.to_string());
    }
}
