//! What connected people are told of changes that concern them.

use std::time::Duration;

use im_policy::{Key, Permission, Scope};
use im_types::{Clock, Ids, RoleId, SiteId};
use serde_json::json;
use tokio::time::Instant;

use crate::harness::{Person, Socket, World};

async fn opened(world: &World, person: &Person) -> Socket {
    let prefix = if person.site_id == SiteId::default() {
        String::new()
    } else {
        format!("/{}", person.site_id)
    };
    let path = format!("{prefix}/v1/stream?ticket={}", world.ticket(person));
    let mut socket = Socket::open(world.address, &path, None).await;
    socket.expect("welcome").await;
    socket
}

/// The reasons of the notices that were told up to now, of streams that tell nothing else.
async fn reasons(socket: &mut Socket) -> Vec<String> {
    socket.say(json!({ "ping": {} })).await;
    let mut reasons = Vec::new();
    loop {
        let frame = socket.frame().await.expect("the stream stands");
        match frame.get("notice") {
            Some(notice) => reasons.push(notice["reason"].as_str().unwrap().to_owned()),
            None if frame.get("pong").is_some() => return reasons,
            None => panic!("{frame}"),
        }
    }
}

#[tokio::test]
async fn options_that_change_are_told_to_those_for_whom_they_count() {
    let world = World::start().await;
    let (here, there) = (world.person(), world.person_on("b"));
    let mut socket = opened(&world, &here).await;
    let mut other = opened(&world, &there).await;
    let started = Instant::now();
    let site = Scope::Site(there.site_id.clone());
    world.auth.set_policy(&site, Key::ContactsMax, "20");
    world.auth.set_policy(&site, Key::InvisibleAllowed, "false");
    let notice = other.expect("notice").await;
    assert_eq!(notice["reason"], "POLICY_CHANGED");
    assert!(started.elapsed() < Duration::from_secs(2));
    assert!(
        reasons(&mut other).await.is_empty(),
        "changes that come together are told once"
    );
    assert!(
        reasons(&mut socket).await.is_empty(),
        "another site is not concerned"
    );
    // Neither the same value again nor what people are not told.
    world.auth.set_policy(&site, Key::ContactsMax, "20");
    world.auth.set_policy(&site, Key::CensorWords, "damn");
    world
        .auth
        .set_policy(&Scope::Global, Key::ContactsMax, "30");
    assert_eq!(socket.expect("notice").await["reason"], "POLICY_CHANGED");
    assert!(reasons(&mut other).await.is_empty(), "nothing differs");
    world.stop().await;
}

#[tokio::test]
async fn roles_that_are_given_or_changed_are_told() {
    let world = World::start().await;
    let (person, other) = (world.person(), world.person());
    let role = Ids::system(Clock::system()).new_id::<RoleId>();
    world.auth.add_role(role, &[]);
    let mut socket = opened(&world, &person).await;
    let mut bystander = opened(&world, &other).await;
    world
        .auth
        .set_policy(&Scope::Role(role), Key::ContactsMax, "7");
    world.auth.grant_role(person.user_id, role);
    assert_eq!(socket.expect("notice").await["reason"], "POLICY_CHANGED");

    let powerful = Ids::system(Clock::system()).new_id::<RoleId>();
    world.auth.add_role(powerful, &[Permission::ALL[0]]);
    world.auth.grant_role(person.user_id, powerful);
    assert_eq!(socket.expect("notice").await["reason"], "POLICY_CHANGED");
    assert!(reasons(&mut bystander).await.is_empty());
    world.stop().await;
}

#[tokio::test]
async fn maintenance_that_begins_is_told_by_name() {
    let world = World::start().await;
    let mut socket = opened(&world, &world.person()).await;
    world
        .auth
        .set_policy(&Scope::Global, Key::Maintenance, "true");
    assert_eq!(socket.expect("notice").await["reason"], "MAINTENANCE");
    assert_eq!(socket.expect("notice").await["reason"], "POLICY_CHANGED");
    world
        .auth
        .set_policy(&Scope::Global, Key::Maintenance, "false");
    assert_eq!(socket.expect("notice").await["reason"], "POLICY_CHANGED");
    assert!(reasons(&mut socket).await.is_empty());
    world.stop().await;
}
