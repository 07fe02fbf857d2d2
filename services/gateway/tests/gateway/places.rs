//! Places: as many as there are get in, and those given up are free at once.

use serde_json::json;

use crate::{
    harness::{Person, World, eventually},
    streams::connection,
};

#[tokio::test]
async fn a_full_site_is_told_on_the_stream() {
    let world = World::start().await;
    *world.backends.places_max.lock().unwrap() = Some(1);
    let mut first = world.socket(&world.person(), "").await;
    first.expect("welcome").await;
    let mut second = world.socket(&world.person(), "").await;
    let error = second.expect("error").await;
    assert_eq!(
        (&error["code"], &error["reason"]),
        (&json!(8), &json!("SITE_FULL"))
    );
    assert_eq!(second.frame().await, None, "closed after the error");
    drop(first);
    eventually("the place is free", || {
        world.backends.places.lock().unwrap().is_empty()
    })
    .await;
    world
        .socket(&world.person(), "")
        .await
        .expect("welcome")
        .await;
    world.stop().await;
}

#[tokio::test]
async fn exactly_as_many_get_in_as_there_are_places() {
    let world = World::start().await;
    *world.backends.places_max.lock().unwrap() = Some(50);
    let mut opened = Vec::new();
    for _ in 0..200 {
        opened.push(world.person());
    }
    let first_frames = futures_util::future::join_all(opened.iter().map(|person| async {
        let mut socket = world.socket(person, "").await;
        let frame = socket.frame().await.unwrap();
        (socket, frame)
    }))
    .await;
    let welcomed = first_frames
        .iter()
        .filter(|(_, frame)| frame.get("welcome").is_some())
        .count();
    let refused = first_frames
        .iter()
        .filter(|(_, frame)| frame["error"]["reason"] == "SITE_FULL");
    assert_eq!((welcomed, refused.count()), (50, 150));
    drop(first_frames);
    world.stop().await;
}

#[tokio::test]
async fn a_silent_peer_loses_its_place() {
    let world = World::start_with(|settings| settings.heartbeat_ms = 200).await;
    let socket = world.socket(&world.person(), "").await;
    eventually("a place", || {
        !world.backends.places.lock().unwrap().is_empty()
    })
    .await;
    // Nobody reads, so no ping is answered, while the connection itself stands.
    eventually("the place is given up", || {
        world.backends.places.lock().unwrap().is_empty()
    })
    .await;
    drop(socket);
    world.stop().await;
}

/// Opens a stream, ends it, and waits until the gateway has seen the end.
async fn come_and_go(world: &World, person: &Person) {
    let index = world.backends.opens.lock().unwrap().len();
    let mut socket = world.socket(person, "").await;
    socket.expect("welcome").await;
    let id = connection(world, index);
    drop(socket);
    eventually("the end is seen", || {
        world.backends.detached.lock().unwrap().contains(&id)
    })
    .await;
}

#[tokio::test]
async fn whoever_comes_again_finds_the_own_place_free() {
    let world = World::start().await;
    *world.backends.places_per_user_max.lock().unwrap() = Some(1);
    let person = world.person();
    // Many more times than reports fit into the time this takes.
    for _ in 0..20 {
        come_and_go(&world, &person).await;
    }
    world.stop().await;
}

#[tokio::test]
async fn a_site_has_room_again_as_soon_as_somebody_has_gone() {
    let world = World::start().await;
    *world.backends.places_max.lock().unwrap() = Some(1);
    for _ in 0..20 {
        come_and_go(&world, &world.person()).await;
    }
    world.stop().await;
}

#[tokio::test]
async fn without_a_place_given_up_nobody_is_asked_for_twice() {
    let world = World::start().await;
    *world.backends.places_max.lock().unwrap() = Some(1);
    let mut stays = world.socket(&world.person(), "").await;
    stays.expect("welcome").await;
    let mut refused = world.socket(&world.person(), "").await;
    assert_eq!(refused.expect("error").await["reason"], "SITE_FULL");
    let calls = std::mem::take(&mut *world.backends.place_calls.lock().unwrap());
    assert_eq!(
        calls,
        [1, 1],
        "nothing came free, so nothing is asked again"
    );
    world.stop().await;
}
