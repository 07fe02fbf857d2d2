//! `MySQL` and `MariaDB`.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::mysql::{MySqlArguments, MySqlConnectOptions, MySqlConnection, MySqlRow, MySqlSslMode};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Row as _, query_with, raw_sql};

use super::Values;
use crate::ConfigError;
use crate::config::Tls;
use crate::sql::Arg;

const STATEMENTS_CACHED: usize = 16;

pub(super) fn options(url: &str, tls: &Tls) -> Result<MySqlConnectOptions, ConfigError> {
    // The parser's message may quote the password.
    let options = MySqlConnectOptions::from_str(url).map_err(|_| ConfigError::Url)?;
    let options = match tls {
        Tls::Verify => options.ssl_mode(MySqlSslMode::VerifyIdentity),
        Tls::VerifyWith(authority) => options
            .ssl_mode(MySqlSslMode::VerifyIdentity)
            .ssl_ca(authority),
        Tls::Off => options.ssl_mode(MySqlSslMode::Disabled),
    };
    Ok(options
        .charset("utf8mb4")
        .statement_cache_capacity(STATEMENTS_CACHED)
        .disable_statement_logging())
}

/// A session that reads only and ends its statements by itself, as far as the server's age allows.
pub(super) async fn connect(
    options: &MySqlConnectOptions,
    statement: Duration,
) -> Result<MySqlConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    let version = rows(&mut connection, "SELECT CAST(VERSION() AS BINARY)", &[]).await?;
    let version = version.first().and_then(|row| row.first()?.as_deref());
    let is_mariadb = version.is_some_and(|text| String::from_utf8_lossy(text).contains("MariaDB"));
    let timeout = if is_mariadb {
        format!(
            "SET SESSION max_statement_time = {:.3}",
            statement.as_secs_f64()
        )
    } else {
        format!("SET SESSION max_execution_time = {}", statement.as_millis())
    };
    let settings = [
        timeout,
        "SET SESSION TRANSACTION READ ONLY".to_owned(),
        format!(
            "SET SESSION innodb_lock_wait_timeout = {}",
            statement.as_secs().max(1)
        ),
    ];
    for setting in settings {
        match raw_sql(AssertSqlSafe(setting))
            .execute(&mut connection)
            .await
        {
            // Servers from before 2013 know none of them; our own deadline holds all the same.
            Ok(_) | Err(sqlx::Error::Database(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(connection)
}

fn bound(args: &[Arg]) -> Result<MySqlArguments, sqlx::Error> {
    let mut bound = MySqlArguments::default();
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
    connection: &mut MySqlConnection,
    sql: &str,
    args: &[Arg],
) -> Result<Vec<Values>, sqlx::Error> {
    let query = query_with(AssertSqlSafe(sql.to_owned()), bound(args)?);
    let rows = query.fetch_all(connection).await?;
    let values = |row: MySqlRow| {
        (0..row.len())
            .map(|at| row.try_get_unchecked::<Option<Vec<u8>>, _>(at))
            .collect::<Result<Values, _>>()
    };
    rows.into_iter().map(values).collect()
}

/// `table: type, key`
pub(super) async fn explain(
    connection: &mut MySqlConnection,
    sql: &str,
    args: &[Arg],
) -> Result<Vec<String>, sqlx::Error> {
    let query = query_with(AssertSqlSafe(format!("EXPLAIN {sql}")), bound(args)?);
    let rows = query.fetch_all(connection).await?;
    let line = |row: &MySqlRow| {
        let text = |name: &str| -> String {
            let value = row.try_get_unchecked::<Option<Vec<u8>>, _>(name);
            let bytes = value.ok().flatten().unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        format!("{}: {}, {}", text("table"), text("type"), text("key"))
    };
    Ok(rows.iter().map(line).collect())
}
