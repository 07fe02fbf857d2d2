//! Where messages are, and who is there.

use std::sync::Arc;

use im_types::{ConversationId, SiteId, Timestamp, UserId};

/// What kind a conversation is; it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Between two people, one for each pair; nobody comes or goes.
    Direct,
    /// Between several people, with a title.
    Group,
}

/// The two people of a direct conversation, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PairKey {
    low: UserId,
    high: UserId,
}

impl PairKey {
    /// The pair; `None` for one person twice.
    pub fn of(one: UserId, other: UserId) -> Option<Self> {
        match one.cmp(&other) {
            std::cmp::Ordering::Less => Some(Self {
                low: one,
                high: other,
            }),
            std::cmp::Ordering::Greater => Some(Self {
                low: other,
                high: one,
            }),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// Both, in order.
    pub const fn both(self) -> [UserId; 2] {
        [self.low, self.high]
    }

    /// The other one, from the point of view of `user_id`; `None` if that is neither.
    pub fn other(self, user_id: UserId) -> Option<UserId> {
        if user_id == self.low {
            Some(self.high)
        } else if user_id == self.high {
            Some(self.low)
        } else {
            None
        }
    }

    /// 32 bytes, unique for the pair.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32);
        bytes.extend_from_slice(self.low.as_uuid().as_bytes());
        bytes.extend_from_slice(self.high.as_uuid().as_bytes());
        bytes
    }

    /// From the 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (low, high) = bytes.split_at_checked(16)?;
        let id = |half: &[u8]| uuid::Uuid::from_slice(half).ok().map(UserId::from_uuid);
        Some(Self {
            low: id(low)?,
            high: id(high)?,
        })
    }
}

/// A conversation as it is stored, its people aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Which one.
    pub id: ConversationId,
    /// What kind.
    pub kind: Kind,
    /// Of a direct one: between whom.
    pub pair: Option<PairKey>,
    /// Of a group; else empty.
    pub title: String,
    /// Where it was made.
    pub site_id: SiteId,
    /// Number of the newest message; 0 if there is none.
    pub last_seq: i64,
    /// Number of the oldest message that has a row.
    pub first_available_seq: i64,
    /// Grows with each change of the roll.
    pub roll_revision: i64,
    /// How many people are on the roll.
    pub member_count: usize,
    /// Its members have to be told by ADVANCED that it went on.
    pub is_advance_pending: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the newest message came, or it was made.
    pub active_at: Timestamp,
}

/// Up to where a person has come. All only move forward.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pointers {
    /// Read.
    pub read_seq: i64,
    /// Read, as far as others may know.
    pub shown_read_seq: i64,
    /// Received by a device.
    pub delivered_seq: i64,
}

/// A person in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// Whether the person may change title and members.
    pub is_owner: bool,
    /// Since when.
    pub joined_at: Timestamp,
}

/// Everybody of a conversation, by user id. Without the pointers, so that it changes seldom and
/// can be kept in memory as long as its revision is the conversation's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roll(Arc<Vec<Member>>);

impl Roll {
    /// Makes a roll; a person named twice counts once.
    pub fn new(mut members: Vec<Member>) -> Self {
        members.sort_by_key(|member| member.user_id);
        members.dedup_by_key(|member| member.user_id);
        Self(Arc::new(members))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether everybody has left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members by user id.
    pub fn members(&self) -> std::slice::Iter<'_, Member> {
        self.0.iter()
    }

    /// Their ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = UserId> + '_ {
        self.0.iter().map(|member| member.user_id)
    }

    /// One of them.
    pub fn get(&self, user_id: UserId) -> Option<&Member> {
        let place = self
            .0
            .binary_search_by_key(&user_id, |member| member.user_id)
            .ok()?;
        self.0.get(place)
    }

    /// Whether a person is one of them.
    pub fn contains(&self, user_id: UserId) -> bool {
        self.get(user_id).is_some()
    }

    /// With more people.
    #[must_use]
    pub fn with(&self, members: impl IntoIterator<Item = Member>) -> Self {
        Self::new(self.0.iter().copied().chain(members).collect())
    }

    /// Without a person. If nobody who is left owns the conversation, the one who has been there
    /// the longest does: second, the new owner.
    #[must_use]
    pub fn without(&self, user_id: UserId) -> (Self, Option<UserId>) {
        let mut left: Vec<Member> = self
            .0
            .iter()
            .copied()
            .filter(|member| member.user_id != user_id)
            .collect();
        let mut heir = None;
        if !left.iter().any(|member| member.is_owner)
            && let Some(oldest) = left
                .iter_mut()
                .min_by_key(|member| (member.joined_at, member.user_id))
        {
            oldest.is_owner = true;
            heir = Some(oldest.user_id);
        }
        (Self(Arc::new(left)), heir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn member(n: u128, is_owner: bool, joined_at: i64) -> Member {
        Member {
            user_id: user(n),
            is_owner,
            joined_at: Timestamp::from_micros(joined_at),
        }
    }

    #[test]
    fn a_pair_has_no_order() {
        let pair = PairKey::of(user(2), user(1)).unwrap();
        assert_eq!(Some(pair), PairKey::of(user(1), user(2)));
        assert_eq!(PairKey::of(user(1), user(1)), None);
        assert_eq!(PairKey::from_bytes(&pair.to_bytes()), Some(pair));
        assert_eq!(pair.other(user(1)), Some(user(2)));
        assert_eq!(pair.other(user(3)), None);
    }

    #[test]
    fn the_oldest_inherits_from_the_last_owner() {
        let roll = Roll::new(vec![
            member(3, true, 0),
            member(2, false, 9),
            member(1, false, 10),
        ]);
        let (left, heir) = roll.without(user(3));
        assert_eq!(heir, Some(user(2)));
        assert!(left.get(user(2)).unwrap().is_owner);
        let (left, heir) = roll.without(user(1));
        assert_eq!((left.len(), heir), (2, None));
        let (nobody, heir) = Roll::new(vec![member(1, true, 0)]).without(user(1));
        assert!(nobody.is_empty() && heir.is_none());
    }
}
