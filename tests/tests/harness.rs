//! The harness itself: what it promises the other tests.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use im_store::{Database, query};
use im_tests::{
    HttpClient, NatsServer, PostgresDatabase, Program, Ready, Received, Stream, data_dir,
    environment, free_port, wait_until,
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

const SHORT: Duration = Duration::from_secs(5);

fn shell(script: &str) -> Program {
    Program::at("sh", "/bin/sh").args(["-c", script])
}

#[tokio::test]
async fn a_process_is_ready_by_its_line_and_comes_back_on_the_same_data() {
    let data = data_dir();
    let mut process =
        shell("echo x >> \"$DATA/runs\"; echo ready $(wc -l < \"$DATA/runs\"); sleep 60")
            .variable("DATA", data.path())
            .ready(Ready::Line("ready".to_owned()))
            .start()
            .await;
    assert_eq!(process.ready_line(), Some("ready 1"));
    let first = process.id();
    process.restart_hard().await;
    assert_eq!(process.ready_line(), Some("ready 2"));
    assert_ne!(process.id(), first);
    assert_eq!(process.log(), "ready 1\nready 2\n");
}

#[tokio::test]
async fn a_process_ends_on_sigterm_and_says_how() {
    let script = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let mut process = shell(script)
        .ready(Ready::Line("ready".to_owned()))
        .start()
        .await;
    assert_eq!(process.terminate(SHORT).await.code(), Some(3));
    assert!(!process.is_running());
    assert!(process.log().ends_with("bye\n"), "{}", process.log());
}

#[tokio::test]
#[should_panic(expected = "sh ended with Some(7) before it was ready")]
async fn a_process_that_ends_before_it_is_ready_fails_the_test() {
    shell("exit 7")
        .ready(Ready::Line("never".to_owned()))
        .start()
        .await;
}

#[tokio::test]
#[should_panic(expected = "in vain for 50ms: the sun rises")]
async fn waiting_has_an_end() {
    wait_until("the sun rises", Duration::from_millis(50), || async {
        false
    })
    .await;
}

#[tokio::test]
async fn a_frozen_process_stands_still_and_goes_on() {
    let server = NatsServer::start().await;
    let config = im_bus::BusConfig {
        url: server.url(),
        ..im_bus::BusConfig::default()
    };
    let bus = im_bus::EventBus::open(&config).await.unwrap();
    wait_until("the bus connects", SHORT, || async { bus.is_connected() }).await;
    let topic = im_bus::Topic::new("tests", "froze");
    let mut subscription = bus.subscribe(topic).await.unwrap();
    server.process.freeze();
    bus.publish(&topic.subject(), "1");
    let early = tokio::time::timeout(Duration::from_millis(300), subscription.recv()).await;
    assert!(early.is_err(), "a frozen server passed on {early:?}");
    server.process.thaw();
    let late = tokio::time::timeout(SHORT, subscription.recv())
        .await
        .unwrap();
    assert!(matches!(late, Some(im_bus::Event::Message(_))), "{late:?}");
}

#[tokio::test]
async fn the_http_client_reads_json_and_the_status() {
    let (port, monitor) = (free_port(), free_port());
    let _server = Program::at("nats-server", environment::required("IM_TEST_NATS_BIN"))
        .args([
            "-a",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "-m",
            &monitor.to_string(),
        ])
        .ready(Ready::Http(format!("http://127.0.0.1:{monitor}/varz")))
        .start()
        .await;
    let client = HttpClient::new(&format!("http://127.0.0.1:{monitor}/"));
    let (status, body) = client.get("/varz").await;
    assert_eq!((status.as_u16(), &body["port"]), (200, &json!(port)));
    assert_eq!(client.get("/nothing-here").await.0.as_u16(), 404);
    let gone = HttpClient::new(&format!("http://127.0.0.1:{}", free_port()));
    assert!(
        gone.try_send("GET".parse().unwrap(), "/", None)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_postgres_database_is_ones_own_and_goes_with_the_test() {
    let (one, two) = (
        PostgresDatabase::create().await,
        PostgresDatabase::create().await,
    );
    assert_ne!(one.url(), two.url());
    let config = one.config();
    let database = Database::connect(&config).await.unwrap();
    query("CREATE TABLE things (thing_id BIGINT)")
        .execute(&database)
        .await
        .unwrap();
    let other = Database::connect(&two.config()).await.unwrap();
    query("CREATE TABLE things (thing_id BIGINT)")
        .execute(&other)
        .await
        .unwrap();
    // Although a connection is still open.
    drop(one);
    assert!(
        Database::connect(&config).await.is_err(),
        "the database is still there"
    );
}

#[tokio::test]
async fn the_stream_client_tells_frames_silence_and_the_end_apart() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(socket).await.unwrap();
        let first = socket.next().await.unwrap().unwrap();
        for text in [
            r#"{"pong":{}}"#,
            r#"{"presence":{"presences":[]}}"#,
            r#"{"batch":{"cursor":"7"}}"#,
        ] {
            socket.send(Message::text(text)).await.unwrap();
        }
        let _ = socket.next().await;
        first.into_text().unwrap().to_string()
    });
    let mut stream = Stream::connect(&url).await;
    stream.send(json!({"ping": {}})).await;
    assert_eq!(stream.next_frame(SHORT).await, json!({"pong": {}}));
    assert_eq!(stream.next_of("batch", SHORT).await, json!({"cursor": "7"}));
    assert_eq!(
        stream.receive(Duration::from_millis(50)).await,
        Received::Silence
    );
    stream.close().await;
    assert_eq!(tasks.join_next().await.unwrap().unwrap(), r#"{"ping":{}}"#);
    assert!(Stream::try_connect(&url).await.is_err());
}
