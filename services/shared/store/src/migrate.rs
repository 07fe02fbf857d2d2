//! Bringing the schema to what the program needs.

use std::time::Duration;

use im_types::Clock;
use sha2::{Digest as _, Sha256};

use crate::tx::Connection;
use crate::{
    Database, Engine, FromRow, MigrationError, RetryBudget, Row, StoreError, Tx, query, retry,
};

/// One step of the schema, written for both engines. Steps only go forward, and an applied one is
/// never edited: the next one corrects it.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// 1, 2, 3, … without gaps.
    pub version: u32,
    /// File name without `.sql`, for example `0001_accounts`.
    pub name: &'static str,
    /// Any number of statements for SQLite.
    pub sqlite: &'static str,
    /// The same for PostgreSQL.
    pub postgres: &'static str,
}

/// All steps of a service, oldest first. Made with [`migrations!`](crate::migrations).
#[derive(Debug, Clone, Copy)]
pub struct Migrations {
    /// The steps.
    pub list: &'static [Migration],
}

/// Collects `migrations/sqlite/NAME.sql` and `migrations/postgres/NAME.sql` of the calling crate:
///
/// ```ignore
/// pub static MIGRATIONS: Migrations = im_store::migrations![1 "0001_accounts", 2 "0002_bans"];
/// ```
#[macro_export]
macro_rules! migrations {
    ($($version:literal $name:literal),+ $(,)?) => {
        $crate::Migrations {
            list: &[$($crate::Migration {
                version: $version,
                name: $name,
                sqlite: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite/", $name, ".sql"
                )),
                postgres: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/migrations/postgres/", $name, ".sql"
                )),
            }),+],
        }
    };
}

const CREATE_TABLE_SQLITE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum BLOB NOT NULL,
    applied_at_us INTEGER NOT NULL) STRICT";
const CREATE_TABLE_POSTGRES: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum BYTEA NOT NULL,
    applied_at_us BIGINT NOT NULL)";
const FIND_TABLE_SQLITE: &str =
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'";
const FIND_TABLE_POSTGRES: &str = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_migrations'";
const LIST_APPLIED: &str = "SELECT version, checksum FROM schema_migrations ORDER BY version";
const INSERT_APPLIED: &str = "INSERT INTO schema_migrations (version, name, checksum, applied_at_us) VALUES ($1, $2, $3, $4)";

/// Steps of large tables take their time; only the wait for another migrating process is bounded.
const LOCK_POSTGRES: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '120s';
    SELECT pg_advisory_xact_lock(hashtextextended('schema_migrations ' || current_schema(), 0))";
/// Rebuilding a table breaks references until the transaction ends.
const LOCK_SQLITE: &str = "PRAGMA defer_foreign_keys = ON";
/// SQLite gives up after its busy timeout; another process may migrate for longer.
const LOCK_BUDGET: RetryBudget = RetryBudget {
    attempts_max: 24,
    pause_first: Duration::from_millis(50),
    pause_max: Duration::from_secs(2),
};

struct Applied {
    version: u32,
    checksum: Vec<u8>,
}

impl FromRow for Applied {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            version: row.get_int("version")?,
            checksum: row.get_bytes("checksum")?,
        })
    }
}

impl Migration {
    const fn text(&self, engine: Engine) -> &'static str {
        engine.pick(self.sqlite, self.postgres)
    }

    fn checksum(&self, engine: Engine) -> Vec<u8> {
        Sha256::digest(self.text(engine).as_bytes()).to_vec()
    }
}

pub(crate) async fn run(
    database: &Database,
    migrations: &Migrations,
) -> Result<Vec<u32>, StoreError> {
    check_order(migrations)?;
    // Only the beginning is tried again: what follows holds the lock.
    let mut tx = retry(LOCK_BUDGET, || database.begin_write()).await?;
    match apply(&mut tx, migrations).await {
        Ok(versions) => {
            tx.commit().await?;
            Ok(versions)
        }
        Err(error) => {
            // The error says more than what a failing rollback could add.
            let _ = tx.rollback().await;
            Err(error)
        }
    }
}

async fn apply(tx: &mut Tx, migrations: &Migrations) -> Result<Vec<u32>, StoreError> {
    let engine = tx.engine();
    run_script(tx, engine.pick(LOCK_SQLITE, LOCK_POSTGRES)).await?;
    query(engine.pick(CREATE_TABLE_SQLITE, CREATE_TABLE_POSTGRES))
        .execute(&mut *tx)
        .await?;
    let applied: Vec<Applied> = query(LIST_APPLIED).fetch_all(&mut *tx).await?;
    let missing = missing(migrations, &applied, engine)?;
    for migration in &missing {
        let (version, name) = (migration.version, migration.name);
        run_script(tx, migration.text(engine))
            .await
            .map_err(|error| MigrationError::Failed {
                version,
                name,
                message: chain(&error),
            })?;
        query(INSERT_APPLIED)
            .bind(version)
            .bind(name)
            .bind(migration.checksum(engine))
            .bind(Clock::system().now())
            .execute(&mut *tx)
            .await?;
        tracing::info!(version, name, "migration applied");
    }
    Ok(missing.iter().map(|migration| migration.version).collect())
}

pub(crate) async fn pending(
    database: &Database,
    migrations: &Migrations,
) -> Result<Vec<u32>, StoreError> {
    check_order(migrations)?;
    let engine = database.engine();
    let find = engine.pick(FIND_TABLE_SQLITE, FIND_TABLE_POSTGRES);
    let applied: Vec<Applied> = match query(find).fetch_optional::<i64>(database).await? {
        Some(_) => query(LIST_APPLIED).fetch_all(database).await?,
        None => Vec::new(),
    };
    let missing = missing(migrations, &applied, engine)?;
    Ok(missing.iter().map(|migration| migration.version).collect())
}

fn check_order(migrations: &Migrations) -> Result<(), MigrationError> {
    for (migration, expected) in migrations.list.iter().zip(1..) {
        if migration.version != expected {
            return Err(MigrationError::OutOfOrder {
                version: migration.version,
            });
        }
    }
    Ok(())
}

/// What is to be applied, after a check of what was.
fn missing<'m>(
    migrations: &'m Migrations,
    applied: &[Applied],
    engine: Engine,
) -> Result<Vec<&'m Migration>, MigrationError> {
    let program = migrations
        .list
        .last()
        .map_or(0, |migration| migration.version);
    let database = applied.last().map_or(0, |applied| applied.version);
    if database > program {
        return Err(MigrationError::DatabaseIsNewer { database, program });
    }
    let mut missing = Vec::new();
    for migration in migrations.list {
        let (version, name) = (migration.version, migration.name);
        match applied.iter().find(|applied| applied.version == version) {
            Some(applied) if applied.checksum != migration.checksum(engine) => {
                return Err(MigrationError::ChecksumMismatch { version, name });
            }
            Some(_) => {}
            None if version < database => return Err(MigrationError::LeftOut { version, name }),
            None => missing.push(migration),
        }
    }
    Ok(missing)
}

/// Runs several statements as they are, without parameters.
async fn run_script(tx: &mut Tx, script: &'static str) -> Result<(), StoreError> {
    tx.check()?;
    let result = match &mut tx.connection {
        Connection::Sqlite(connection) => sqlx::raw_sql(script)
            .execute(&mut **connection)
            .await
            .map(|_| ()),
        Connection::Postgres(connection) => sqlx::raw_sql(script)
            .execute(&mut **connection)
            .await
            .map(|_| ()),
    };
    tx.note(result)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
