//! A presence that does as told.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use im_messaging::domain::Verdict;
use im_messaging::domain::command::Unreachable;
use im_messaging::ports::{Answer, Presence, PresenceFault, RosterChanges};
use im_types::{SiteId, UserId};

/// Lets everybody reach everybody, but for the pairs that are named.
#[derive(Debug, Default)]
pub(crate) struct FakePresence {
    refused: Mutex<HashSet<(UserId, UserId)>>,
    roster: Mutex<Vec<(UserId, Arc<[u8]>)>>,
    pub(crate) is_away: AtomicBool,
    pub(crate) questions: AtomicUsize,
}

impl FakePresence {
    pub(crate) fn refuse(&self, sender: UserId, other: UserId) {
        self.refused.lock().unwrap().insert((sender, other));
    }

    pub(crate) fn change_roster(&self, owner: UserId, contact: &im_proto::presence::Contact) {
        use prost::Message as _;
        self.roster
            .lock()
            .unwrap()
            .push((owner, contact.encode_to_vec().into()));
    }
}

impl Presence for FakePresence {
    fn check_reach<'a>(
        &'a self,
        sender_id: UserId,
        _site_id: &'a SiteId,
        user_ids: &'a [UserId],
    ) -> Answer<'a, Vec<Verdict>, PresenceFault> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        let refused = self.refused.lock().unwrap();
        let verdict = |user_id: &UserId| {
            let is_open = !refused.contains(&(sender_id, *user_id));
            is_open.then_some(()).ok_or(Unreachable::NotAContact)
        };
        let answer = if self.is_away.load(Ordering::SeqCst) {
            Err(PresenceFault("away".into()))
        } else {
            Ok(user_ids.iter().map(verdict).collect())
        };
        std::future::ready(answer).boxed()
    }

    fn roster_changes(&self, after_position: i64) -> Answer<'_, RosterChanges, PresenceFault> {
        let roster = self.roster.lock().unwrap();
        let changes: Vec<_> = roster
            .iter()
            .skip(usize::try_from(after_position).unwrap())
            .cloned()
            .collect();
        let position = after_position + i64::try_from(changes.len()).unwrap();
        std::future::ready(Ok(RosterChanges { position, changes })).boxed()
    }
}
