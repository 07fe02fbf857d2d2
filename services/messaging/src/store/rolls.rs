//! Rolls kept in memory, so that a message does not read all members of its conversation.

use im_types::ConversationId;
use moka::sync::Cache;

use crate::domain::Roll;

/// Members kept in all: about 40 bytes each.
const MEMBERS_KEPT_MAX: u64 = 1_000_000;

/// Rolls by conversation and revision. The revision is read from the locked conversation in each
/// transaction, so a roll of another revision is never used; and only committed rolls are put in,
/// so a revision never means two rolls.
#[derive(Debug, Clone)]
pub(super) struct Rolls(Cache<ConversationId, (i64, Roll)>);

impl Rolls {
    pub(super) fn new() -> Self {
        let weigher = |_: &ConversationId, (_, roll): &(i64, Roll)| {
            u32::try_from(roll.len())
                .unwrap_or(u32::MAX)
                .saturating_add(2)
        };
        Self(
            Cache::builder()
                .weigher(weigher)
                .max_capacity(MEMBERS_KEPT_MAX)
                .build(),
        )
    }

    pub(super) fn get(&self, id: ConversationId, revision: i64) -> Option<Roll> {
        self.0
            .get(&id)
            .filter(|(kept, _)| *kept == revision)
            .map(|(_, roll)| roll)
    }

    pub(super) fn put(&self, id: ConversationId, revision: i64, roll: Roll) {
        self.0.insert(id, (revision, roll));
    }
}
