//! The database of auth: one adapter, two engines.
//!
//! Whatever changes anything does so in a [`Unit`]: one transaction with the audit entries and the
//! changes for the mirrors that belong to it. So nothing happens unseen, and nothing is announced
//! that did not happen.

mod accounts;
mod admin;
mod foreign;
mod journal;
mod keys;
mod people;
mod rows;
mod sessions;
mod setup;
mod snapshot;
pub(crate) mod statements;
#[cfg(test)]
mod tests;
mod tickets;
mod unit;

use im_store::{Database, Migrations, StoreError};

pub use admin::{AuditFilter, GroupQuery, PolicyEntry};
pub use foreign::{Shadow, ShadowRow, StoredStore};
pub use keys::KeyMaker;
pub use sessions::Renewal;
pub use tickets::{NewTicket, SessionBatch, SessionBatchDone};
pub use unit::{Committed, Unit};

/// The schema of auth.
pub static MIGRATIONS: Migrations = im_store::migrations![1 "0001_auth", 2 "0002_identity_stores"];

/// Access to auth's database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SqlStore {
    database: Database,
}

impl SqlStore {
    /// A store on an open database.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Brings the schema to what this program needs.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.database.migrate(&MIGRATIONS).await.map(|_applied| ())
    }

    /// The database, for statements of use cases' own files.
    pub const fn database(&self) -> &Database {
        &self.database
    }
}
