//! A real process: exit codes, signals, metrics.

use std::{net::SocketAddr, path::PathBuf, process::Stdio};

use im_runtime::{
    lifecycle::Tasks,
    rpc::{ClientLayers, RpcChannel},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::timeout,
};
use tokio_stream::StreamExt as _;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::support::{LIMIT, remote, stop};

/// `examples/service.rs`, which cargo builds with the tests.
pub(crate) fn program() -> Command {
    let test: PathBuf = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(std::path::Path::parent).unwrap();
    let mut command = Command::new(profile.join("examples/service"));
    command
        .env_clear()
        .kill_on_drop(true)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A port that was free a moment ago.
pub(crate) async fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
}

pub(crate) async fn signal(child: &Child) {
    let id = child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .await
            .unwrap()
            .success()
    );
}

pub(crate) async fn connected(address: SocketAddr) {
    let connect = async { while TcpStream::connect(address).await.is_err() {} };
    timeout(LIMIT, connect).await.unwrap();
}

pub(crate) fn channel(address: SocketAddr, tasks: &Tasks) -> RpcChannel {
    remote(&[address], &ClientLayers::external(), tasks)
}

#[tokio::test]
async fn a_bad_configuration_exits_with_64_and_lists_every_fault() {
    let mut command = program();
    command
        .env("IM_SERVER__LISTEN", "nowhere")
        .args(["--server-request-timeout-ms", "1"]);
    let output = timeout(LIMIT, command.output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(64));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("server.listen = \"nowhere\" (environment IM_SERVER__LISTEN)"),
        "{text}"
    );
    assert!(
        text.contains("server.request_timeout_ms = 1 (command line)"),
        "{text}"
    );
}

#[tokio::test]
async fn the_configuration_in_force_can_be_shown() {
    let mut command = program();
    command
        .env("IM_SERVER__INTERNAL_KEY", "k".repeat(32))
        .args(["config", "show"]);
    let output = timeout(LIMIT, command.output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("internal_key = *** # environment IM_SERVER__INTERNAL_KEY"),
        "{text}"
    );
    assert!(!text.contains("kkk"), "{text}");
}

#[tokio::test]
async fn a_term_signal_drains_and_metrics_tell_what_was_served() {
    let (grpc, admin) = (free_address().await, free_address().await);
    let mut command = program();
    command.env("IM_SERVER__LISTEN", grpc.to_string());
    let mut child = command
        .args(["--server-admin-listen", &admin.to_string()])
        .spawn()
        .unwrap();
    connected(admin).await;
    let tasks = Tasks::new();
    let mut client = HealthClient::new(channel(grpc, &tasks));
    let request = || HealthCheckRequest {
        service: String::new(),
    };
    client.check(request()).await.unwrap();

    let mut stream = TcpStream::connect(admin).await.unwrap();
    let head = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let mut text = String::new();
    timeout(LIMIT, stream.read_to_string(&mut text))
        .await
        .unwrap()
        .unwrap();
    let counted = text.lines().any(|line| {
        line.starts_with("im_rpc_server_calls_total{")
            && line.contains("service=\"grpc.health.v1.Health\"")
            && line.contains("code=\"Ok\"")
            && line.ends_with(" 1")
    });
    assert!(counted, "{text}");
    assert!(text.contains("im_process_resident_memory_bytes"), "{text}");

    // An open stream hears that the process drains, then ends.
    let mut watch = client.watch(request()).await.unwrap().into_inner();
    assert_eq!(watch.next().await.unwrap().unwrap().status, 1);
    signal(&child).await;
    assert_eq!(
        timeout(LIMIT, watch.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap()
            .status,
        2
    );
    assert_eq!(
        timeout(LIMIT, child.wait()).await.unwrap().unwrap().code(),
        Some(0)
    );
    stop(tasks).await;
}

#[tokio::test]
async fn health_is_ready_while_the_process_serves_and_a_failure_without_it() {
    let (grpc, admin) = (free_address().await, free_address().await);
    let health = || {
        let mut command = program();
        command
            .args(["health", "--server-admin-listen"])
            .arg(admin.to_string());
        command
    };
    let mut child = program()
        .env("IM_SERVER__LISTEN", grpc.to_string())
        .args(["--server-admin-listen", &admin.to_string()])
        .spawn()
        .unwrap();
    connected(admin).await;
    let output = timeout(LIMIT, health().output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    signal(&child).await;
    timeout(LIMIT, child.wait()).await.unwrap().unwrap();
    let output = timeout(LIMIT, health().output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not answer"));
    // Nothing to ask is a fault of the configuration.
    let output = program().arg("health").output();
    let output = timeout(LIMIT, output).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(64), "{output:?}");
}

#[tokio::test]
async fn a_second_signal_stops_at_once_with_a_failure() {
    let grpc = free_address().await;
    let mut child = program()
        .env("IM_SERVER__LISTEN", grpc.to_string())
        .spawn()
        .unwrap();
    connected(grpc).await;
    let tasks = Tasks::new();
    let mut client = HealthClient::new(channel(grpc, &tasks));
    let request = HealthCheckRequest {
        service: String::new(),
    };
    let mut watch = client.watch(request).await.unwrap().into_inner();
    watch.next().await.unwrap().unwrap();
    signal(&child).await;
    // Draining; the open stream would hold it for a while.
    assert_eq!(
        timeout(LIMIT, watch.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap()
            .status,
        2
    );
    signal(&child).await;
    assert_eq!(
        timeout(LIMIT, child.wait()).await.unwrap().unwrap().code(),
        Some(1)
    );
    stop(tasks).await;
}

#[tokio::test]
async fn a_taken_port_is_a_failure() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut command = program();
    command.env("IM_SERVER__LISTEN", taken.local_addr().unwrap().to_string());
    let output = timeout(LIMIT, command.output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("start failed"));
}
