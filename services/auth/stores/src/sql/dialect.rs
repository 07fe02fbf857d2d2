//! What differs between the engines, as text.

use super::schema::{Column, TypeClass};
use super::statement::Slot;

/// Most bytes of one value that are read.
pub(crate) const VALUE_BYTES_MAX: usize = 65_536;

/// An engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// `MySQL` and `MariaDB`.
    #[serde(alias = "mariadb")]
    Mysql,
    /// PostgreSQL.
    #[serde(alias = "postgresql")]
    Postgres,
    /// A file of SQLite, opened for reading.
    Sqlite,
}

/// A column in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) sql: String,
    pub(crate) class: TypeClass,
    pub(crate) ignores_case: bool,
    /// What is bound in it, if it comes out of another table.
    pub(crate) slots: Vec<Slot>,
}

impl Term {
    pub(crate) fn of(driver: Driver, alias: &str, column: &Column) -> Self {
        Self {
            sql: format!("{}.{}", driver.quote(alias), driver.quote(&column.name)),
            class: column.class,
            ignores_case: column.ignores_case,
            slots: Vec::new(),
        }
    }
}

impl Driver {
    /// A name in quotes. Names come from the allow-list or from the database itself; a quote in one
    /// is doubled all the same.
    pub(crate) fn quote(self, name: &str) -> String {
        match self {
            Self::Mysql => format!("`{}`", name.replace('`', "``")),
            Self::Postgres | Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// A value as bytes, cut at [`VALUE_BYTES_MAX`]: text in UTF-8, numbers in decimal, as stored
    /// if `is_raw` (passwords: their bytes are what was hashed).
    pub(crate) fn bytes(self, term: &Term, is_raw: bool) -> String {
        let sql = &term.sql;
        let bytes = match (self, term.class) {
            (Self::Mysql, TypeClass::Text) if is_raw => format!("CAST({sql} AS BINARY)"),
            (Self::Mysql | Self::Postgres, TypeClass::Binary) => sql.clone(),
            (Self::Mysql, _) => format!("CAST(CONVERT({sql} USING utf8mb4) AS BINARY)"),
            (Self::Postgres, _) => format!("convert_to({}, 'UTF8')", self.text(term)),
            (Self::Sqlite, _) => format!("CAST({sql} AS BLOB)"),
        };
        format!("SUBSTR({bytes}, 1, {VALUE_BYTES_MAX})")
    }

    /// A column of a query as bytes.
    pub(crate) fn bytes_of(self, alias: &str, column: &Column) -> String {
        self.bytes(&Term::of(self, alias, column), false)
    }

    /// A value as text.
    pub(crate) fn text(self, term: &Term) -> String {
        let sql = &term.sql;
        match (self, term.class) {
            (Self::Mysql | Self::Sqlite, TypeClass::Text) => sql.clone(),
            (Self::Mysql, _) => format!("CONVERT({sql} USING utf8mb4)"),
            (Self::Postgres, TypeClass::Binary) => format!("convert_from({sql}, 'UTF8')"),
            (Self::Postgres, TypeClass::Bool) => format!("CAST(CAST({sql} AS int) AS text)"),
            (Self::Postgres, _) => format!("CAST({sql} AS text)"),
            (Self::Sqlite, _) => format!("CAST({sql} AS TEXT)"),
        }
    }

    /// A value as a number; text that is none counts as 0, as `MySQL` has it.
    pub(crate) fn number(self, term: &Term) -> String {
        let sql = &term.sql;
        match (self, term.class) {
            (_, TypeClass::Int | TypeClass::Number) => sql.clone(),
            (Self::Mysql, _) => format!("({sql} + 0)"),
            (Self::Sqlite, _) => format!("CAST({sql} AS INTEGER)"),
            (Self::Postgres, TypeClass::Bool) => format!("CAST({sql} AS int)"),
            (Self::Postgres, TypeClass::Time) => {
                format!("CAST(EXTRACT(EPOCH FROM {sql}) AS bigint)")
            }
            (Self::Postgres, _) => format!(
                "COALESCE(CAST(SUBSTRING({} FROM '^\\s*(-?[0-9]{{1,15}})') AS bigint), 0)",
                self.text(term)
            ),
        }
    }

    /// A whole number for `&`.
    pub(crate) fn whole(self, term: &Term) -> String {
        match self {
            Self::Postgres => format!("CAST({} AS bigint)", self.number(term)),
            Self::Mysql | Self::Sqlite => self.number(term),
        }
    }

    /// A column as a condition.
    pub(crate) fn truth(self, term: &Term) -> String {
        match (self, term.class) {
            (Self::Postgres, TypeClass::Bool) => term.sql.clone(),
            (Self::Postgres | Self::Mysql, TypeClass::Int | TypeClass::Number) => {
                format!("{} <> 0", term.sql)
            }
            // SQLite keeps what it was given, and some applications give it letters.
            _ => format!(
                "{} NOT IN ('0', '', 'f', 'F', 'false', 'FALSE', 'False', 'n', 'N', 'no', 'off')",
                match self {
                    Self::Sqlite => format!("CAST({} AS TEXT)", term.sql),
                    Self::Mysql | Self::Postgres => self.text(term),
                }
            ),
        }
    }

    /// Two texts put together.
    pub(crate) fn joined(self, parts: &[String]) -> String {
        match self {
            Self::Mysql => format!("CONCAT({})", parts.join(", '.', ")),
            Self::Postgres | Self::Sqlite => format!("({})", parts.join(" || '.' || ")),
        }
    }
}
