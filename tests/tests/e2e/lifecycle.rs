//! Starting and stopping.

use std::path::Path;
use std::time::Duration;

use im_tests::client::{Listen, Person, ops};
use im_tests::{Process, Program, Ready, data_dir, free_port, wait_until};
use serde_json::json;
use tokio::time::Instant;

use crate::system::{Form, LONG, SOON, System, list, setup_token, standalone, text};

/// §10: from SIGTERM to the end.
const STOP_BOUND: Duration = Duration::from_secs(30);
/// Exit status of a configuration with faults.
const EXIT_BAD_CONFIGURATION: i32 = 64;

in_both_forms!(
    behaviour_10_sigterm_says_goaway_and_ends_cleanly,
    the_first_administrator_is_made_once,
);

async fn behaviour_10_sigterm_says_goaway_and_ends_cleanly(form: Form) {
    let mut system = System::start(form).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    let (mut stream, _) = ann.listen(Listen::default()).await;
    ann.send(&id, "k1", "hello").await;
    stream.entries(1, SOON).await;
    let begin = Instant::now();
    system.doors[0].process.signal("TERM");
    let last = stream.end(STOP_BOUND).await;
    assert_eq!(last["goaway"]["reason"], "DRAINING", "{last}");
    assert!(last["goaway"]["reconnectAfterMs"].is_i64(), "{last}");
    let status = system.doors[0].process.wait_exit(STOP_BOUND).await;
    println!("{form:?}: stopped after {:?}", begin.elapsed());
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(begin.elapsed() < STOP_BOUND);
    // The services behind stop as well.
    for service in &mut system.services {
        let status = service.process.terminate(STOP_BOUND).await;
        assert_eq!(status.code(), Some(0), "{}: {status}", service.name);
    }
}

/// `claimFirstAdministrator`
async fn the_first_administrator_is_made_once(form: Form) {
    let system = System::start(form).await;
    let token = system.setup_token.clone();
    let api = system.api();
    let forged = api
        .refused(ops::claim("made-up", "mallory", Person::PASSWORD))
        .await;
    assert_eq!(
        (forged.code, forged.reason.as_str()),
        (7, "SETUP_TOKEN_INVALID")
    );
    let admin = system.administrator().await;
    let me = admin.api.ok(ops::user("me")).await;
    let permissions: Vec<&str> = list(&me["user"]["permissions"]).iter().map(text).collect();
    assert!(permissions.contains(&"policy.manage"), "{me}");
    for door in &system.doors {
        let api = api.at(&door.base);
        let again = api
            .refused(ops::claim(&token, "mallory", Person::PASSWORD))
            .await;
        assert_eq!(
            (again.code, again.reason.as_str()),
            (7, "SETUP_TOKEN_INVALID")
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_link_is_printed_once_there_is_an_administrator() {
    let mut system = System::start(Form::Standalone).await;
    system.administrator().await;
    let process = &mut system.doors[0].process;
    let before = process.log().matches(" claim ").count();
    process.terminate(STOP_BOUND).await;
    process.resume().await;
    Person::login(&system.api(), "root.admin").await;
    assert_eq!(
        system.doors[0].process.log().matches(" claim ").count(),
        before
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behaviour_10_a_second_signal_stops_at_once() {
    let mut system = System::start(Form::Standalone).await;
    let ann = system.person("ann").await;
    // Somebody who holds the stop up: a request whose body does not end.
    let (_stream, _) = ann.listen(Listen::default()).await;
    let address = system.base().trim_start_matches("http://").to_owned();
    let mut hanging = tokio::net::TcpStream::connect(&address)
        .await
        .expect("a connection");
    let head = "POST /v1/auth:login HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";
    tokio::io::AsyncWriteExt::write_all(&mut hanging, head.as_bytes())
        .await
        .expect("written");
    let process = &mut system.doors[0].process;
    process.signal("TERM");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begin = Instant::now();
    if process.is_running() {
        process.signal("TERM");
    }
    process.wait_exit(STOP_BOUND).await;
    assert!(
        begin.elapsed() < Duration::from_secs(3),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behaviour_8_1_what_was_acknowledged_survives_a_kill_at_once() {
    let mut system = System::start(Form::Standalone).await;
    let (ann, bob) = system.two_contacts().await;
    let id = ann.direct(&bob).await;
    let position = bob.api.ok(ops::entries("", 1)).await;
    for round in 1..=3 {
        let key = format!("k{round}");
        let message = ann.send(&id, &key, &format!("round {round}")).await;
        system.doors[0].process.kill_hard();
        system.doors[0].process.resume().await;
        let history = bob.api.ok(ops::history(&id, "pageSize=1")).await;
        let newest = &list(&history["messages"])[0];
        assert_eq!(
            (&newest["id"], &newest["seq"]),
            (&message["id"], &message["seq"])
        );
        // After the restart the key is still known, and so is the session.
        let again = ann
            .api
            .ok(ops::send(&id, &key, &format!("round {round}")))
            .await;
        assert_eq!(
            (&again["duplicate"], &again["message"]["id"]),
            (&json!(true), &message["id"])
        );
    }
    let entries = bob
        .api
        .ok(ops::entries(text(&position["cursor"]), 10))
        .await;
    assert_eq!(list(&entries["entries"]).len(), 3, "{entries}");
}

/// A program that is expected to end by itself: its status and what it said.
async fn ends(program: Program) -> (Option<i32>, String) {
    let mut process: Process = program.ready(Ready::Started).start().await;
    let status = process.wait_exit(LONG).await;
    (status.code(), process.log())
}

fn on(config: &Path, data: &Path, port: u16) -> Program {
    standalone::program(config, data, port)
}

#[tokio::test]
async fn a_bad_configuration_is_refused_with_all_its_faults() {
    let dir = data_dir();
    let config = dir.path().join("im.toml");
    let faulty = "[server]\nshutdown_timeout_ms = \"soon\"\ncolour = \"red\"\n\
                  [auth]\npassword_passes = 9000\n[gatewya]\nheartbeat_ms = 5\n";
    std::fs::write(&config, faulty).expect("written");
    let data = dir.path().join("data");
    let (code, said) = ends(on(&config, &data, free_port())).await;
    assert_eq!(code, Some(EXIT_BAD_CONFIGURATION), "{said}");
    for name in [
        "shutdown_timeout_ms",
        "colour",
        "password_passes",
        "gatewya",
    ] {
        assert!(said.contains(name), "{name} is not told: {said}");
    }
    assert!(!data.exists(), "nothing was begun");
    let check = Program::new("intramessenger")
        .arg("--config")
        .arg(&config)
        .args(["config", "check"]);
    assert_eq!(ends(check).await.0, Some(EXIT_BAD_CONFIGURATION));
    let unknown = Program::new("intramessenger").arg("--colour=red");
    assert_eq!(ends(unknown).await.0, Some(EXIT_BAD_CONFIGURATION));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_taken_and_data_that_is_in_use_are_named() {
    let system = System::start(Form::Standalone).await;
    let dir = data_dir();
    let config = dir.path().join("im.toml");
    std::fs::write(&config, "").expect("written");
    let port = system
        .base()
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok());
    let port: u16 = port.expect("a port");
    let (code, said) = ends(on(&config, &dir.path().join("data"), port)).await;
    assert!(code.is_some_and(|code| code != 0), "{said}");
    assert!(
        said.contains(&port.to_string()),
        "the port is named: {said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_of_a_newer_version_is_refused() {
    let dir = data_dir();
    let (config, data) = (dir.path().join("im.toml"), dir.path().join("data"));
    std::fs::write(&config, "").expect("written");
    let mut process = on(&config, &data, free_port()).start().await;
    process.terminate(STOP_BOUND).await;
    mark_as_newer(&data).await;
    let (code, said) = ends(on(&config, &data, free_port())).await;
    assert!(code.is_some_and(|code| code != 0), "{said}");
    assert!(said.contains("newer"), "{said}");
}

/// Writes down a migration that this version does not know.
async fn mark_as_newer(data: &Path) {
    let file = std::fs::read_dir(data).expect("the data directory");
    let mut files = file.map(|entry| entry.expect("a file").path());
    let database = files.find(|path| path.extension().is_some_and(|kind| kind == "db"));
    let database = database.expect("a database file");
    let url = format!("sqlite://{}", database.display());
    let config = im_store::StoreConfig::with_url(url);
    let database = im_store::Database::connect(&config)
        .await
        .expect("the database opens");
    let statement = "INSERT INTO schema_migrations (version, name, checksum, applied_at_us) \
        VALUES (9999, '9999_from_the_future', x'00', 0)";
    im_store::query(statement)
        .execute(&database)
        .await
        .expect("a mark");
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn port_0_picks_a_port_and_prints_it() {
    let dir = data_dir();
    let process = Program::new("intramessenger")
        .arg("--data-dir")
        .arg(dir.path())
        .args(["--listen", "127.0.0.1:0"])
        .ready(Ready::Line("http://127.0.0.1:".to_owned()))
        .start()
        .await;
    let line = process.ready_line().expect("the line with the address");
    let mut words = line.split_whitespace();
    let base = words
        .find(|word| word.starts_with("http://"))
        .expect("the address")
        .to_owned();
    assert!(!base.ends_with(":0"), "{line}");
    wait_until("it answers there", LONG, || async {
        let client = im_tests::HttpClient::new(&base);
        let answer = client.try_send(reqwest::Method::GET, "/readyz", None).await;
        answer.is_ok_and(|(status, _)| status == 200)
    })
    .await;
    let token = || async { setup_token(&process.log()).is_some() };
    wait_until(
        "the token of the first administrator is printed",
        SOON,
        token,
    )
    .await;
}
