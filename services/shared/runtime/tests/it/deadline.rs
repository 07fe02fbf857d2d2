//! Every wait ends.

use std::time::Duration;

use im_runtime::{
    error::ReasonedStatus,
    lifecycle::Tasks,
    rpc::{ClientLayers, RpcChannel, ServerLayers, scope::RequestScope},
};
use tokio::{
    net::TcpListener,
    time::{Instant, timeout},
};
use tonic::Code;

use crate::support::{LIMIT, both, call, remote, serve, stop, test_routes};

const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn the_callers_timeout_ends_a_call_on_both_paths() {
    let tasks = Tasks::new();
    let (server, client) = (ServerLayers::public(), ClientLayers::external());
    for (path, channel) in both(test_routes(), &server, &client, &tasks).await {
        let slow = call(channel, "Sleep", "", |request| request.set_timeout(SHORT));
        let error = timeout(LIMIT, slow).await.unwrap().unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded, "{path}: {error}");
    }
    stop(tasks).await;
}

#[tokio::test]
async fn the_servers_timeout_ends_a_call_whose_caller_waits_longer() {
    let tasks = Tasks::new();
    let routes = ServerLayers::public()
        .with_request_timeout(SHORT)
        .wrap(test_routes());
    // Straight to the routes: a channel would send a deadline of its own.
    let mut request = http::Request::post("/im.test.v1.TestService/Sleep")
        .header("content-type", "application/grpc")
        .body(tonic::body::Body::new(http_body_util::Full::from(vec![
            0, 0, 0, 0, 0,
        ])))
        .unwrap();
    request.headers_mut().remove("grpc-timeout");
    let answer = timeout(LIMIT, tower::ServiceExt::oneshot(routes, request))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer.headers()["grpc-status"], "4");
    stop(tasks).await;
}

#[tokio::test]
async fn the_scopes_deadline_shortens_a_call() {
    let tasks = Tasks::new();
    let server = ServerLayers::public();
    let client = ClientLayers::external().with_call_timeout(Duration::from_mins(1));
    for (path, channel) in both(test_routes(), &server, &client, &tasks).await {
        let scope = RequestScope::new("req-1", Some(Instant::now() + SHORT));
        let slow = scope.run(call(channel, "Sleep", "", |_| {}));
        let error = timeout(LIMIT, slow).await.unwrap().unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded, "{path}");
    }
    stop(tasks).await;
}

#[tokio::test]
async fn a_service_that_is_away_costs_an_error_not_a_wait() {
    let tasks = Tasks::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let channel: RpcChannel = remote(&[address], &ClientLayers::external(), &tasks);
    let error = timeout(LIMIT, call(channel, "Peer", "", |_| {}))
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    stop(tasks).await;
}

#[tokio::test]
async fn a_foreign_client_gets_our_answer_before_its_own_timer_runs_out() {
    let tasks = Tasks::new();
    let address = serve(test_routes(), &ServerLayers::public(), &tasks).await;
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap();
    let mut client = tonic::client::Grpc::new(endpoint.connect_lazy());
    // On a busy machine the client's own timer may win all the same; it does not always.
    let mut has_answered = false;
    for _attempt in 0..10 {
        client.ready().await.unwrap();
        let mut request = tonic::Request::new(String::new());
        request.set_timeout(SHORT * 5);
        let codec = tonic_prost::ProstCodec::<String, String>::default();
        let path = "/im.test.v1.TestService/Sleep".parse().unwrap();
        let slow = client.unary(request, path, codec);
        let error = timeout(LIMIT, slow).await.unwrap().unwrap_err();
        let is_ours = ReasonedStatus::of(&error).has_reason("DEADLINE_EXCEEDED");
        assert!(is_ours || error.code() == Code::Cancelled, "{error}");
        has_answered |= is_ours;
        if has_answered {
            break;
        }
    }
    assert!(has_answered);
    stop(tasks).await;
}
