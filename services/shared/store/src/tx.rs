//! Transactions, and what a statement can run on.

use sqlx::{Postgres, Sqlite, Transaction};

use crate::{Database, Engine, StoreError};

/// A transaction. Dropping it, also by cancellation, rolls it back.
///
/// After a statement failed the transaction can only be rolled back, in both engines:
/// [`Tx::commit`] then returns [`StoreError::TransactionFailed`] and nothing is kept.
#[must_use = "a transaction that is dropped is rolled back"]
pub struct Tx {
    pub(crate) connection: Connection,
    has_failed: bool,
}

pub(crate) enum Connection {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(crate) const fn new(connection: Connection) -> Self {
        Self {
            connection,
            has_failed: false,
        }
    }

    /// The engine in use.
    pub const fn engine(&self) -> Engine {
        match self.connection {
            Connection::Sqlite(_) => Engine::Sqlite,
            Connection::Postgres(_) => Engine::Postgres,
        }
    }

    /// Makes the changes durable. After an `Unavailable` it is unknown whether they are.
    pub async fn commit(self) -> Result<(), StoreError> {
        if self.has_failed {
            // PostgreSQL would answer a COMMIT with a silent ROLLBACK here.
            self.rollback().await?;
            return Err(StoreError::TransactionFailed);
        }
        match self.connection {
            Connection::Sqlite(transaction) => transaction.commit().await?,
            Connection::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }

    /// Gives the changes up and waits until that is done.
    pub async fn rollback(self) -> Result<(), StoreError> {
        match self.connection {
            Connection::Sqlite(transaction) => transaction.rollback().await?,
            Connection::Postgres(transaction) => transaction.rollback().await?,
        }
        Ok(())
    }

    pub(crate) const fn check(&self) -> Result<(), StoreError> {
        if self.has_failed {
            Err(StoreError::TransactionFailed)
        } else {
            Ok(())
        }
    }

    pub(crate) fn note<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        self.has_failed |= result.is_err();
        result.map_err(StoreError::from)
    }
}

/// What a statement runs on: `&db` or `&mut tx`. Each call is one statement on a [`Database`] and
/// committed by itself. Pass a `tx: &mut Tx` on as `&mut *tx`.
pub enum Executor<'a> {
    #[doc(hidden)]
    Database(&'a Database),
    #[doc(hidden)]
    Tx(&'a mut Tx),
}

impl Executor<'_> {
    pub(crate) const fn reborrow(&mut self) -> Executor<'_> {
        match self {
            Self::Database(database) => Executor::Database(database),
            Self::Tx(tx) => Executor::Tx(tx),
        }
    }
}

impl<'a> From<&'a Database> for Executor<'a> {
    fn from(database: &'a Database) -> Self {
        Self::Database(database)
    }
}

impl<'a> From<&'a mut Tx> for Executor<'a> {
    fn from(tx: &'a mut Tx) -> Self {
        Self::Tx(tx)
    }
}
