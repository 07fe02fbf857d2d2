//! Somebody else's database, with tables as their applications make them.

use im_store::testing::{POSTGRES_URL_VARIABLE, TestDatabase, postgres, sqlite_temp};
use im_types::{Clock, Ids};

const MARIADB_URL_VARIABLE: &str = "IM_TEST_MARIADB_URL";

/// A database that is removed when dropped.
pub(super) enum ForeignDatabase {
    Own(&'static str, TestDatabase),
    MariaDb(MariaDb),
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test command speaks through the environment"
)]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl ForeignDatabase {
    pub(super) async fn sqlite() -> Self {
        Self::Own("sqlite", sqlite_temp().await)
    }

    /// A database of every engine at hand.
    pub(super) async fn every_engine() -> Vec<Self> {
        let mut all = vec![Self::sqlite().await];
        if let Some(url) = variable(POSTGRES_URL_VARIABLE) {
            all.push(Self::Own("postgres", postgres(&url).await));
        }
        if let Some(url) = variable(MARIADB_URL_VARIABLE) {
            all.push(Self::MariaDb(MariaDb::new(&url)));
        }
        all
    }

    pub(super) const fn engine(&self) -> &'static str {
        match self {
            Self::Own(engine, _) => engine,
            Self::MariaDb(_) => "mysql",
        }
    }

    /// The driver and the URL for the configuration of a store.
    pub(super) fn reached(&self) -> (&'static str, String) {
        let url = match self {
            Self::MariaDb(database) => format!("{}/{}", database.server, database.name),
            Self::Own(_, database) => {
                let config = database.config();
                let url = config.url.expose();
                match config.schema {
                    Some(schema) => format!("{url}?options=-c%20search_path%3D{schema}"),
                    None => url.clone(),
                }
            }
        };
        (self.engine(), url)
    }

    pub(super) async fn run(&self, sql: &'static str) {
        match self {
            Self::Own(_, database) => {
                im_store::query(sql).execute(database).await.unwrap();
            }
            Self::MariaDb(database) => database.run(&database.name, sql),
        }
    }

    /// phpBB with Anna, `alice` and somebody who is switched off.
    pub(super) async fn with_phpbb(self) -> Self {
        self.run(
            "CREATE TABLE phpbb_users (user_id INTEGER PRIMARY KEY, user_type INTEGER NOT NULL, \
             username VARCHAR(255) NOT NULL, username_clean VARCHAR(255) NOT NULL, \
             user_password VARCHAR(255) NOT NULL, user_email VARCHAR(100) NOT NULL)",
        )
        .await;
        self.run(
            "INSERT INTO phpbb_users VALUES \
             (2, 0, 'Anna', 'anna', '$P$Bv6yOBLnn9TMDhMPaszvM1zKTyv68N0', 'anna@forum.example'), \
             (3, 0, 'Alice', 'alice', '$P$Bv6yOBLnn9TMDhMPaszvM1zKTyv68N0', 'alice@forum.example'), \
             (4, 1, 'Off', 'off', '$P$Bv6yOBLnn9TMDhMPaszvM1zKTyv68N0', '')",
        )
        .await;
        self
    }

    /// `WordPress` with Bert and another `alice`.
    pub(super) async fn with_wordpress(self) -> Self {
        self.run(
            "CREATE TABLE wp_users (ID INTEGER PRIMARY KEY, user_login VARCHAR(60) NOT NULL, \
             user_pass VARCHAR(255) NOT NULL, user_email VARCHAR(100) NOT NULL, \
             display_name VARCHAR(250) NOT NULL)",
        )
        .await;
        self.run(
            "INSERT INTO wp_users VALUES \
             (1, 'bert', '$wp$2y$06$S4NikTh7URSLuZ.dFckYXe.SEdA3zjMgMu0AKrPWPcFHJ/mIqDTyG', \
              'bert@cms.example', 'Bert of the CMS'), \
             (2, 'alice', '$P$Bv6yOBLnn9TMDhMPaszvM1zKTyv68N0', 'alice@forum.example', 'Alice C.')",
        )
        .await;
        self
    }

    /// Django with Dora and somebody who is switched off.
    pub(super) async fn with_django(self) -> Self {
        self.run(
            "CREATE TABLE auth_user (id INTEGER PRIMARY KEY, username VARCHAR(150) NOT NULL, \
             password VARCHAR(128) NOT NULL, email VARCHAR(254) NOT NULL, is_active BOOLEAN NOT NULL)",
        )
        .await;
        self.run(
            "INSERT INTO auth_user VALUES \
             (1, 'dora', 'pbkdf2_sha256$20000$saltsalt$lzr5VaTIxIzc+8lNWixQJNGGOx0b8/zWopvX6Bedd58=', \
              'dora@app.example', TRUE), \
             (2, 'off', 'pbkdf2_sha256$20000$saltsalt$lzr5VaTIxIzc+8lNWixQJNGGOx0b8/zWopvX6Bedd58=', \
              '', FALSE)",
        )
        .await;
        self
    }
}

/// A database on the server at `mysql://user:password@host:port/…`, through its own client: no
/// crate but those of the store speaks to databases.
pub(super) struct MariaDb {
    server: String,
    name: String,
    client: Vec<String>,
}

impl MariaDb {
    fn new(url: &str) -> Self {
        let (server, _) = url.rsplit_once('/').unwrap();
        let (user, address) = server
            .trim_start_matches("mysql://")
            .rsplit_once('@')
            .unwrap();
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        let (host, port) = address.split_once(':').unwrap_or((address, "3306"));
        let mut client = ["--no-defaults", "-h", host, "-P", port, "-u", user]
            .map(str::to_owned)
            .to_vec();
        client.push(format!("--password={password}"));
        let ids = Ids::system(Clock::system());
        let database = Self {
            server: server.to_owned(),
            name: format!("im_test_{}", ids.new_uuid().simple()),
            client,
        };
        let create = format!("CREATE DATABASE {} CHARACTER SET utf8mb4", database.name);
        database.run("mysql", &create);
        database
    }

    fn run(&self, database: &str, sql: &str) {
        let done = std::process::Command::new("mariadb")
            .args(&self.client)
            .args([database, "-e", sql])
            .output()
            .expect("the client mariadb can be started");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{sql}: {said}");
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.run("mysql", &format!("DROP DATABASE {}", self.name));
        }
    }
}
