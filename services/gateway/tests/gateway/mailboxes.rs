//! The links to the services behind: lost, made again, told everything anew.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::{
    backends::entry,
    harness::{World, eventually},
};

#[tokio::test]
async fn a_lost_mailbox_link_goes_on_from_the_last_cursor() {
    let world = World::start().await;
    let mut socket = world.socket(&world.person(), "").await;
    socket.expect("welcome").await;
    let id = world.backends.opens.lock().unwrap()[0]
        .connection_id
        .clone();
    world.backends.deliver(&id, vec![entry(1, "one")]).await;
    socket.expect("batch").await;

    world
        .backends
        .is_attach_broken
        .store(true, Ordering::SeqCst);
    world.backends.break_attach();
    // The stream itself stands meanwhile.
    socket.say(json!({ "ping": {} })).await;
    socket.expect("pong").await;
    world
        .backends
        .is_attach_broken
        .store(false, Ordering::SeqCst);
    eventually("the mailbox is open again", || {
        world.backends.opens.lock().unwrap().len() == 2
    })
    .await;
    let again = world.backends.opens.lock().unwrap()[1].clone();
    assert_eq!(
        (again.connection_id.as_str(), again.cursor.as_str()),
        (id.as_str(), "1.1")
    );
    world.backends.deliver(&id, vec![entry(2, "two")]).await;
    let batch = socket.expect("batch").await;
    assert_eq!(
        (&batch["entries"][0]["seq"], &batch["cursor"]),
        (&json!("2"), &json!("1.2"))
    );
    drop(socket);
    world.stop().await;
}

#[tokio::test]
async fn a_lost_lease_is_opened_again_with_its_connections() {
    let world = World::start().await;
    let mut socket = world.socket(&world.person(), "").await;
    socket.expect("welcome").await;
    // Another epoch begins without the node: its next beat is refused.
    world.backends.places.lock().unwrap().clear();
    world.backends.epoch.fetch_add(1, Ordering::SeqCst);
    eventually("the connection is stated again", || {
        world
            .backends
            .places
            .lock()
            .unwrap()
            .values()
            .any(|place| place.is_restated)
    })
    .await;
    socket.say(json!({ "ping": {} })).await;
    socket.expect("pong").await;
    world
        .socket(&world.person(), "")
        .await
        .expect("welcome")
        .await;
    world.stop().await;
}

#[tokio::test]
async fn a_mailbox_that_does_not_open_ends_the_stream_with_the_reason() {
    let world = World::start_with(|settings| settings.open_timeout_ms = 300).await;
    world
        .backends
        .is_attach_broken
        .store(true, Ordering::SeqCst);
    world.backends.break_attach();
    let mut socket = world.socket(&world.person(), "").await;
    let error = socket.expect("error").await;
    assert_eq!(
        (&error["code"], &error["reason"]),
        (&json!(14), &json!("MAILBOX_UNAVAILABLE"))
    );
    assert_eq!(socket.frame().await, None);
    world.stop().await;
}
