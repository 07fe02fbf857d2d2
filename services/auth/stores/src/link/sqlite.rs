//! SQLite, a file that is opened for reading.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Row as _, query_with};
use tokio::time::Instant;

use super::Values;
use crate::matching::fold;
use crate::sql::Arg;

const STATEMENTS_CACHED: usize = 16;
/// The deadline is looked at after so many steps of SQLite's machine, some 10 µs.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;

pub(super) fn options(path: &str) -> SqliteConnectOptions {
    let given = path
        .strip_prefix("sqlite://")
        .or_else(|| path.strip_prefix("sqlite:"));
    let path = given.unwrap_or(path);
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .create_if_missing(false)
        .busy_timeout(Duration::from_secs(1))
        .statement_cache_capacity(STATEMENTS_CACHED)
        .pragma("query_only", "ON")
        // SQLite's own NOCASE knows ASCII only.
        .collation("im_fold", |a, b| fold(a).cmp(&fold(b)))
        .disable_statement_logging()
}

/// A connection whose statements end at a deadline. SQLite works in a thread of its own, which
/// would go on after the caller has gone.
#[derive(Debug)]
pub(crate) struct Guarded {
    connection: SqliteConnection,
    deadline: Arc<Mutex<Option<Instant>>>,
    statement: Duration,
}

pub(super) async fn connect(
    options: &SqliteConnectOptions,
    statement: Duration,
) -> Result<Guarded, sqlx::Error> {
    let mut connection = options.connect().await?;
    let deadline = Arc::new(Mutex::new(None));
    let shared = Arc::clone(&deadline);
    connection
        .lock_handle()
        .await?
        .set_progress_handler(STEPS_BETWEEN_LOOKS, move || {
            let deadline = *shared.lock().unwrap_or_else(PoisonError::into_inner);
            deadline.is_none_or(|deadline| Instant::now() < deadline)
        });
    Ok(Guarded {
        connection,
        deadline,
        statement,
    })
}

fn bound(args: &[Arg]) -> Result<SqliteArguments, sqlx::Error> {
    let mut bound = SqliteArguments::default();
    for arg in args {
        match arg {
            Arg::Int(number) => bound.add(*number),
            Arg::Text(text) => bound.add(text.clone()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(bound)
}

impl Guarded {
    pub(super) const fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    async fn fetch(&mut self, sql: &str, args: &[Arg]) -> Result<Vec<SqliteRow>, sqlx::Error> {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Instant::now() + self.statement);
        let query = query_with(AssertSqlSafe(sql.to_owned()), bound(args)?);
        query.fetch_all(&mut self.connection).await
    }

    pub(super) async fn rows(
        &mut self,
        sql: &str,
        args: &[Arg],
    ) -> Result<Vec<Values>, sqlx::Error> {
        let values = |row: SqliteRow| {
            (0..row.len())
                .map(|at| row.try_get_unchecked::<Option<Vec<u8>>, _>(at))
                .collect::<Result<Values, _>>()
        };
        self.fetch(sql, args)
            .await?
            .into_iter()
            .map(values)
            .collect()
    }

    pub(super) async fn explain(
        &mut self,
        sql: &str,
        args: &[Arg],
    ) -> Result<Vec<String>, sqlx::Error> {
        let rows = self
            .fetch(&format!("EXPLAIN QUERY PLAN {sql}"), args)
            .await?;
        rows.iter()
            .map(|row| row.try_get_unchecked::<String, _>("detail"))
            .collect()
    }
}
