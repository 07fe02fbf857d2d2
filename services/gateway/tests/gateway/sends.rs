//! Sending on streams.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::harness::World;

#[tokio::test]
async fn sends_are_answered_and_refusals_name_the_key() {
    let world = World::start().await;
    let person = world.person();
    let mut socket = world.socket(&person, "").await;
    socket.expect("welcome").await;
    let send = |key: &str, text: &str| json!({ "send": { "conversationId": "cnv_1", "clientKey": key, "text": text } });
    socket.say(send("k1", "hello")).await;
    let sent = socket.expect("sent").await;
    assert_eq!(
        (&sent["clientKey"], &sent["duplicate"]),
        (&json!("k1"), &json!(false))
    );
    assert_eq!(
        (&sent["message"]["seq"], &sent["message"]["text"]),
        (&json!("1"), &json!("hello"))
    );
    let client = world.backends.sent.lock().unwrap()[0].clone();
    assert_eq!(client.user_id, person.user_id.to_string());
    assert_eq!(client.session_id, person.session_id.to_string());
    assert_eq!(client.site_id, "default");

    socket.say(send("k2", "forbidden")).await;
    let error = socket.expect("error").await;
    assert_eq!(
        (&error["code"], &error["reason"]),
        (&json!(7), &json!("NOT_A_CONTACT"))
    );
    assert_eq!(error["clientKey"], "k2");
    world.stop().await;
}

#[tokio::test]
async fn sends_of_many_clients_share_calls_and_stay_in_order() {
    let world = World::start_with(|settings| settings.send_lanes = 2).await;
    world.backends.send_delay_ms.store(50, Ordering::SeqCst);
    let mut sockets = Vec::new();
    for _ in 0..8 {
        let mut socket = world.socket(&world.person(), "").await;
        socket.expect("welcome").await;
        sockets.push(socket);
    }
    for number in 0..20 {
        for (client, socket) in sockets.iter_mut().enumerate() {
            let (key, text) = (format!("{client}-{number}"), number.to_string());
            socket
                .say(json!({ "send": { "clientKey": key, "text": text } }))
                .await;
        }
    }
    for (client, socket) in sockets.iter_mut().enumerate() {
        for number in 0..20 {
            let sent = socket.expect("sent").await;
            assert_eq!(
                sent["clientKey"],
                format!("{client}-{number}"),
                "in the order said"
            );
        }
    }
    let calls = world.backends.send_calls.lock().unwrap().clone();
    assert_eq!(calls.iter().sum::<usize>(), 160);
    assert!(calls.len() <= 40, "160 messages took {} calls", calls.len());
    drop(sockets);
    world.stop().await;
}

#[tokio::test]
async fn a_client_with_many_open_sends_waits_in_its_socket() {
    let world = World::start_with(|settings| {
        settings.sends_pending_max = 4;
        settings.send_lanes = 1;
    })
    .await;
    world.backends.send_delay_ms.store(20, Ordering::SeqCst);
    let mut socket = world.socket(&world.person(), "").await;
    socket.expect("welcome").await;
    for number in 0..30 {
        socket
            .say(json!({ "send": { "clientKey": number.to_string(), "text": "x" } }))
            .await;
    }
    for number in 0..30 {
        assert_eq!(socket.expect("sent").await["clientKey"], number.to_string());
    }
    let largest = world
        .backends
        .send_calls
        .lock()
        .unwrap()
        .iter()
        .copied()
        .max()
        .unwrap();
    assert!(largest <= 4, "{largest} of one client at once");
    world.stop().await;
}
