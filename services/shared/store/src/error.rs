//! What can go wrong, in words that are the same for both engines.

use std::error::Error as StdError;

use sqlx::error::{DatabaseError, ErrorKind};

type Source = Box<dyn StdError + Send + Sync>;

/// Why a call to the database failed. Texts are for logs; none belongs in an answer to a client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with this key exists. Which constraint it was is for the log only: SQLite does not
    /// name it, so write at most one business-unique constraint per INSERT, or look first.
    #[error("a row with this key exists already")]
    UniqueViolation(#[source] Source),
    /// The row referred to does not exist, or is still referred to.
    #[error("a reference points to a row that does not exist")]
    ForeignKey(#[source] Source),
    /// A CHECK, NOT NULL or type constraint of the table was violated: a bug in the caller.
    #[error("the table does not accept this value")]
    Check(#[source] Source),
    /// The transaction collided with another one and changed nothing. Do it again.
    #[error("the transaction collided with another one")]
    Serialization(#[source] Source),
    /// The database cannot be reached or is overloaded. Whether the last statement took effect is
    /// unknown.
    #[error("the database is not available")]
    Unavailable(#[source] Source),
    /// A statement took longer than the configured limit and was stopped.
    #[error("the database took too long")]
    Timeout(#[source] Source),
    /// A statement of this transaction failed before; nothing of the transaction is kept.
    #[error("the transaction has failed before and can only be rolled back")]
    TransactionFailed,
    /// `fetch_one` found no row.
    #[error("expected a row, found none")]
    NoRow,
    /// A column has not the type or the content the program expects.
    #[error("column \"{column}\" cannot be read")]
    Decode {
        /// The name of the column.
        column: String,
        /// What was wrong with it.
        #[source]
        source: Source,
    },
    /// The database file is damaged or is no database.
    #[error("the database is damaged")]
    Corrupt(#[source] Source),
    /// More list items or parameters than one statement may have, or rows of unequal width.
    #[error("{0}")]
    Arguments(&'static str),
    /// The configuration cannot be used; says which key and why.
    #[error("store configuration: {0}")]
    Config(String),
    /// The schema is not, and cannot be brought to, the one the program needs.
    #[error("migration: {0}")]
    Migration(#[from] MigrationError),
    /// Anything else, for example an error in the text of a statement.
    #[error("the database refused the statement")]
    Other(#[source] Source),
}

/// Why the schema could not be migrated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    /// A newer program has migrated this database.
    #[error(
        "the database is at version {database}, this program knows versions up to {program}; \
         start the newer program, or restore a backup made before the upgrade"
    )]
    DatabaseIsNewer {
        /// Greatest version found in the database.
        database: u32,
        /// Greatest version this program has.
        program: u32,
    },
    /// A migration that was applied reads otherwise now.
    #[error("migration {version} ({name}) was applied with another content")]
    ChecksumMismatch {
        /// Its number.
        version: u32,
        /// Its name in this program.
        name: &'static str,
    },
    /// A migration is older than the newest applied one, yet was never applied.
    #[error("migration {version} ({name}) was left out, although later ones were applied")]
    LeftOut {
        /// Its number.
        version: u32,
        /// Its name in this program.
        name: &'static str,
    },
    /// The list in the program is not 1, 2, 3, …
    #[error("migration {version} is out of order in the program")]
    OutOfOrder {
        /// The number found out of order.
        version: u32,
    },
    /// A migration's statements failed; everything of this run was rolled back.
    #[error("migration {version} ({name}) failed: {message}")]
    Failed {
        /// Its number.
        version: u32,
        /// Its name.
        name: &'static str,
        /// What the database said.
        message: String,
    },
}

impl StoreError {
    /// Whether a row with this key exists already.
    pub const fn is_unique_violation(&self) -> bool {
        matches!(self, Self::UniqueViolation(_))
    }

    /// Whether the same transaction may be tried again at once, whatever it does: it is known that
    /// nothing of it took effect.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Serialization(_))
    }

    /// Whether it is the database's state and not the request that is to blame. An idempotent
    /// request may be tried again.
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Timeout(_))
    }

    pub(crate) fn decode(column: &str, source: impl Into<Source>) -> Self {
        Self::Decode {
            column: column.to_owned(),
            source: source.into(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(source) => from_database(source),
            E::RowNotFound => Self::NoRow,
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => {
                Self::Unavailable(error.into())
            }
            // A connection that breaks in the middle of an answer shows as a protocol error.
            E::Protocol(_) | E::BeginFailed => Self::Unavailable(error.into()),
            E::ColumnDecode { index, source } => Self::Decode {
                column: index.trim_matches('"').to_owned(),
                source,
            },
            E::ColumnNotFound(column) => Self::Decode {
                column,
                source: "the statement returns no such column".into(),
            },
            other => Self::Other(other.into()),
        }
    }
}

fn from_database(source: Box<dyn DatabaseError>) -> StoreError {
    let kind = source.kind();
    let code = source
        .code()
        .map(std::borrow::Cow::into_owned)
        .unwrap_or_default();
    let is_sqlite = source
        .try_downcast_ref::<sqlx::sqlite::SqliteError>()
        .is_some();
    let source: Source = source.into_error();
    match kind {
        ErrorKind::UniqueViolation => StoreError::UniqueViolation(source),
        ErrorKind::ForeignKeyViolation => StoreError::ForeignKey(source),
        ErrorKind::NotNullViolation | ErrorKind::CheckViolation | ErrorKind::ExclusionViolation => {
            StoreError::Check(source)
        }
        _ if is_sqlite => from_sqlite_code(&code, source),
        _ => from_postgres_code(&code, source),
    }
}

/// Result codes: the low byte is the kind, the rest says more.
fn from_sqlite_code(code: &str, source: Source) -> StoreError {
    const CONSTRAINT_ROWID: i32 = 2_579;
    let code: i32 = code.parse().unwrap_or_default();
    if code == CONSTRAINT_ROWID {
        return StoreError::UniqueViolation(source);
    }
    match code & 0xff {
        5 | 6 => StoreError::Serialization(source), // BUSY, LOCKED
        // READONLY, IOERR, FULL, CANTOPEN: the disk is full, gone or forbidden
        8 | 10 | 13 | 14 => StoreError::Unavailable(source),
        9 => StoreError::Timeout(source),       // INTERRUPT
        11 | 26 => StoreError::Corrupt(source), // CORRUPT, NOTADB
        19 => StoreError::Check(source),        // CONSTRAINT_DATATYPE and the like
        _ => StoreError::Other(source),
    }
}

/// SQLSTATE: the first two characters are the class.
fn from_postgres_code(code: &str, source: Source) -> StoreError {
    match code {
        // serialization failure, deadlock, lock not available
        "40001" | "40P01" | "55P03" => StoreError::Serialization(source),
        "57014" => StoreError::Timeout(source), // cancelled by statement_timeout
        "25P02" => StoreError::TransactionFailed,
        // value out of range, bad text representation …: the table cannot hold it
        _ if code.starts_with("22") => StoreError::Check(source),
        "XX001" | "XX002" => StoreError::Corrupt(source),
        // connection, resources, shutdown, disk, idle transaction ended by the server
        "25P03" | "25006" => StoreError::Unavailable(source),
        _ if ["08", "53", "57", "58"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            StoreError::Unavailable(source)
        }
        _ => StoreError::Other(source),
    }
}
