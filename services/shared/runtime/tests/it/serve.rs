//! The ports.

use im_runtime::{
    lifecycle::Tasks,
    rpc::{ClientLayers, ServerLayers},
    serve::serve_admin,
    telemetry::Metrics,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_stream::StreamExt as _;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::support::{LIMIT, remote, serve, stop, test_routes};

const SERVING: i32 = 1;
const NOT_SERVING: i32 = 2;

#[tokio::test]
async fn health_follows_the_readiness_and_says_that_the_process_drains() {
    let tasks = Tasks::new();
    let store = tasks.readiness().condition("store");
    let address = serve(test_routes(), &ServerLayers::public(), &tasks).await;
    let client_tasks = Tasks::new();
    let channel = remote(&[address], &ClientLayers::external(), &client_tasks);
    let mut client = HealthClient::new(channel);
    // A name out of the descriptor set.
    let service = "grpc.reflection.v1.ServerReflection".to_owned();
    let request = HealthCheckRequest { service };
    let mut watch = client.watch(request).await.unwrap().into_inner();
    let mut wait_for = async |wanted: i32| {
        let found = async {
            while let Some(answer) = watch.next().await {
                if answer.unwrap().status == wanted {
                    return true;
                }
            }
            false
        };
        assert!(timeout(LIMIT, found).await.unwrap(), "never {wanted}");
    };
    wait_for(NOT_SERVING).await;
    store.set(true);
    wait_for(SERVING).await;
    tasks.begin_shutdown();
    wait_for(NOT_SERVING).await;
    // The open stream of a watcher does not hold the process.
    assert!(tasks.wait(LIMIT).await);
    stop(client_tasks).await;
}

#[tokio::test]
async fn the_admin_port_tells_alive_ready_and_metrics() {
    let tasks = Tasks::new();
    let store = tasks.readiness().condition("store");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    serve_admin(listener, Metrics::detached(), &tasks);
    let get = async |path: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut text = String::new();
        timeout(LIMIT, stream.read_to_string(&mut text))
            .await
            .unwrap()
            .unwrap();
        text
    };
    assert!(get("/livez").await.starts_with("HTTP/1.1 200"));
    let unready = get("/readyz").await;
    assert!(unready.starts_with("HTTP/1.1 503") && unready.ends_with("not ready: store"));
    store.set(true);
    assert!(get("/readyz").await.starts_with("HTTP/1.1 200"));
    assert!(get("/metrics").await.starts_with("HTTP/1.1 200"));
    stop(tasks).await;
}
