//! Stopping in good order.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::{net::TcpStream, time::Instant};

use crate::{harness::World, raw};

#[tokio::test]
async fn streams_are_told_to_go_and_places_are_given_up() {
    let world = World::start_with(|settings| settings.reconnect_spread_ms = 20_000).await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        let mut socket = world.socket(&world.person(), "").await;
        socket.expect("welcome").await;
        sockets.push(socket);
    }
    let head = format!("GET /v1/stream?ticket={}", world.ticket(&world.person()));
    let mut events = raw::request(
        world.address,
        &head,
        &[("accept", "text/event-stream")],
        b"",
    )
    .await;
    events.event().await.unwrap();

    let started = Instant::now();
    world.tasks.begin_shutdown();
    assert!(!world.tasks.readiness().is_ready());
    let mut waits = Vec::new();
    for socket in &mut sockets {
        let goaway = socket.expect("goaway").await;
        assert_eq!(goaway["reason"], "DRAINING");
        waits.push(goaway["reconnectAfterMs"].as_i64().unwrap());
        assert_eq!(socket.frame().await, None, "closed after the goaway");
    }
    assert!(waits.iter().all(|wait| (0..=20_000).contains(wait)));
    let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    assert!(most - least > 2_000, "all come again at once: {waits:?}");
    let event = events.event().await.unwrap();
    assert!(
        event.iter().any(|line| line.starts_with("retry: ")),
        "{event:?}"
    );
    assert!(events.event().await.is_none());

    assert!(
        world.tasks.wait(Duration::from_secs(10)).await,
        "{} left",
        world.tasks.count()
    );
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    assert!(
        world.backends.places.lock().unwrap().is_empty(),
        "all places were given up"
    );
    assert!(
        world.backends.drained_beats.load(Ordering::SeqCst) > 0,
        "presence was told"
    );
    assert!(
        TcpStream::connect(world.address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn sends_under_way_are_answered_before_the_end() {
    let world = World::start().await;
    world.backends.send_delay_ms.store(300, Ordering::SeqCst);
    let mut socket = world.socket(&world.person(), "").await;
    socket.expect("welcome").await;
    let call = world.call("GET /v1/contacts", &world.person(), "").await;
    assert_eq!(call.status, 200);
    socket
        .say(serde_json::json!({ "send": { "clientKey": "k", "text": "x" } }))
        .await;
    crate::harness::eventually("the call", || {
        !world.backends.send_calls.lock().unwrap().is_empty()
    })
    .await;
    world.tasks.begin_shutdown();
    assert_eq!(socket.expect("goaway").await["reason"], "DRAINING");
    assert!(
        world.tasks.wait(Duration::from_secs(10)).await,
        "{} left",
        world.tasks.count()
    );
    // The client does not know, sends again with its key, and learns that it was kept.
    assert_eq!(
        world.backends.sent.lock().unwrap().len(),
        1,
        "the message was kept all the same"
    );
}
