//! Connections to foreign databases. They only ever read.

mod catalog;
mod error;
mod mysql;
mod pool;
mod postgres;
mod sqlite;

use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::SqliteConnectOptions;

use crate::config::SqlConfig;
use crate::sql::{Arg, Driver, Schema};
use crate::{Class, ConfigError};

pub(crate) use error::{class_of, of_io};
pub(crate) use pool::{Lease, Pool};

/// Values of a row, each as bytes.
pub(crate) type Values = Vec<Option<Vec<u8>>>;

/// Where to connect to.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Mysql(Box<MySqlConnectOptions>),
    Postgres(Box<PgConnectOptions>),
    Sqlite(Box<SqliteConnectOptions>),
}

impl Target {
    pub(crate) fn of(config: &SqlConfig) -> Result<Self, ConfigError> {
        let url = config.url.expose();
        match config.driver {
            Driver::Mysql => mysql::options(url, &config.tls).map(|o| Self::Mysql(Box::new(o))),
            Driver::Postgres => {
                postgres::options(url, &config.tls).map(|o| Self::Postgres(Box::new(o)))
            }
            Driver::Sqlite => Ok(Self::Sqlite(Box::new(sqlite::options(url)))),
        }
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) enum Link {
    Mysql(MySqlConnection),
    Postgres(PgConnection),
    Sqlite(sqlite::Guarded),
}

impl Link {
    pub(crate) async fn connect(target: &Target, statement: Duration) -> Result<Self, Class> {
        let link = match target {
            Target::Mysql(options) => mysql::connect(options, statement).await.map(Self::Mysql),
            Target::Postgres(options) => postgres::connect(options, statement)
                .await
                .map(Self::Postgres),
            Target::Sqlite(options) => sqlite::connect(options, statement).await.map(Self::Sqlite),
        };
        link.map_err(|error| class_of(&error))
    }

    /// Runs a statement whose columns are all bytes. Its text is built from checked names; values
    /// are bound.
    pub(crate) async fn rows(&mut self, sql: &str, args: &[Arg]) -> Result<Vec<Values>, Class> {
        let rows = match self {
            Self::Mysql(connection) => mysql::rows(connection, sql, args).await,
            Self::Postgres(connection) => postgres::rows(connection, sql, args).await,
            Self::Sqlite(guarded) => guarded.rows(sql, args).await,
        };
        rows.map_err(|error| class_of(&error))
    }

    /// What the engine says it would do, a line for each step.
    pub(crate) async fn explain(&mut self, sql: &str, args: &[Arg]) -> Result<Vec<String>, Class> {
        let lines = match self {
            Self::Mysql(connection) => mysql::explain(connection, sql, args).await,
            Self::Postgres(connection) => postgres::explain(connection, sql, args).await,
            Self::Sqlite(guarded) => guarded.explain(sql, args).await,
        };
        lines.map_err(|error| class_of(&error))
    }

    /// The columns of these tables.
    pub(crate) async fn schema(&mut self, tables: &[&str]) -> Result<Schema, Class> {
        catalog::schema(self, tables).await
    }

    /// The columns of the answer to a query, as those of a table.
    pub(crate) async fn describe(&mut self, name: &str, sql: &str) -> Result<Schema, Class> {
        catalog::describe(self, name, sql).await
    }

    /// Version and name of the server, as it says.
    pub(crate) async fn version(&mut self) -> Result<String, Class> {
        catalog::version(self).await
    }

    /// Whether the configured user could change the table, as far as the server tells.
    pub(crate) async fn is_writable(&mut self, table: &str) -> Result<Option<bool>, Class> {
        catalog::is_writable(self, table).await
    }
}
