//! Throw-away databases.

use std::path::PathBuf;

use im_auth_stores::{Driver, Preset, SqlConfig, Tls};
use im_types::Secret;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _, raw_sql};
use tempfile::TempDir;

#[expect(
    clippy::disallowed_methods,
    reason = "the test command speaks through the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A fresh database on one of the engines, removed with [`Database::drop_now`].
pub(crate) struct Database {
    pub(crate) driver: Driver,
    name: String,
    directory: Option<TempDir>,
}

fn server_url(driver: Driver) -> String {
    match driver {
        Driver::Mysql => variable("IM_TEST_MARIADB_URL")
            .unwrap_or_else(|| "mysql://root@127.0.0.1:3306/mysql".to_owned()),
        Driver::Postgres => variable("IM_TEST_POSTGRES_URL")
            .unwrap_or_else(|| "postgres://postgres@127.0.0.1:5432/postgres".to_owned()),
        Driver::Sqlite => String::new(),
    }
}

/// The same server, another database.
fn with_database(url: &str, name: &str) -> String {
    let (head, _) = url.rsplit_once('/').unwrap();
    format!("{head}/{name}")
}

async fn execute(driver: Driver, url: &str, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    match driver {
        Driver::Mysql => {
            let url = format!("{url}?ssl-mode=disabled&charset=utf8mb4");
            let mut connection = MySqlConnection::connect(&url).await.expect("MariaDB");
            raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Driver::Postgres => {
            let mut connection = PgConnection::connect(url).await.expect("PostgreSQL");
            raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Driver::Sqlite => {
            let mut connection = sqlite(url).await;
            raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

async fn sqlite(path: &str) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    options.connect().await.unwrap()
}

impl Database {
    pub(crate) async fn new(driver: Driver, name: &str) -> Self {
        let name = format!("im_store_{}_{name}", std::process::id());
        match driver {
            Driver::Mysql => {
                let create = format!("CREATE DATABASE `{name}` CHARACTER SET utf8mb4");
                execute(driver, &server_url(driver), &create).await;
            }
            Driver::Postgres => {
                let create = format!("CREATE DATABASE \"{name}\"");
                execute(driver, &server_url(driver), &create).await;
            }
            Driver::Sqlite => {}
        }
        let directory = (driver == Driver::Sqlite).then(|| TempDir::new().unwrap());
        Self {
            driver,
            name,
            directory,
        }
    }

    fn file(&self) -> PathBuf {
        self.directory.as_ref().unwrap().path().join("store.db")
    }

    pub(crate) fn url(&self) -> String {
        match self.driver {
            Driver::Sqlite => self.file().to_str().unwrap().to_owned(),
            driver => with_database(&server_url(driver), &self.name),
        }
    }

    /// The URL for another user.
    pub(crate) fn url_as(&self, user: &str) -> String {
        let url = self.url();
        let (scheme, rest) = url.split_once("://").unwrap();
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{user}@{host}")
    }

    pub(crate) async fn execute(&self, sql: &str) {
        execute(self.driver, &self.url(), sql).await;
    }

    /// Names of the columns of a table or query.
    pub(crate) async fn columns(&self, table: &str) -> Vec<String> {
        let quoted = match self.driver {
            Driver::Mysql => format!("`{table}`"),
            Driver::Postgres | Driver::Sqlite => format!("\"{table}\""),
        };
        let sql = AssertSqlSafe(format!("SELECT * FROM {quoted} LIMIT 1"));
        macro_rules! names {
            ($connection:expr) => {{
                let row = $connection.fetch_optional(sql).await.unwrap();
                row.map_or_else(Vec::new, |row| {
                    use sqlx::Column as _;
                    row.columns()
                        .iter()
                        .map(|column| column.name().to_owned())
                        .collect()
                })
            }};
        }
        match self.driver {
            Driver::Mysql => {
                let url = format!("{}?ssl-mode=disabled", self.url());
                names!(MySqlConnection::connect(&url).await.unwrap())
            }
            Driver::Postgres => names!(PgConnection::connect(&self.url()).await.unwrap()),
            Driver::Sqlite => names!(sqlite(&self.url()).await),
        }
    }

    pub(crate) fn config(&self, preset: Preset) -> SqlConfig {
        SqlConfig {
            tls: Tls::Off,
            ..SqlConfig::new(self.driver, Secret::new(self.url()), preset)
        }
    }

    pub(crate) async fn drop_now(self) {
        let server = server_url(self.driver);
        match self.driver {
            Driver::Mysql => {
                execute(
                    self.driver,
                    &server,
                    &format!("DROP DATABASE `{}`", self.name),
                )
                .await;
            }
            Driver::Postgres => {
                let drop = format!("DROP DATABASE \"{}\" WITH (FORCE)", self.name);
                execute(self.driver, &server, &drop).await;
            }
            Driver::Sqlite => {}
        }
    }
}

/// A value of a fixture as a literal.
pub(crate) fn literal(driver: Driver, value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(yes) if driver == Driver::Postgres => yes.to_string(),
        Value::Bool(yes) => u8::from(*yes).to_string(),
        // In quotes PostgreSQL takes it for whatever the column is.
        Value::Number(number) if driver == Driver::Postgres => format!("'{number}'"),
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            let text = text.replace('\'', "''");
            let text = if driver == Driver::Mysql {
                text.replace('\\', "\\\\")
            } else {
                text
            };
            format!("'{text}'")
        }
        Value::Object(object) => {
            let hex = object["$hex"].as_str().unwrap();
            match driver {
                Driver::Postgres => format!("'\\x{hex}'"),
                Driver::Mysql | Driver::Sqlite => format!("X'{hex}'"),
            }
        }
        Value::Array(_) => panic!("a column holds no list"),
    }
}
