//! Local and remote behave alike.

use im_runtime::{
    error::{ErrorKind, ReasonedStatus},
    lifecycle::Tasks,
    rpc::{ClientLayers, InternalKey, RpcChannel, ServerLayers},
};
use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use tonic::{Code, service::Routes};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest,
};

use crate::support::{
    LIMIT, both, call, clock, descriptor_set, identity, relay_routes, remote, serve, stop,
    test_routes,
};

/// Health and reflection are on the port anyway; the local path needs them in its routes.
fn standard_routes() -> Routes {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(descriptor_set())
        .build_v1()
        .unwrap();
    Routes::from(tonic::service::AxumRouter::new())
        .add_service(health)
        .add_service(reflection)
}

/// One channel of each kind to the same services.
async fn standard_channels(tasks: &Tasks) -> [(&'static str, RpcChannel); 2] {
    let (server, client) = (ServerLayers::public(), ClientLayers::external());
    let address = serve(
        Routes::from(tonic::service::AxumRouter::new()),
        &server,
        tasks,
    )
    .await;
    [
        (
            "local",
            RpcChannel::local(server.wrap(standard_routes()), &client),
        ),
        ("remote", remote(&[address], &client, tasks)),
    ]
}

fn health(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn unary_error_and_streams_pass_on_both_paths() {
    let tasks = Tasks::new();
    for (path, channel) in standard_channels(&tasks).await {
        let mut client = HealthClient::new(channel.clone());
        let answer = timeout(LIMIT, client.check(health("")))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(answer.into_inner().status, 1, "{path}: serving");
        let error = client.check(health("no.such.Service")).await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound, "{path}");
        let mut watch = client.watch(health("")).await.unwrap().into_inner();
        let first = timeout(LIMIT, watch.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(first.status, 1, "{path}: first of a stream");

        let (sender, requests) = tokio::sync::mpsc::channel(1);
        let stream = tokio_stream::wrappers::ReceiverStream::new(requests);
        let ask = || ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        sender.send(ask()).await.unwrap();
        let mut client = ServerReflectionClient::new(channel);
        let mut answers = client
            .server_reflection_info(stream)
            .await
            .unwrap()
            .into_inner();
        for round in 0..3 {
            let answer = timeout(LIMIT, answers.next())
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            assert!(answer.message_response.is_some(), "{path}: answer {round}");
            sender.send(ask()).await.unwrap();
        }
        drop(sender);
        while let Some(rest) = timeout(LIMIT, answers.next()).await.unwrap() {
            rest.unwrap();
        }
    }
    stop(tasks).await;
}

#[tokio::test]
async fn unknown_methods_and_panics_are_statuses_on_both_paths() {
    let tasks = Tasks::new();
    let (server, client) = (ServerLayers::public(), ClientLayers::external());
    for (path, channel) in both(test_routes(), &server, &client, &tasks).await {
        let error = call(channel.clone(), "Panic", "now", |_| {})
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{path}");
        assert_eq!(error.message(), "internal error", "{path}");
        let reasoned = ReasonedStatus::of(&error);
        assert!(reasoned.has_reason("PANIC"), "{path}");
        assert!(
            reasoned.metadata["request_id"].starts_with("req_"),
            "{path}"
        );
        assert!(
            !String::from_utf8_lossy(error.details()).contains("secret detail"),
            "{path}"
        );
        let answer = call(channel.clone(), "Panic", "", |_| {}).await.unwrap();
        assert_eq!(answer, "", "{path}: the service lives on");
        let error = call(channel, "NoSuch", "", |_| {}).await.unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented, "{path}");
    }
    stop(tasks).await;
}

#[tokio::test]
async fn request_id_trace_and_deadline_travel_along_a_chain_of_calls() {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let tasks = Tasks::new();
    let key = InternalKey::random();
    let server = ServerLayers::internal(key.clone(), clock());
    let client = ClientLayers::internal(identity(&key));
    for (_, next) in both(test_routes(), &server, &client, &tasks).await {
        for (path, channel) in both(relay_routes(next), &server, &client, &tasks).await {
            let answer = call(channel, "Relay", "", |request| {
                request.set_timeout(std::time::Duration::from_secs(5));
                request
                    .metadata_mut()
                    .insert("im-request-id", "req-7".parse().unwrap());
                request
                    .metadata_mut()
                    .insert("traceparent", TRACE.parse().unwrap());
            });
            let answer = answer.await.unwrap();
            let parts: Vec<&str> = answer.split(' ').collect();
            assert_eq!((parts[0], parts[2]), ("req-7", TRACE), "{path}");
            let left_ms: u64 = parts[1].parse().unwrap();
            assert!((1..=5000).contains(&left_ms), "{path}: {left_ms} ms");
        }
    }
    stop(tasks).await;
}

#[tokio::test]
async fn calls_go_to_the_replica_that_lives() {
    let tasks = Tasks::new();
    let (server, client) = (ServerLayers::public(), ClientLayers::external());
    let doomed = Tasks::new();
    let first = serve(test_routes(), &server, &tasks).await;
    let second = serve(test_routes(), &server, &doomed).await;
    let channel = remote(&[first, second], &client, &tasks);
    for _ in 0..20 {
        call(channel.clone(), "Peer", "", |_| {}).await.unwrap();
    }
    stop(doomed).await;
    // Until the next round a call may still meet the dead one; then none does.
    let deadline = tokio::time::Instant::now() + LIMIT;
    let mut successes = 0;
    while successes < 50 {
        assert!(tokio::time::Instant::now() < deadline, "calls still fail");
        match call(channel.clone(), "Peer", "", |_| {}).await {
            Ok(_) => successes += 1,
            Err(status) => {
                assert_eq!(
                    ErrorKind::of(status.code()),
                    ErrorKind::Unavailable,
                    "{status}"
                );
                successes = 0;
                tokio::task::yield_now().await;
            }
        }
    }
    stop(tasks).await;
}
