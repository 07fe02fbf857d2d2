//! One database, two engines: SQLite for the small installation, PostgreSQL for the large one.
//!
//! This is the only crate that asks which engine it runs on. Services write each statement once,
//! in a `.sql` file with `$1` parameters, and run it with [`query`] or, for many rows at once, with
//! [`query_rows`], either directly on a [`Database`] or inside a [`Tx`]:
//!
//! ```ignore
//! let mut tx = db.begin_write().await?;
//! let seq: i64 = query(sql::NEXT_SEQ).bind(conversation_id).fetch_one(&mut tx).await?;
//! query_rows(sql::INSERT_ENTRIES).rows(entries.iter().map(|e| (e.user_id, e.seq))).execute(&mut tx).await?;
//! tx.commit().await?;
//! ```
//!
//! What makes a statement portable:
//!
//! - [`Arg`] lists the types that behave alike. Columns of identifiers are `UUID` in PostgreSQL and
//!   `BLOB` in SQLite, times and numbers `BIGINT` and `INTEGER`, truth values `BOOLEAN` and
//!   `INTEGER`.
//! - `/*for update*/` (also `/*for update skip locked*/`, `/*for share*/`) locks rows in PostgreSQL
//!   and is nothing in SQLite, where a write transaction is alone anyway.
//! - `/*list*/` becomes the values of [`Query::bind_list`], `/*rows*/` the rows of [`query_rows`].
//! - `sum()` of a BIGINT is NUMERIC in PostgreSQL: write `CAST(sum(x) AS BIGINT)`.
//! - A statement that failed has ended its transaction, as PostgreSQL has it; on SQLite too.
//!
//! SQLite has one writer: [`Database::begin_write`] waits its turn in the process and then takes
//! the file's write lock at once, so that no transaction fails half-way because it began as a
//! reader. Reads go to other connections and never wait for it.

#![warn(missing_docs)]

mod arg;
mod batch;
mod config;
mod database;
mod error;
mod migrate;
mod postgres;
mod query;
mod retry;
mod row;
mod sqlite;
mod statement;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod tx;

pub use arg::{Arg, IntoArgs};
pub use batch::{ROWS_PER_STATEMENT_MAX, RowsQuery, query_rows};
pub use config::{Durability, StoreConfig};
pub use database::{Database, Engine};
pub use error::{MigrationError, StoreError};
pub use migrate::{Migration, Migrations};
pub use query::{LIST_LEN_MAX, Query, query};
pub use retry::{RetryBudget, Retryable, retry};
pub use row::{FromRow, Row};
pub use tx::{Executor, Tx};
