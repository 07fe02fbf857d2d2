//! One statement with its parameters.

use crate::arg::{postgres_arguments, sqlite_arguments};
use crate::database::Pools;
use crate::statement::{Shape, translate};
use crate::tx::Connection;
use crate::{Arg, Engine, Executor, FromRow, Row, StoreError};

/// Most values of a `/*list*/`. Callers page or batch below this.
pub const LIST_LEN_MAX: usize = 4_096;

/// A statement being put together; see [`query`].
#[derive(Debug, Clone)]
#[must_use = "a query does nothing until it is executed or fetched"]
pub struct Query {
    sql: &'static str,
    args: Vec<Arg>,
    list: Option<Vec<Arg>>,
}

/// Begins a statement. `$1` is the first bound value.
pub const fn query(sql: &'static str) -> Query {
    Query {
        sql,
        args: Vec::new(),
        list: None,
    }
}

impl Query {
    /// Binds the next parameter.
    pub fn bind(mut self, value: impl Into<Arg>) -> Self {
        self.args.push(value.into());
        self
    }

    /// Binds the values of the marker in `IN (/*list*/)`, whatever the order of calls: they are
    /// numbered after the parameters of [`Query::bind`]. At most [`LIST_LEN_MAX`]. An empty list
    /// matches nothing with `IN`; with `NOT IN` it matches nothing either, so do not ask then.
    pub fn bind_list<T: Into<Arg>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        self.list = Some(values.into_iter().map(Into::into).collect());
        self
    }

    /// Runs it and returns how many rows were inserted, updated or deleted.
    pub async fn execute<'e>(self, on: impl Into<Executor<'e>>) -> Result<u64, StoreError> {
        let (sql, shape, args) = self.finish()?;
        execute(on.into(), sql, shape, args).await
    }

    /// Runs it and returns all rows. The statement has a LIMIT unless its result is small by nature.
    pub async fn fetch_all<'e, T: FromRow>(
        self,
        on: impl Into<Executor<'e>>,
    ) -> Result<Vec<T>, StoreError> {
        let (sql, shape, args) = self.finish()?;
        let rows = fetch_all(on.into(), sql, shape, args).await?;
        rows.iter().map(T::from_row).collect()
    }

    /// Runs it and returns the first row, if there is one.
    pub async fn fetch_optional<'e, T: FromRow>(
        self,
        on: impl Into<Executor<'e>>,
    ) -> Result<Option<T>, StoreError> {
        let (sql, shape, args) = self.finish()?;
        let row = fetch_optional(on.into(), sql, shape, args).await?;
        row.as_ref().map(T::from_row).transpose()
    }

    /// Runs it and returns the first row; [`StoreError::NoRow`] if there is none.
    pub async fn fetch_one<'e, T: FromRow>(
        self,
        on: impl Into<Executor<'e>>,
    ) -> Result<T, StoreError> {
        self.fetch_optional(on).await?.ok_or(StoreError::NoRow)
    }

    fn finish(mut self) -> Result<(&'static str, Shape, Vec<Arg>), StoreError> {
        let Some(mut list) = self.list else {
            return Ok((self.sql, Shape::Plain, self.args));
        };
        if list.len() > LIST_LEN_MAX {
            return Err(StoreError::Arguments("a list has at most 4096 values"));
        }
        // The same value once more changes no answer, and keeps the number of texts small.
        if let Some(last) = list.last().cloned() {
            list.resize(list.len().next_power_of_two(), last);
        }
        let shape = Shape::List {
            first: self.args.len() + 1,
            len: list.len(),
        };
        self.args.append(&mut list);
        Ok((self.sql, shape, self.args))
    }
}

/// Runs `$method` of sqlx on whatever `$on` is, and turns the result into ours.
macro_rules! dispatch {
    ($on:ident, $sql:ident, $shape:ident, $args:ident, $method:ident,
     sqlite: $sqlite:expr, postgres: $postgres:expr) => {
        match $on {
            Executor::Database(database) => match &database.pools {
                Pools::Sqlite(pools) => {
                    let statement = translate($sql, Engine::Sqlite, $shape);
                    let pool = if statement.is_read {
                        pools.reader()
                    } else {
                        pools.writer()
                    };
                    let query = sqlx::query_with(statement.text, sqlite_arguments($args)?);
                    Ok($sqlite(query.$method(pool).await?))
                }
                Pools::Postgres(pool) => {
                    let statement = translate($sql, Engine::Postgres, $shape);
                    let query = sqlx::query_with(statement.text, postgres_arguments($args)?);
                    Ok($postgres(query.$method(pool.pool()).await?))
                }
            },
            Executor::Tx(tx) => {
                tx.check()?;
                match &mut tx.connection {
                    Connection::Sqlite(connection) => {
                        let statement = translate($sql, Engine::Sqlite, $shape);
                        let query = sqlx::query_with(statement.text, sqlite_arguments($args)?);
                        let result = query.$method(&mut **connection).await;
                        tx.note(result).map($sqlite)
                    }
                    Connection::Postgres(connection) => {
                        let statement = translate($sql, Engine::Postgres, $shape);
                        let query = sqlx::query_with(statement.text, postgres_arguments($args)?);
                        let result = query.$method(&mut **connection).await;
                        tx.note(result).map($postgres)
                    }
                }
            }
        }
    };
}

pub(crate) async fn execute(
    on: Executor<'_>,
    sql: &'static str,
    shape: Shape,
    args: Vec<Arg>,
) -> Result<u64, StoreError> {
    dispatch!(on, sql, shape, args, execute,
        sqlite: |done: sqlx::sqlite::SqliteQueryResult| done.rows_affected(),
        postgres: |done: sqlx::postgres::PgQueryResult| done.rows_affected())
}

pub(crate) async fn fetch_all(
    on: Executor<'_>,
    sql: &'static str,
    shape: Shape,
    args: Vec<Arg>,
) -> Result<Vec<Row>, StoreError> {
    dispatch!(on, sql, shape, args, fetch_all,
        sqlite: |rows: Vec<_>| rows.into_iter().map(Row::Sqlite).collect(),
        postgres: |rows: Vec<_>| rows.into_iter().map(Row::Postgres).collect())
}

async fn fetch_optional(
    on: Executor<'_>,
    sql: &'static str,
    shape: Shape,
    args: Vec<Arg>,
) -> Result<Option<Row>, StoreError> {
    dispatch!(on, sql, shape, args, fetch_optional,
        sqlite: |row: Option<_>| row.map(Row::Sqlite),
        postgres: |row: Option<_>| row.map(Row::Postgres))
}
