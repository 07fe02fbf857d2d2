//! PostgreSQL.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow, PgSslMode};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Row as _, query_with, raw_sql};

use super::Values;
use crate::ConfigError;
use crate::config::Tls;
use crate::sql::Arg;

const STATEMENTS_CACHED: usize = 16;

pub(super) fn options(url: &str, tls: &Tls) -> Result<PgConnectOptions, ConfigError> {
    // The parser's message may quote the password.
    let options = PgConnectOptions::from_str(url).map_err(|_| ConfigError::Url)?;
    let options = match tls {
        Tls::Verify => options.ssl_mode(PgSslMode::VerifyFull),
        Tls::VerifyWith(authority) => options
            .ssl_mode(PgSslMode::VerifyFull)
            .ssl_root_cert(authority),
        Tls::Off => options.ssl_mode(PgSslMode::Disable),
    };
    Ok(options
        .application_name("intramessenger-store")
        .statement_cache_capacity(STATEMENTS_CACHED)
        .disable_statement_logging())
}

/// A session that reads only and ends its statements by itself.
pub(super) async fn connect(
    options: &PgConnectOptions,
    statement: Duration,
) -> Result<PgConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    let ms = statement.as_millis();
    let settings = format!(
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; \
         SET statement_timeout = {ms}; SET lock_timeout = {ms}; \
         SET idle_in_transaction_session_timeout = 60000; SET TimeZone = 'UTC'"
    );
    raw_sql(AssertSqlSafe(settings))
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

fn bound(args: &[Arg]) -> Result<PgArguments, sqlx::Error> {
    let mut bound = PgArguments::default();
    for arg in args {
        match arg {
            Arg::Int(number) => bound.add(*number),
            Arg::Text(text) => bound.add(text.as_str()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(bound)
}

pub(super) async fn rows(
    connection: &mut PgConnection,
    sql: &str,
    args: &[Arg],
) -> Result<Vec<Values>, sqlx::Error> {
    let query = query_with(AssertSqlSafe(sql.to_owned()), bound(args)?);
    let rows = query.fetch_all(connection).await?;
    let values = |row: PgRow| {
        (0..row.len())
            .map(|at| row.try_get_unchecked::<Option<Vec<u8>>, _>(at))
            .collect::<Result<Values, _>>()
    };
    rows.into_iter().map(values).collect()
}

/// The plan that is taken when a scan of the table is the last resort.
pub(super) async fn explain(
    connection: &mut PgConnection,
    sql: &str,
    args: &[Arg],
) -> Result<Vec<String>, sqlx::Error> {
    raw_sql("SET enable_seqscan = off")
        .execute(&mut *connection)
        .await?;
    let query = query_with(AssertSqlSafe(format!("EXPLAIN {sql}")), bound(args)?);
    let rows = query.fetch_all(&mut *connection).await?;
    raw_sql("RESET enable_seqscan").execute(connection).await?;
    rows.iter()
        .map(|row| row.try_get_unchecked::<String, _>(0))
        .collect()
}
