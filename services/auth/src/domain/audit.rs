//! The audit log: what was done, by whom, in a chain of hashes that shows every later change.

use std::collections::BTreeMap;

use im_types::{SiteId, Timestamp, UserId};
use sha2::{Digest as _, Sha256};

/// Longest value of a detail, in bytes; longer ones are cut.
const DETAIL_BYTES_MAX: usize = 500;

/// A hash of the chain.
pub type AuditHash = [u8; 32];

/// The hash before the first entry.
pub const FIRST_HASH: AuditHash = [0; 32];

/// An act to be written down. Secrets never go in here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// Who did it; `None` for the server itself or somebody unknown.
    pub actor_id: Option<UserId>,
    /// What it was: `login.failed`, `user.suspend`, …
    pub action: &'static str,
    /// Whom or what it concerned.
    pub target: String,
    /// On which site; empty if on none.
    pub site_id: String,
    /// From which address; empty if from none.
    pub client_address: String,
    /// More about it.
    pub detail: BTreeMap<String, String>,
}

impl NewAuditEntry {
    /// An act of the server itself.
    pub fn new(action: &'static str) -> Self {
        Self {
            action,
            ..Self::default()
        }
    }

    /// Done by somebody.
    #[must_use]
    pub const fn by(mut self, actor: UserId) -> Self {
        self.actor_id = Some(actor);
        self
    }

    /// Done to somebody or something.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "calls read better without a reference"
    )]
    pub fn on(mut self, target: impl ToString) -> Self {
        self.target = target.to_string();
        self
    }

    /// Where it came from.
    #[must_use]
    pub fn from(mut self, site: &SiteId, client_address: String) -> Self {
        site.as_str().clone_into(&mut self.site_id);
        self.client_address = client_address;
        self
    }

    /// More about it.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "calls read better without a reference"
    )]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        let mut value = value.to_string();
        let mut end = value.len().min(DETAIL_BYTES_MAX);
        while !value.is_char_boundary(end) {
            end -= 1;
        }
        value.truncate(end);
        self.detail.insert(key.to_owned(), value);
        self
    }
}

/// An entry with its place in the log, as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Contiguous, from 1.
    pub seq: i64,
    /// When it happened.
    pub created_at: Timestamp,
    /// See [`NewAuditEntry::actor_id`].
    pub actor_id: Option<UserId>,
    /// See [`NewAuditEntry::action`].
    pub action: String,
    /// See [`NewAuditEntry::target`].
    pub target: String,
    /// See [`NewAuditEntry::site_id`].
    pub site_id: String,
    /// See [`NewAuditEntry::client_address`].
    pub client_address: String,
    /// JSON object of texts with sorted keys: the very text that was hashed.
    pub detail: String,
}

/// An entry with the hash that was stored with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedEntry {
    /// The entry.
    pub entry: AuditEntry,
    /// Its hash, unchecked.
    pub hash: Vec<u8>,
}

impl AuditEntry {
    /// Gives an act its place in the log.
    pub fn new(seq: i64, created_at: Timestamp, entry: NewAuditEntry) -> Self {
        // Texts with text keys always make JSON.
        let detail = serde_json::to_string(&entry.detail).unwrap_or_else(|_| "{}".to_owned());
        Self {
            seq,
            created_at,
            actor_id: entry.actor_id,
            action: entry.action.to_owned(),
            target: entry.target,
            site_id: entry.site_id,
            client_address: entry.client_address,
            detail,
        }
    }

    /// SHA-256 over the hash before and this entry. Each field is preceded by its length, so that
    /// no two different entries are the same bytes.
    pub fn hash(&self, before: &AuditHash) -> AuditHash {
        let mut hash = Sha256::new();
        hash.update(before);
        hash.update(self.seq.to_be_bytes());
        hash.update(self.created_at.as_micros().to_be_bytes());
        let actor = self.actor_id.map(|id| id.to_string()).unwrap_or_default();
        let fields = [
            &actor,
            &self.action,
            &self.target,
            &self.site_id,
            &self.client_address,
            &self.detail,
        ];
        for field in fields {
            hash.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(field.as_bytes());
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_counts_and_so_does_its_place() {
        let entry = NewAuditEntry::new("user.suspend")
            .on("usr_1")
            .with("reason", "left");
        let entry = AuditEntry::new(7, Timestamp::from_micros(5), entry);
        let hash = entry.hash(&FIRST_HASH);
        let moved = AuditEntry {
            action: "user.suspendu".into(),
            target: "sr_1".into(),
            ..entry.clone()
        };
        let changes = [
            AuditEntry {
                seq: 8,
                ..entry.clone()
            },
            AuditEntry {
                created_at: Timestamp::from_micros(6),
                ..entry.clone()
            },
            AuditEntry {
                target: "usr_2".into(),
                ..entry.clone()
            },
            AuditEntry {
                detail: "{}".into(),
                ..entry.clone()
            },
            moved,
        ];
        for changed in &changes {
            assert_ne!(changed.hash(&FIRST_HASH), hash, "{changed:?}");
        }
        assert_ne!(entry.hash(&hash), hash);
    }

    #[test]
    fn long_details_are_cut_between_characters() {
        let entry = NewAuditEntry::new("x").with("name", "ä".repeat(400));
        let value = &entry.detail["name"];
        assert_eq!(value.len(), 500);
        assert!(value.chars().all(|c| c == 'ä'));
    }
}
