//! Recomputing the chain of the audit log.

use super::audit::{AuditEntry, AuditHash, FIRST_HASH};

/// What a check of the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCheck {
    /// How many entries there should be.
    pub entry_count: i64,
    /// The first entry that does not fit, or is missing; `None` if all is well.
    pub first_bad_seq: Option<i64>,
    /// Hash of the newest entry.
    pub head_hash: AuditHash,
}

/// Goes along the chain, entry by entry in their order.
#[derive(Debug, Clone)]
pub struct ChainCheck {
    head_seq: i64,
    head_hash: AuditHash,
    seq: i64,
    hash: AuditHash,
    first_bad_seq: Option<i64>,
}

impl ChainCheck {
    /// A check of a chain that ends with this number and hash.
    pub const fn new(head_seq: i64, head_hash: AuditHash) -> Self {
        Self {
            head_seq,
            head_hash,
            seq: 0,
            hash: FIRST_HASH,
            first_bad_seq: None,
        }
    }

    /// Takes the next entry with the hash stored with it; `None` if that is no hash.
    pub fn add(&mut self, entry: &AuditEntry, stored: Option<AuditHash>) {
        if self.has_failed() {
            return;
        }
        let expected = self.seq + 1;
        let hash = entry.hash(&self.hash);
        if entry.seq != expected || stored != Some(hash) {
            self.first_bad_seq = Some(expected);
            return;
        }
        (self.seq, self.hash) = (expected, hash);
    }

    /// Whether something does not fit.
    pub const fn has_failed(&self) -> bool {
        self.first_bad_seq.is_some()
    }

    /// What was found once all entries were taken.
    pub fn finish(self) -> AuditCheck {
        // Entries cut off at the end leave a chain that fits in itself but not the head.
        let is_cut = self.seq != self.head_seq;
        let is_other = self.hash != self.head_hash;
        let at_end = if is_cut {
            Some(self.seq + 1)
        } else {
            is_other.then_some(self.seq)
        };
        AuditCheck {
            entry_count: self.head_seq,
            first_bad_seq: self.first_bad_seq.or(at_end),
            head_hash: self.head_hash,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::NewAuditEntry;
    use im_types::Timestamp;

    fn chain(count: i64) -> Vec<(AuditEntry, AuditHash)> {
        let mut hash = FIRST_HASH;
        let make = |seq| {
            let entry = NewAuditEntry::new("policy.set").with("after", seq);
            let entry = AuditEntry::new(seq, Timestamp::from_micros(seq * 10), entry);
            hash = entry.hash(&hash);
            (entry, hash)
        };
        (1..=count).map(make).collect()
    }

    fn first_bad(head: &(i64, AuditHash), entries: &[(AuditEntry, AuditHash)]) -> Option<i64> {
        let mut check = ChainCheck::new(head.0, head.1);
        for (entry, hash) in entries {
            check.add(entry, Some(*hash));
        }
        check.finish().first_bad_seq
    }

    #[test]
    fn every_later_change_shows() {
        let good = chain(5);
        let head = (5, good[4].1);
        assert_eq!(first_bad(&head, &good), None);
        assert_eq!(first_bad(&(0, FIRST_HASH), &[]), None);

        let mut changed = good.clone();
        changed[2].0.detail = "{}".to_owned();
        assert_eq!(first_bad(&head, &changed), Some(3));

        let mut removed = good.clone();
        removed.remove(1);
        assert_eq!(first_bad(&head, &removed), Some(2));

        assert_eq!(first_bad(&head, &good[..3]), Some(4), "cut off at the end");

        // Somebody who recomputes the whole chain still does not have the head that was kept.
        let mut forged = chain(5);
        forged[4].0.target = "somebody".to_owned();
        forged[4].1 = forged[4].0.hash(&forged[3].1);
        assert_eq!(first_bad(&head, &forged), Some(5));
    }
}
