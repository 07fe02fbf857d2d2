//! Reading rows.

use im_types::{Id, Timestamp};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Row as _};
use uuid::Uuid;

use crate::StoreError;

/// A row as either engine gave it. Columns are read by name; a NULL where none is expected, a
/// missing column and a wrong type are all [`StoreError::Decode`] with the column's name.
pub enum Row {
    #[doc(hidden)]
    Sqlite(SqliteRow),
    #[doc(hidden)]
    Postgres(PgRow),
}

/// What can be made from a row. The simple types (`i64`, `bool`, `String`, `Vec<u8>`, `Uuid`, and
/// options of them) are read from the first column.
pub trait FromRow: Sized {
    /// Reads the row.
    fn from_row(row: &Row) -> Result<Self, StoreError>;
}

/// An index that both engines understand: a name or a number.
trait Index: ColumnIndex<SqliteRow> + ColumnIndex<PgRow> + Copy {}
impl Index for &str {}
impl Index for usize {}

macro_rules! getters {
    ($($read:ident $get:ident $get_opt:ident $type:ty, $doc:literal;)*) => {
        impl Row {$(
            #[doc = concat!("Reads ", $doc, ".")]
            pub fn $get(&self, column: &str) -> Result<$type, StoreError> {
                required(column, self.$get_opt(column)?)
            }

            #[doc = concat!("Reads ", $doc, "; `None` for NULL.")]
            pub fn $get_opt(&self, column: &str) -> Result<Option<$type>, StoreError> {
                self.$read(column)
            }
        )*}

        $(
            impl FromRow for $type {
                fn from_row(row: &Row) -> Result<Self, StoreError> {
                    required("1", row.$read(0)?)
                }
            }

            impl FromRow for Option<$type> {
                fn from_row(row: &Row) -> Result<Self, StoreError> {
                    row.$read(0)
                }
            }
        )*
    };
}

getters! {
    read_bool get_bool get_opt_bool bool, "a truth value (BOOLEAN, or 0 and 1 in SQLite)";
    read_i64 get_i64 get_opt_i64 i64, "a number (BIGINT; smaller integers too)";
    read_text get_text get_opt_text String, "a text";
    read_bytes get_bytes get_opt_bytes Vec<u8>, "bytes";
    read_uuid get_uuid get_opt_uuid Uuid, "a UUID (native, or 16 bytes in SQLite)";
}

impl Row {
    /// Reads an identifier, for example `row.get_id::<UserId>("user_id")`.
    pub fn get_id<I: Id>(&self, column: &str) -> Result<I, StoreError> {
        self.get_uuid(column).map(I::from_uuid)
    }

    /// Reads an identifier; `None` for NULL.
    pub fn get_opt_id<I: Id>(&self, column: &str) -> Result<Option<I>, StoreError> {
        Ok(self.get_opt_uuid(column)?.map(I::from_uuid))
    }

    /// Reads a time in microseconds (`*_at_us`).
    pub fn get_timestamp(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.get_i64(column).map(Timestamp::from_micros)
    }

    /// Reads a time in microseconds; `None` for NULL.
    pub fn get_opt_timestamp(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get_opt_i64(column)?.map(Timestamp::from_micros))
    }

    /// Reads a number into a smaller or unsigned type, for example `row.get_int::<u32>("size")`.
    pub fn get_int<N>(&self, column: &str) -> Result<N, StoreError>
    where
        N: TryFrom<i64>,
        N::Error: std::error::Error + Send + Sync + 'static,
    {
        N::try_from(self.get_i64(column)?).map_err(|error| StoreError::decode(column, error))
    }

    /// Reads a text and parses it, for example `row.get_parsed("username", Username::parse)`.
    pub fn get_parsed<T, E>(
        &self,
        column: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, StoreError>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        parse(&self.get_text(column)?).map_err(|error| StoreError::decode(column, error))
    }

    fn read_bool(&self, index: impl Index) -> Result<Option<bool>, StoreError> {
        match self {
            Self::Sqlite(row) => Ok(row
                .try_get::<Option<i64>, _>(index)?
                .map(|value| value != 0)),
            Self::Postgres(row) => Ok(row.try_get(index)?),
        }
    }

    fn read_i64(&self, index: impl Index) -> Result<Option<i64>, StoreError> {
        match self {
            Self::Sqlite(row) => Ok(row.try_get(index)?),
            // Literals and some functions are of smaller types there.
            Self::Postgres(row) => Ok(row.try_get(index).or_else(|error| {
                let small = row.try_get::<Option<i32>, _>(index);
                small.map(|value| value.map(i64::from)).map_err(|_| error)
            })?),
        }
    }

    fn read_text(&self, index: impl Index) -> Result<Option<String>, StoreError> {
        match self {
            Self::Sqlite(row) => Ok(row.try_get(index)?),
            Self::Postgres(row) => Ok(row.try_get(index)?),
        }
    }

    fn read_bytes(&self, index: impl Index) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Sqlite(row) => Ok(row.try_get(index)?),
            Self::Postgres(row) => Ok(row.try_get(index)?),
        }
    }

    fn read_uuid(&self, index: impl Index) -> Result<Option<Uuid>, StoreError> {
        match self {
            Self::Sqlite(row) => Ok(row.try_get(index)?),
            Self::Postgres(row) => Ok(row.try_get(index)?),
        }
    }
}

fn required<T>(column: &str, value: Option<T>) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::decode(column, "is NULL"))
}
