//! Throw-away databases for tests.
//!
//! Each is fresh and of its own, so tests run side by side, and it is removed when dropped, also
//! by a failing test. PostgreSQL takes part when `IM_TEST_POSTGRES_URL` names a server where
//! schemas may be created.

// Failing loudly is what a test helper is for.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test without its database must fail"
)]

use std::ops::Deref;

use im_types::{Clock, Ids};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use tempfile::TempDir;

use crate::statement::{Shape, translate};
use crate::{Database, Engine, Executor, Migrations, StoreConfig, StoreError};

/// The environment variable with the URL of the PostgreSQL server for tests.
pub const POSTGRES_URL_VARIABLE: &str = "IM_TEST_POSTGRES_URL";

/// A fresh database that is removed when this is dropped. Use it as a [`Database`].
#[derive(Debug)]
pub struct TestDatabase {
    database: Database,
    config: StoreConfig,
    home: Home,
}

#[derive(Debug)]
enum Home {
    Directory(#[expect(dead_code, reason = "removes the directory when dropped")] TempDir),
    Schema { url: String, schema: String },
}

impl TestDatabase {
    /// The database, to be given to what is tested.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// How to open it once more, as another process would.
    pub fn config(&self) -> StoreConfig {
        self.config.clone()
    }

    /// The same, with the schema of a service.
    pub async fn migrated(self, migrations: &Migrations) -> Self {
        self.database
            .migrate(migrations)
            .await
            .expect("the migrations apply to a fresh database");
        self
    }
}

impl Deref for TestDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl<'a> From<&'a TestDatabase> for Executor<'a> {
    fn from(database: &'a TestDatabase) -> Self {
        Self::from(&database.database)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Home::Schema { url, schema } = &self.home else {
            return;
        };
        let (url, schema) = (url.clone(), schema.clone());
        // The test's runtime cannot be blocked on here, so the clean-up brings its own.
        let cleaner = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let dropped = runtime
                .expect("a runtime starts")
                .block_on(drop_schema(&url, &schema));
            if let Err(error) = dropped {
                tracing::warn!(%error, schema, "a test schema stays behind");
            }
        });
        // Its panic is reported by itself; a second one here would abort the test run.
        let _ = cleaner.join();
    }
}

/// Ends the test's own connections first: a transaction left open would keep its tables locked.
async fn drop_schema(url: &str, schema: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
    )
    .bind(schema)
    .execute(&mut connection)
    .await?;
    let drop = AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {schema} CASCADE"));
    sqlx::raw_sql(drop).execute(&mut connection).await?;
    connection.close().await
}

/// A SQLite file in a directory of its own.
pub async fn sqlite_temp() -> TestDatabase {
    let directory = TempDir::new().expect("a temporary directory can be made");
    let url = format!("sqlite://{}/test.db", directory.path().display());
    let config = StoreConfig::with_url(url);
    let database = Database::connect(&config).await.expect("SQLite opens");
    TestDatabase {
        database,
        config,
        home: Home::Directory(directory),
    }
}

/// A schema of its own on the server at `url`.
pub async fn postgres(url: &str) -> TestDatabase {
    let ids = Ids::system(Clock::system());
    let schema = format!("test_{}", ids.new_uuid().simple());
    let config = StoreConfig {
        schema: Some(schema.clone()),
        application_name: schema.clone(),
        // Many tests share a server that by default takes 100 connections.
        max_connections: 6,
        acquire_timeout_ms: 20_000,
        ..StoreConfig::with_url(url)
    };
    let database = match Database::connect(&config).await {
        Ok(database) => database,
        Err(error) => panic!("PostgreSQL at {POSTGRES_URL_VARIABLE}: {error:?}"),
    };
    TestDatabase {
        database,
        config,
        home: Home::Schema {
            url: url.to_owned(),
            schema,
        },
    }
}

/// A fresh database of every engine at hand: SQLite always, PostgreSQL if the variable is set.
#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration file to name a server"
)]
pub async fn databases() -> Vec<TestDatabase> {
    let mut databases = vec![sqlite_temp().await];
    if let Ok(url) = std::env::var(POSTGRES_URL_VARIABLE) {
        databases.push(postgres(&url).await);
    }
    databases
}

/// Prepares a statement without running it: finds typing errors and missing tables and columns.
/// Statements with `/*rows*/` are passed over, for their width is known only where they are used.
pub async fn prepare(database: &Database, sql: &'static str) -> Result<(), StoreError> {
    use sqlx::{Executor as _, SqlSafeStr as _};

    if sql.contains("/*rows*/") {
        return Ok(());
    }
    let shape = if sql.contains("/*list*/") {
        Shape::List {
            first: highest_parameter(sql) + 1,
            len: 1,
        }
    } else {
        Shape::Plain
    };
    match &database.pools {
        crate::database::Pools::Sqlite(pools) => {
            let text = translate(sql, Engine::Sqlite, shape).text;
            pools.writer().prepare(text.into_sql_str()).await?;
        }
        crate::database::Pools::Postgres(pool) => {
            let text = translate(sql, Engine::Postgres, shape).text;
            pool.pool().prepare(text.into_sql_str()).await?;
        }
    }
    Ok(())
}

fn highest_parameter(sql: &str) -> usize {
    sql.split('$')
        .skip(1)
        .filter_map(|rest| {
            let digits = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            rest.get(..digits)?.parse().ok()
        })
        .max()
        .unwrap_or(0)
}
