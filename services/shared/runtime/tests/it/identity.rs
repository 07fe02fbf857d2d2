//! Who may call.

use std::time::Duration;

use im_runtime::{
    error::ReasonedStatus,
    lifecycle::Tasks,
    rpc::{ClientLayers, InternalKey, ServerLayers, ServiceIdentity},
};
use im_types::{Clock, Timestamp};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::support::{NOW_S, both, call, clock, identity, remote, serve, stop, test_routes};

#[tokio::test]
async fn our_services_are_known_by_name() {
    let tasks = Tasks::new();
    let key = InternalKey::random();
    let server = ServerLayers::internal(key.clone(), clock());
    let client = ClientLayers::internal(identity(&key));
    for (path, channel) in both(test_routes(), &server, &client, &tasks).await {
        assert_eq!(
            call(channel, "Peer", "", |_| {}).await.unwrap(),
            "gateway",
            "{path}"
        );
    }
    stop(tasks).await;
}

#[tokio::test]
async fn strangers_forgers_and_the_late_are_refused() {
    let tasks = Tasks::new();
    let key = InternalKey::random();
    let server = ServerLayers::internal(key.clone(), clock());
    let late = Clock::mock(Timestamp::from_millis((NOW_S - 61) * 1000));
    let cases = [
        ("no identity", ClientLayers::external()),
        (
            "another key",
            ClientLayers::internal(identity(&InternalKey::random())),
        ),
        (
            "stale",
            ClientLayers::internal(ServiceIdentity::new("gateway", key.clone(), late)),
        ),
    ];
    for (case, client) in cases {
        for (path, channel) in both(test_routes(), &server, &client, &tasks).await {
            let error = call(channel, "Peer", "", |_| {}).await.unwrap_err();
            assert_eq!(error.code(), Code::Unauthenticated, "{case}, {path}");
            let reasoned = ReasonedStatus::of(&error);
            assert!(
                reasoned.has_reason("INTERNAL_IDENTITY_REQUIRED"),
                "{case}, {path}"
            );
        }
    }
    stop(tasks).await;
}

#[tokio::test]
async fn the_header_moves_with_the_clock() {
    let tasks = Tasks::new();
    let (key, time) = (InternalKey::random(), clock());
    let server = ServerLayers::internal(key.clone(), time.clone());
    let client = ClientLayers::internal(ServiceIdentity::new("auth", key, time.clone()));
    let [(_, channel), _] = both(test_routes(), &server, &client, &tasks).await;
    for _ in 0..3 {
        assert_eq!(
            call(channel.clone(), "Peer", "", |_| {}).await.unwrap(),
            "auth"
        );
        time.advance(Duration::from_secs(100));
    }
    stop(tasks).await;
}

#[tokio::test]
async fn health_answers_strangers() {
    let tasks = Tasks::new();
    let server = ServerLayers::internal(InternalKey::random(), clock());
    let address = serve(test_routes(), &server, &tasks).await;
    let mut client = HealthClient::new(remote(&[address], &ClientLayers::external(), &tasks));
    let answer = client
        .check(HealthCheckRequest {
            service: String::new(),
        })
        .await
        .unwrap();
    assert_eq!(answer.into_inner().status, 1);
    stop(tasks).await;
}
