//! behaviour 7.3: the limit of connected users is exact.

use std::sync::Arc;

use im_policy::Key;
use im_store::testing::{POSTGRES_URL_VARIABLE, postgres, sqlite_temp};
use im_types::{Clock, UserId};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::harness::{Node, World};

const USERS: usize = 500;
const LIMIT: usize = 50;

/// Everybody at once, over all nodes; how many got in.
async fn storm(nodes: &[Node], users: &[UserId]) -> usize {
    let barrier = Arc::new(Barrier::new(users.len()));
    let mut attempts = JoinSet::new();
    for (at, user_id) in users.iter().copied().enumerate() {
        let (node, barrier) = (nodes[at % nodes.len()].clone(), Arc::clone(&barrier));
        attempts.spawn(async move {
            barrier.wait().await;
            node.open(user_id).await
        });
    }
    let mut admitted = 0;
    while let Some(outcome) = attempts.join_next().await {
        match outcome.unwrap() {
            Ok(_) => admitted += 1,
            Err(reason) => assert_eq!(reason, "SITE_FULL"),
        }
    }
    admitted
}

async fn exactly_fifty(world: World, instance_count: usize) {
    world.set(Key::ConnectedUsersMax, &LIMIT.to_string());
    let users: Vec<UserId> = (0..USERS)
        .map(|n| world.user(&format!("user{n}")))
        .collect();
    let mut instances = Vec::new();
    let mut nodes = Vec::new();
    for _ in 0..instance_count {
        let instance = world.start().await;
        nodes.push(instance.node().await);
        nodes.push(instance.node().await);
        instances.push(instance);
    }
    assert_eq!(storm(&nodes, &users).await, LIMIT);
    assert_eq!(
        storm(&nodes, &users).await,
        LIMIT,
        "those who are in may open more connections"
    );
    for instance in &instances {
        instance.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_of_five_hundred_get_in_on_sqlite() {
    let home = sqlite_temp().await;
    exactly_fifty(World::over(home.database(), Clock::system()), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::disallowed_methods,
    reason = "which server there is only the environment knows"
)]
async fn fifty_of_five_hundred_get_in_over_two_replicas_on_postgres() {
    let Ok(url) = std::env::var(POSTGRES_URL_VARIABLE) else {
        println!("skipped: {POSTGRES_URL_VARIABLE} is not set");
        return;
    };
    let home = postgres(&url).await;
    exactly_fifty(World::over(home.database(), Clock::system()), 2).await;
}

#[tokio::test]
async fn places_are_free_again_and_a_lowered_limit_throws_nobody_out() {
    let world = World::mock().await;
    world.set(Key::ConnectedUsersMax, "2");
    let users: Vec<UserId> = (0..3).map(|n| world.user(&format!("user{n}"))).collect();
    let service = world.start().await;
    let node = service.node().await;
    let first = node.open(users[0]).await.unwrap();
    let second = node.open(users[1]).await.unwrap();
    assert_eq!(node.open(users[2]).await.unwrap_err(), "SITE_FULL");
    world.set(Key::ConnectedUsersMax, "1");
    service.publish().await;
    let more = node.open(users[1]).await.unwrap();
    node.close(&[first]).await;
    assert_eq!(
        node.open(users[2]).await.unwrap_err(),
        "SITE_FULL",
        "one is still there"
    );
    node.close(&[second]).await;
    assert_eq!(
        node.open(users[2]).await.unwrap_err(),
        "SITE_FULL",
        "with another connection"
    );
    node.close(&[more]).await;
    node.open(users[2]).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn one_user_has_so_many_connections_and_leases_are_needed() {
    let world = World::mock().await;
    world.set(Key::ConnectionsPerUserMax, "2");
    let ann = world.user("ann");
    let service = world.start().await;
    let node = service.node().await;
    let first = node.open(ann).await.unwrap();
    node.open(ann).await.unwrap();
    assert_eq!(node.open(ann).await.unwrap_err(), "TOO_MANY_CONNECTIONS");
    node.open_as(ann, first).await.unwrap();
    let again = service.node_again(node.node_id).await;
    assert!(again.epoch > node.epoch);
    assert_eq!(node.open(ann).await.unwrap_err(), "LEASE_ENDED");
    assert!(!node.beat(false).await);
    again.open_as(ann, first).await.unwrap();
    assert!(again.beat(false).await);
    service.stop().await;
}

#[tokio::test]
async fn a_killed_nodes_places_are_free_within_the_bound() {
    let world = World::mock().await;
    world.set(Key::ConnectedUsersMax, "1");
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let service = world.start().await;
    let node = service.node().await;
    node.open(ann).await.unwrap();
    world.clock.advance(std::time::Duration::from_secs(14));
    let other = service.node().await;
    assert_eq!(other.open(bob).await.unwrap_err(), "SITE_FULL");
    world.clock.advance(std::time::Duration::from_secs(1));
    other.open(bob).await.unwrap();
    service.stop().await;
}
