//! The program of the documentation, run.

use std::process::{Command, Stdio};
use std::time::Duration;

use im_auth_stores::{Answered, Class, ExternalId, HttpConfig, HttpStore, Lookup, Tls};
use im_types::{Clock, Ids, Secret};

use crate::server::{KEY, plain};

const DOCS: &str = include_str!("../../../../../docs/identity-stores-http.md");

#[tokio::test]
async fn the_program_of_the_documentation_works() {
    let program = DOCS
        .split("```python\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let lines = program.lines().filter(|line| !line.is_empty()).count();
    assert!(lines <= 35, "{lines} lines are no small program");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut process = Command::new("python3")
        .args(["-c", program, &port.to_string()])
        .env("KEY", KEY)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_ok()
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let url = format!("http://127.0.0.1:{port}/");
    let store = plain(url.clone());
    let right = store.verify("anna", &Secret::from("Secret123")).await;
    let wrong = store.verify("anna", &Secret::from("wrong")).await;
    let nobody = store.verify("nobody", &Secret::from("Secret123")).await;
    let found = store.find("anna").await;
    let fault = store.check().await.fault;
    let other = HttpConfig {
        tls: Tls::Off,
        ..HttpConfig::new(url, Secret::from(KEY.replace('0', "1").as_str()))
    };
    let other = HttpStore::open(&other, Clock::system(), Ids::system(Clock::system())).unwrap();
    let denied = other.verify("anna", &Secret::from("Secret123")).await;
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(
        matches!(&right, Answered::Match { person, .. } if person.groups == ["staff"]),
        "{right:?}"
    );
    assert_eq!(wrong, Answered::Mismatch(ExternalId::new("7")));
    assert_eq!(nobody, Answered::Absent);
    assert!(matches!(found, Lookup::Found(_)), "{found:?}");
    assert_eq!(fault, None);
    assert_eq!(denied, Answered::Unavailable(Class::Denied));
}
