//! Opening PostgreSQL.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::{Durability, StoreConfig, StoreError};

/// Prepared statements kept per connection: every statement of a service in every batch size.
const STATEMENTS_CACHED: usize = 1_024;
/// A connection that rested longer is asked for a sign of life before use. Busy ones are not: that
/// would be another round trip for each statement.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// A transaction whose program hangs is ended by the server, so that it cannot hold locks for ever.
const IDLE_TRANSACTION_MS: u64 = 60_000;

#[derive(Debug, Clone)]
pub(crate) struct PostgresPool {
    pool: PgPool,
}

impl PostgresPool {
    pub(crate) async fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let options = connect_options(config)?;
        if let Some(schema) = &config.schema {
            create_schema(&options, schema, config.acquire_timeout()).await?;
        }
        let pool = PgPoolOptions::new()
            .max_connections(config.max_connections)
            .acquire_timeout(config.acquire_timeout())
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        Ok(Self { pool })
    }

    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }
}

fn connect_options(config: &StoreConfig) -> Result<PgConnectOptions, StoreError> {
    // The parser's message may quote the password; say only which key is wrong.
    let options = PgConnectOptions::from_str(config.url.expose())
        .map_err(|_| StoreError::Config("url is not a valid postgres:// URL".to_owned()))?;
    let commit = match config.durability {
        Durability::Full => "on",
        Durability::Relaxed => "off",
    };
    let mut options = options
        .application_name(&config.application_name)
        .statement_cache_capacity(STATEMENTS_CACHED)
        .options([("synchronous_commit", commit), ("timezone", "UTC")])
        .options([
            ("statement_timeout", config.statement_timeout_ms),
            ("idle_in_transaction_session_timeout", IDLE_TRANSACTION_MS),
        ]);
    if let Some(schema) = &config.schema {
        options = options.options([("search_path", schema)]);
    }
    Ok(options)
}

/// Makes the schema unless it is there. It is looked for first, because a role that may not create
/// schemas may well use one that was made for it.
async fn create_schema(
    options: &PgConnectOptions,
    schema: &str,
    timeout: Duration,
) -> Result<(), StoreError> {
    let connect = tokio::time::timeout(timeout, PgConnection::connect_with(options));
    let mut connection = connect
        .await
        .map_err(|elapsed| StoreError::Unavailable(elapsed.into()))??;
    let exists = sqlx::query("SELECT 1 FROM pg_namespace WHERE nspname = $1")
        .bind(schema)
        .fetch_optional(&mut connection)
        .await?
        .is_some();
    if !exists {
        // The name is checked: it needs no quoting. IF NOT EXISTS alone does not keep two that
        // start at the same moment apart; the loser sees the key of the other's row.
        let create = AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
        match sqlx::raw_sql(create)
            .execute(&mut connection)
            .await
            .map_err(StoreError::from)
        {
            Err(error) if !error.is_unique_violation() => return Err(error),
            _ => {}
        }
    }
    connection.close().await?;
    Ok(())
}
