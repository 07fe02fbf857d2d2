//! How people want to be seen.

use std::sync::Arc;

use im_types::{Timestamp, UserId};

/// Longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 100;

/// A state that a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// There, idle or not.
    Online,
    /// Not at the desk, idle or not.
    Away,
    /// Occupied.
    Busy,
    /// Only VIP contacts are to ring.
    DoNotDisturb,
    /// Seen as offline by all.
    Invisible,
}

/// What a person decided about being seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// Whose.
    pub user_id: UserId,
    /// Larger is newer.
    pub revision: i64,
    /// `None`: as the connections say.
    pub choice: Option<Choice>,
    /// Why; empty if unsaid.
    pub reason: Arc<str>,
    /// When choice and reason end; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// Whether others are not told when the person was last there.
    pub is_last_seen_hidden: bool,
}

impl Claim {
    /// The newer of two. Commutative, associative and idempotent: equal revisions, which only
    /// clocks that agree to the microsecond can make, are decided by content.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        debug_assert_eq!(self.user_id, other.user_id, "claims of one person");
        self.max(other)
    }

    /// Whether it is as good as none.
    pub fn says_nothing(&self) -> bool {
        self.choice.is_none() && self.reason.is_empty() && !self.is_last_seen_hidden
    }

    /// Whether choice and reason still count.
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn claims() -> impl Strategy<Value = Claim> {
        (0..4_i64, 0..3_u8, 0..2_u8, any::<bool>()).prop_map(
            |(revision, choice, expiry, hidden)| Claim {
                user_id: UserId::from_uuid(Uuid::nil()),
                revision,
                choice: [None, Some(Choice::Busy), Some(Choice::Invisible)][usize::from(choice)],
                reason: "".into(),
                expires_at: (expiry == 1).then_some(Timestamp::from_micros(7)),
                is_last_seen_hidden: hidden,
            },
        )
    }

    proptest! {
        #[test]
        fn merging_is_commutative_associative_and_idempotent(
            a in claims(), b in claims(), c in claims(),
        ) {
            let merge = |a: &Claim, b: &Claim| a.clone().merge(b.clone());
            prop_assert_eq!(merge(&a, &b), merge(&b, &a));
            prop_assert_eq!(merge(&merge(&a, &b), &c), merge(&a, &merge(&b, &c)));
            prop_assert_eq!(merge(&a, &a), a);
        }
    }

    #[test]
    fn a_claim_ends_at_its_time() {
        let claim = Claim {
            user_id: UserId::from_uuid(Uuid::nil()),
            revision: 1,
            choice: None,
            reason: "".into(),
            expires_at: Some(Timestamp::from_micros(10)),
            is_last_seen_hidden: false,
        };
        assert!(claim.is_current(Timestamp::from_micros(9)));
        assert!(!claim.is_current(Timestamp::from_micros(10)));
    }
}
