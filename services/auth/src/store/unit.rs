//! One transaction with everything that belongs to it.

use im_store::{StoreError, Tx};
use im_types::Timestamp;

use super::{SqlStore, journal};
use crate::domain::audit::NewAuditEntry;
use crate::domain::change::Change;

/// A transaction that writes down what it does. Dropping it undoes everything.
///
/// Lock order: site, then user, then whatever belongs to the user; the counters of changes and
/// audit come last, at the commit, so that units queue up there for the shortest time.
#[must_use = "a unit that is dropped changes nothing"]
pub struct Unit {
    pub(crate) tx: Tx,
    now: Timestamp,
    changes: Vec<Change>,
    audit: Vec<NewAuditEntry>,
}

/// What a unit has changed.
#[derive(Debug, Clone)]
#[must_use = "mirrors have to be rung"]
pub struct Committed {
    /// Number of the last change; `None` if no mirror is concerned.
    pub revision: Option<i64>,
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// How many acts were written down.
    pub audited: usize,
}

impl SqlStore {
    /// Begins a unit that happens at `now`.
    pub async fn begin(&self, now: Timestamp) -> Result<Unit, StoreError> {
        let tx = self.database.begin_write().await?;
        Ok(Unit {
            tx,
            now,
            changes: Vec::new(),
            audit: Vec::new(),
        })
    }
}

impl Unit {
    /// When it happens.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The transaction, for statements of use cases' own files.
    pub const fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Notes something that mirrors have to read anew.
    pub fn change(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Notes an act.
    pub fn audit(&mut self, entry: NewAuditEntry) {
        self.audit.push(entry);
    }

    /// Writes the notes and makes everything durable.
    pub async fn commit(mut self) -> Result<Committed, StoreError> {
        let revision = journal::append_changes(&mut self.tx, &self.changes, self.now).await?;
        let audited = self.audit.len();
        journal::append_audit(&mut self.tx, self.audit, self.now).await?;
        self.tx.commit().await?;
        Ok(Committed {
            revision,
            changes: self.changes,
            audited,
        })
    }
}
