//! One statement for many rows.
//!
//! Each statement costs a round trip to the server, or to the thread that holds a SQLite
//! connection, and that is most of the cost of a small insert. Rows are therefore sent together,
//! in chunks of few different sizes, so that each connection prepares each text once.

use crate::query::{execute, fetch_all};
use crate::statement::Shape;
use crate::{Arg, Executor, FromRow, IntoArgs, StoreError};

/// Most rows that go into one statement; more are sent in several.
pub const ROWS_PER_STATEMENT_MAX: usize = 256;
/// Batches up to this size are sent whole: they are the usual ones, and cutting seven rows into
/// 4 + 2 + 1 would cost three round trips.
const EXACT_ROWS_MAX: usize = 8;
/// SQLite takes 32766 parameters in a statement, PostgreSQL twice as many.
const PARAMETERS_MAX: usize = 32_766;

/// A statement for many rows being put together; see [`query_rows`].
#[derive(Debug, Clone)]
#[must_use = "a query does nothing until it is executed or fetched"]
pub struct RowsQuery {
    sql: &'static str,
    args: Vec<Arg>,
    rows: Vec<Arg>,
    row_count: usize,
    width: usize,
    is_uneven: bool,
}

/// Begins a statement whose marker `/*rows*/` becomes `($1,$2,…),($3,$4,…),…`:
///
/// - `INSERT INTO t (a, b) VALUES /*rows*/ ON CONFLICT DO NOTHING RETURNING a`
/// - `UPDATE t SET b = v.column2 FROM (VALUES /*rows*/) AS v WHERE t.a = v.column1` (both engines
///   name the columns of VALUES `column1`, `column2`, …)
/// - `INSERT INTO t (a, b) SELECT … FROM (VALUES /*rows*/) AS v WHERE true ON CONFLICT …` (without
///   the WHERE, SQLite reads ON as part of a join)
///
/// Values of [`RowsQuery::bind`] come first, as `$1`, `$2`, …, and are the same for all rows. With
/// no rows nothing is sent. Many rows are sent in several statements of at most
/// [`ROWS_PER_STATEMENT_MAX`]: on a [`Database`](crate::Database) they form a transaction. The
/// order of rows returned by RETURNING is not defined. `ON CONFLICT DO UPDATE` must not meet the
/// same key twice in one call, and an UPDATE should not: which row wins is not defined.
pub const fn query_rows(sql: &'static str) -> RowsQuery {
    RowsQuery {
        sql,
        args: Vec::new(),
        rows: Vec::new(),
        row_count: 0,
        width: 0,
        is_uneven: false,
    }
}

impl RowsQuery {
    /// Binds a parameter that is the same for all rows.
    pub fn bind(mut self, value: impl Into<Arg>) -> Self {
        self.args.push(value.into());
        self
    }

    /// Adds a row, for example `.row((user_id, seq, text))`. All rows have the same width.
    pub fn row(mut self, values: impl IntoArgs) -> Self {
        self.push(values);
        self
    }

    /// Adds rows.
    pub fn rows<R: IntoArgs>(mut self, rows: impl IntoIterator<Item = R>) -> Self {
        for row in rows {
            self.push(row);
        }
        self
    }

    /// Adds a row in a loop.
    pub fn push(&mut self, values: impl IntoArgs) {
        let before = self.rows.len();
        values.append_to(&mut self.rows);
        let width = self.rows.len() - before;
        if self.row_count == 0 {
            self.width = width;
        }
        self.is_uneven |= width != self.width || width == 0;
        self.row_count += 1;
    }

    /// How many rows were added.
    pub const fn len(&self) -> usize {
        self.row_count
    }

    /// Whether no row was added.
    pub const fn is_empty(&self) -> bool {
        self.row_count == 0
    }

    /// Runs it and returns how many rows were inserted, updated or deleted.
    pub async fn execute<'e>(self, on: impl Into<Executor<'e>>) -> Result<u64, StoreError> {
        let sql = self.sql;
        let mut chunks = self.chunks()?;
        let mut on = on.into();
        if let (Executor::Database(database), 2..) = (&on, chunks.len()) {
            let mut tx = database.begin_write().await?;
            let mut affected = 0;
            for (shape, args) in chunks {
                affected += execute((&mut tx).into(), sql, shape, args).await?;
            }
            tx.commit().await?;
            return Ok(affected);
        }
        let mut affected = 0;
        for (shape, args) in chunks.drain(..) {
            affected += execute(on.reborrow(), sql, shape, args).await?;
        }
        Ok(affected)
    }

    /// Runs it and returns the rows of RETURNING, of all statements together.
    pub async fn fetch_all<'e, T: FromRow>(
        self,
        on: impl Into<Executor<'e>>,
    ) -> Result<Vec<T>, StoreError> {
        let (sql, row_count) = (self.sql, self.row_count);
        let mut chunks = self.chunks()?;
        let mut on = on.into();
        let mut rows = Vec::with_capacity(row_count);
        if let (Executor::Database(database), 2..) = (&on, chunks.len()) {
            let mut tx = database.begin_write().await?;
            for (shape, args) in chunks {
                rows.append(&mut fetch_all((&mut tx).into(), sql, shape, args).await?);
            }
            tx.commit().await?;
        } else {
            for (shape, args) in chunks.drain(..) {
                rows.append(&mut fetch_all(on.reborrow(), sql, shape, args).await?);
            }
        }
        rows.iter().map(T::from_row).collect()
    }

    fn chunks(self) -> Result<Vec<(Shape, Vec<Arg>)>, StoreError> {
        if self.is_uneven {
            return Err(StoreError::Arguments(
                "all rows must have the same number of values",
            ));
        }
        let mut chunks = Vec::new();
        let mut left = self.row_count;
        let mut rows = self.rows.into_iter();
        while left > 0 {
            let free = PARAMETERS_MAX.saturating_sub(self.args.len());
            let Some(len) = chunk_len(left, free / self.width) else {
                return Err(StoreError::Arguments(
                    "a row has more values than a statement",
                ));
            };
            let mut args = Vec::with_capacity(self.args.len() + len * self.width);
            args.extend(self.args.iter().cloned());
            args.extend(rows.by_ref().take(len * self.width));
            let first = self.args.len() + 1;
            chunks.push((
                Shape::Rows {
                    first,
                    width: self.width,
                    len,
                },
                args,
            ));
            left -= len;
        }
        Ok(chunks)
    }
}

/// The next chunk of `left` rows: all of them if they are few, else the greatest power of two that
/// is not more. `None` if not even one row fits.
fn chunk_len(left: usize, fitting: usize) -> Option<usize> {
    let most = left.min(fitting).min(ROWS_PER_STATEMENT_MAX);
    match most {
        0 => None,
        1..=EXACT_ROWS_MAX => Some(most),
        _ => Some(1 << most.ilog2()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lens(mut left: usize) -> Vec<usize> {
        let mut lens = Vec::new();
        while let Some(len) = chunk_len(left, 10_000) {
            lens.push(len);
            left -= len;
        }
        lens
    }

    #[test]
    fn few_sizes_cover_all_numbers() {
        assert_eq!(lens(7), [7]);
        assert_eq!(lens(64), [64]);
        assert_eq!(lens(30), [16, 8, 6]);
        assert_eq!(lens(600), [256, 256, 64, 16, 8]);
        assert_eq!(chunk_len(256, 100), Some(64));
        assert_eq!(chunk_len(1, 0), None);
    }

    #[test]
    fn rows_of_unequal_width_are_refused() {
        let query = query_rows("").row((1_i64, 2_i64)).row((1_i64,));
        assert!(matches!(query.chunks(), Err(StoreError::Arguments(_))));
    }
}
