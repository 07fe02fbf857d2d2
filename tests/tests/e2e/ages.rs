//! What age does to messages. No test waits for a day: the rows are made older in the database.

use std::time::Duration;

use im_store::{Database, StoreConfig, query};
use im_tests::client::{Api, Listen, Person, ops};
use im_tests::{Process, data_dir, free_port, wait_until};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::system::{LONG, SOON, list, setup_token, standalone, text};

/// Cheap passwords, and upkeep every second.
const SETTINGS: &str = "
[auth]
password_memory_kib = 64
password_passes = 1

[messaging]
upkeep_interval_s = 1
";

/// One process, and the database of its messages.
struct Installation {
    base: String,
    process: Process,
    messages: Database,
    _data: TempDir,
}

impl Installation {
    async fn start() -> Self {
        let data = data_dir();
        let config = data.path().join("im.toml");
        std::fs::write(&config, SETTINGS).expect("the configuration is written");
        let (port, home) = (free_port(), data.path().join("data"));
        let process = standalone::program(&config, &home, port).start().await;
        let url = format!("sqlite://{}", home.join("messaging.db").display());
        let messages = Database::connect(&StoreConfig::with_url(url)).await;
        Self {
            base: format!("http://127.0.0.1:{port}"),
            process,
            messages: messages.expect("the database of the messages"),
            _data: data,
        }
    }

    async fn administrator(&self) -> Person {
        wait_until("the token is printed", SOON, || async {
            setup_token(&self.process.log()).is_some()
        })
        .await;
        let token = setup_token(&self.process.log()).expect("it was there before");
        let api = Api::http(&self.base);
        api.ok(ops::claim(&token, "root.admin", Person::PASSWORD))
            .await;
        Person::login(&api, "root.admin").await
    }

    /// Everything that was sent so far becomes so much older.
    async fn grow_older(&self, days: i64) {
        let age = Duration::from_hours(24).as_micros();
        let age = i64::try_from(age).expect("a day") * days;
        query("UPDATE messages SET created_at_us = created_at_us - $1")
            .bind(age)
            .execute(&self.messages)
            .await
            .expect("the messages are older");
    }
}

/// Number, text and why it is gone of each message, as somebody reads them.
async fn told(reader: &Person, id: &str) -> Vec<(String, String, String)> {
    let page = reader.api.ok(ops::history(id, "pageSize=50")).await;
    let field = |message: &Value, name: &str| {
        let text = message[name].as_str().unwrap_or_default();
        text.replace("REMOVAL_UNSPECIFIED", "")
    };
    list(&page["messages"])
        .iter()
        .map(|message| {
            let removal = field(message, "removal");
            (field(message, "seq"), field(message, "text"), removal)
        })
        .collect()
}

fn row(seq: &str, text: &str, removal: &str) -> (String, String, String) {
    (seq.to_owned(), text.to_owned(), removal.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behaviour_8_8_what_nobody_read_expires_and_the_sender_sees_that() {
    let installation = Installation::start().await;
    let api = Api::http(&installation.base);
    let (ann, bob) = (
        Person::register(&api, "ann").await,
        Person::register(&api, "bob").await,
    );
    ann.befriend(&bob).await;
    let id = ann.direct(&bob).await;
    ann.send(&id, "k1", "read").await;
    bob.api.ok(ops::mark_read(&id, 1)).await;
    ann.send(&id, "k2", "never read").await;
    let (mut stream, _) = ann.listen(Listen::default()).await;
    installation.grow_older(91).await;
    let (entries, _) = stream.entries(1, LONG).await;
    let gone = &entries[0];
    assert_eq!(gone["kind"], "DELETE", "{gone}");
    assert_eq!(gone["message"]["seq"], "2", "{gone}");
    assert_eq!(gone["message"]["removal"], "EXPIRED_UNREAD", "{gone}");
    for reader in [&ann, &bob] {
        let told = told(reader, &id).await;
        let expected = [row("1", "read", ""), row("2", "", "EXPIRED_UNREAD")];
        assert_eq!(told, expected);
    }
    let view = bob.api.ok(ops::conversation(&id)).await;
    assert_eq!(view["conversation"]["unreadCount"].as_i64().unwrap_or(0), 0);
    let metrics = api.json().get("/metrics").await.1;
    let expired = text(&metrics)
        .lines()
        .find(|line| line.starts_with("im_messaging_aged") && line.contains("EXPIRED"))
        .unwrap_or_else(|| panic!("{metrics}"));
    assert!(expired.ends_with(" 1"), "{expired}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behaviour_1_3_each_address_keeps_its_messages_as_long_as_it_says() {
    let installation = Installation::start().await;
    let admin = installation.administrator().await;
    let addresses = ["a", "b"].map(|site| Api::http(&format!("{}/{site}", installation.base)));
    for (site, api) in ["a", "b"].into_iter().zip(&addresses) {
        let prefix = json!([{ "pathPrefix": format!("/{site}") }]);
        admin.api.ok(ops::create_site(site, &prefix)).await;
        wait_until("the site answers", LONG, || async {
            let answer = api.call(ops::site()).await;
            answer.is_ok_and(|answer| answer["site"]["id"] == json!(site))
        })
        .await;
    }
    let ann = Person::register(&addresses[0], "ann").await;
    let bob = Person::register(&addresses[1], "bob").await;
    ann.befriend(&bob).await;
    let id = bob.direct(&ann).await;
    ann.send(&id, "k1", "from A").await;
    bob.send(&id, "k1", "from B").await;
    ann.api.ok(ops::mark_read(&id, 2)).await;
    bob.api.ok(ops::mark_read(&id, 2)).await;
    installation.grow_older(8).await;
    let scope = json!({ "level": "SITE", "siteId": "a" });
    let retention = ops::set_policy("message_retention_days", "7", &scope);
    admin.api.ok(retention).await;
    wait_until("A keeps its messages no longer", LONG, || async {
        told(&bob, &id).await[0].2 == "RETENTION"
    })
    .await;
    // Another round goes over all of it, and B's message is still there.
    ann.send(&id, "k2", "later").await;
    installation.grow_older(8).await;
    wait_until("A's next one goes as well", LONG, || async {
        told(&ann, &id).await[2].2 == "RETENTION"
    })
    .await;
    for reader in [&ann, &bob] {
        let told = told(reader, &id).await;
        let texts: Vec<&str> = told.iter().map(|(_, text, _)| text.as_str()).collect();
        assert_eq!(texts, ["", "from B", ""], "{told:?}");
    }
}
