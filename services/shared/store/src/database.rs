//! The database of a service.

use crate::postgres::PostgresPool;
use crate::sqlite::SqlitePools;
use crate::tx::Connection;
use crate::{MigrationError, Migrations, StoreConfig, StoreError, Tx, migrate, query};

/// The database engine in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// A file of this process.
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// One of two texts, for the few statements that cannot be written once (full-text search).
    pub const fn pick(self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }
}

/// An open database. Cheap to clone; all clones share the connections.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) pools: Pools,
}

#[derive(Debug, Clone)]
pub(crate) enum Pools {
    Sqlite(SqlitePools),
    Postgres(PostgresPool),
}

impl Database {
    /// Opens the database and makes what is missing: directories and file (readable by the owner
    /// only), or the schema in PostgreSQL. Fails if the database cannot be reached now.
    pub async fn connect(config: &StoreConfig) -> Result<Self, StoreError> {
        config.check()?;
        let pools = if crate::config::is_postgres(config.url.expose()) {
            Pools::Postgres(PostgresPool::open(config).await?)
        } else {
            Pools::Sqlite(SqlitePools::open(config).await?)
        };
        Ok(Self { pools })
    }

    /// The engine in use.
    pub const fn engine(&self) -> Engine {
        match self.pools {
            Pools::Sqlite(_) => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
        }
    }

    /// Begins a transaction that may write. In SQLite it is alone from here on; in PostgreSQL it is
    /// READ COMMITTED, and rows to be changed after reading are read with `/*for update*/`.
    pub async fn begin_write(&self) -> Result<Tx, StoreError> {
        Ok(Tx::new(match &self.pools {
            Pools::Sqlite(pools) => {
                Connection::Sqlite(pools.writer().begin_with("BEGIN IMMEDIATE").await?)
            }
            Pools::Postgres(pool) => Connection::Postgres(pool.pool().begin().await?),
        }))
    }

    /// Begins a transaction that only reads: all its statements see the same state. Writing in it
    /// is refused. Keep it short, since it holds back the cleaning of old row versions.
    pub async fn begin_read(&self) -> Result<Tx, StoreError> {
        Ok(Tx::new(match &self.pools {
            Pools::Sqlite(pools) => Connection::Sqlite(pools.reader().begin().await?),
            Pools::Postgres(pool) => Connection::Postgres(
                pool.pool()
                    .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?,
            ),
        }))
    }

    /// Applies the migrations that are missing, in one transaction and by one process at a time,
    /// and returns their versions. Fails without a change if the database is newer than the
    /// program or was migrated with other contents.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<Vec<u32>, StoreError> {
        migrate::run(self, migrations).await
    }

    /// The versions that [`Database::migrate`] would apply. Changes nothing.
    pub async fn pending_migrations(
        &self,
        migrations: &Migrations,
    ) -> Result<Vec<u32>, StoreError> {
        migrate::pending(self, migrations).await
    }

    /// Whether the database is there and has the schema of this program: for readiness probes of
    /// services that do not migrate themselves.
    pub async fn is_current(&self, migrations: &Migrations) -> Result<bool, StoreError> {
        match self.pending_migrations(migrations).await {
            Ok(pending) => Ok(pending.is_empty()),
            Err(StoreError::Migration(MigrationError::DatabaseIsNewer { .. })) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Asks the database for a sign of life, within the acquire and statement timeouts.
    pub async fn ping(&self) -> Result<(), StoreError> {
        query("SELECT 1").fetch_one::<i64>(self).await.map(|_| ())
    }

    /// Waits for running statements and closes all connections. SQLite is brought into one tidy
    /// file: statistics refreshed, the write-ahead log moved into it.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite(pools) => pools.close().await,
            Pools::Postgres(pool) => pool.pool().close().await,
        }
    }
}
