//! An installation of its own for each test.

mod distributed;
pub(crate) mod standalone;

use std::time::Duration;

use im_tests::client::{Api, Person, ops};
use im_tests::{PostgresDatabase, Process, environment};
use serde_json::{Value, json};
use tempfile::TempDir;

/// An answer that needs no waiting for anything.
pub(crate) const SOON: Duration = Duration::from_secs(5);
/// Something that goes through several processes on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Makes tests of an `async fn name(form: Form)`: `name::standalone` and `name::distributed`.
macro_rules! in_both_forms {
    ($($name:ident),* $(,)?) => { $(
        mod $name {
            use crate::system::Form;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn standalone() {
                super::$name(Form::Standalone).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn distributed() {
                if Form::Distributed.is_available() {
                    super::$name(Form::Distributed).await;
                }
            }
        }
    )* };
}

/// How the product runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One process, SQLite, a bus in the process.
    Standalone,
    /// im-auth, and two each of im-presence, im-messaging and im-gateway, on PostgreSQL and NATS.
    Distributed,
}

impl Form {
    /// Whether this machine has what it needs; says so loudly if not.
    pub(crate) fn is_available(self) -> bool {
        let needed = ["IM_TEST_POSTGRES_URL", "IM_TEST_NATS_URL"];
        let missing = needed
            .into_iter()
            .find(|name| environment::optional(name).is_none());
        if let (Self::Distributed, Some(name)) = (self, missing) {
            eprintln!("SKIPPED: {name} is not set; ./tests/run starts what is needed");
            return false;
        }
        true
    }
}

/// One door of the installation.
#[derive(Debug)]
pub(crate) struct Door {
    /// `http://127.0.0.1:…`
    pub(crate) base: String,
    /// The process behind it: the whole product, or a gateway.
    pub(crate) process: Process,
}

/// A running installation; ended and removed when dropped.
#[derive(Debug)]
pub(crate) struct System {
    // Processes go first, then what they use.
    pub(crate) doors: Vec<Door>,
    /// The services behind the gateways, by name; none in the standalone form.
    pub(crate) services: Vec<Service>,
    /// The token for the first administrator, as printed.
    pub(crate) setup_token: String,
    _data: TempDir,
    _database: Option<PostgresDatabase>,
}

/// A service behind the gateways.
#[derive(Debug)]
pub(crate) struct Service {
    /// `im-auth`, …
    pub(crate) name: &'static str,
    /// Its gRPC port, `http://127.0.0.1:…`
    pub(crate) base: String,
    /// Where it answers operators, `http://127.0.0.1:…`
    pub(crate) admin_base: String,
    /// The process.
    pub(crate) process: Process,
}

/// Settings of every test: password hashing that costs nothing, because it is not what is measured,
/// and room for the many accounts that come from one address.
const SETTINGS: &str = "
[auth]
password_memory_kib = 64
password_passes = 1
registration_burst = 100000

[presence]
offline_debounce_ms = 1500
";

impl System {
    /// Starts an installation and waits until it is ready.
    pub(crate) async fn start(form: Form) -> Self {
        Self::start_with(form, SETTINGS).await
    }

    /// Starts one with other settings, as TOML without `[server]`, `[store]`, `[bus]`, `[peers]`.
    pub(crate) async fn start_with(form: Form, settings: &str) -> Self {
        match form {
            Form::Standalone => standalone::start(settings).await,
            Form::Distributed => {
                let nats_url = environment::required("IM_TEST_NATS_URL");
                distributed::start(settings, &nats_url).await
            }
        }
    }

    /// Starts the distributed form on a bus of the test's own.
    pub(crate) async fn start_on_bus(nats_url: &str) -> Self {
        distributed::start(SETTINGS, nats_url).await
    }

    /// The first door over HTTP/JSON.
    pub(crate) fn api(&self) -> Api {
        Api::http(self.base())
    }

    /// The address of the first door.
    pub(crate) fn base(&self) -> &str {
        &self.doors[0].base
    }

    /// The address of the last door: another gateway, if there are several.
    pub(crate) fn other_base(&self) -> &str {
        &self.doors[self.doors.len() - 1].base
    }

    /// The first administrator, by the link.
    pub(crate) async fn administrator(&self) -> Person {
        let api = self.api();
        api.ok(ops::claim(
            &self.setup_token,
            "root.admin",
            Person::PASSWORD,
        ))
        .await;
        Person::login(&api, "root.admin").await
    }

    /// Somebody new.
    pub(crate) async fn person(&self, username: &str) -> Person {
        Person::register(&self.api(), username).await
    }

    /// Two who are contacts of each other.
    pub(crate) async fn two_contacts(&self) -> (Person, Person) {
        let (ann, bob) = (self.person("ann").await, self.person("bob").await);
        ann.befriend(&bob).await;
        (ann, bob)
    }
}

/// The token that a program prints while there is no administrator: `… claim TOKEN NAME`.
pub(crate) fn setup_token(log: &str) -> Option<String> {
    let mut words = log.split_whitespace();
    words.find(|word| *word == "claim")?;
    words.next().map(str::to_owned)
}

/// Sets policy values for everybody and waits until they count: mirrors follow within 2 s.
pub(crate) async fn set_policies(admin: &Person, values: &[(&str, &str)]) {
    for (key, value) in values {
        admin.api.ok(ops::set_policy(key, value, &json!({}))).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
}

/// A field that is text.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// A 64-bit number, which JSON carries as text.
pub(crate) fn number(value: &Value) -> i64 {
    text(value)
        .parse()
        .unwrap_or_else(|_| panic!("no number: {value}"))
}

/// A list.
pub(crate) fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
}
