//! What devices have got. Acknowledgements are collected and told together, because each would
//! otherwise cost as much as a message.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use im_types::UserId;

use super::core::Core;
use crate::domain::command::MarkDelivered;
use crate::domain::{Command, Cursor, Refusal};
use crate::error::Error;
use crate::ports::Delivery;

/// People taken in one step.
const STEP: usize = 500;
/// People who wait; of more the acknowledgements are dropped, the next ones cover them.
const PENDING_MAX: usize = 200_000;
/// How far back is looked for what was delivered.
const ENTRIES_LOOKED_AT_MAX: i64 = 5_000;

/// The newest acknowledgement of each person.
#[derive(Debug, Default)]
pub(super) struct Acknowledgements(Mutex<HashMap<UserId, i64>>);

impl Acknowledgements {
    fn put(&self, user_id: UserId, seq: i64) {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.len() < PENDING_MAX || pending.contains_key(&user_id) {
            let known = pending.entry(user_id).or_default();
            *known = (*known).max(seq);
        }
    }

    fn take(&self) -> Vec<(UserId, i64)> {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken: Vec<(UserId, i64)> = pending
            .iter()
            .take(STEP)
            .map(|(user_id, seq)| (*user_id, *seq))
            .collect();
        for (user_id, _) in &taken {
            pending.remove(user_id);
        }
        taken
    }
}

impl Core {
    /// Notes what a device has; best effort, so a cursor that cannot be used is passed over.
    pub fn acknowledge(&self, user_id: UserId, cursor: &str) {
        if let Ok(cursor) = Cursor::decode(cursor, user_id, self.epoch()) {
            self.acknowledgements.put(user_id, cursor.seq);
        }
    }

    /// Moves the delivered pointers of a step of people. Whether there was anything to do.
    pub async fn tell_deliveries(&self) -> Result<bool, Error> {
        let acknowledged = self.acknowledgements.take();
        if acknowledged.is_empty() {
            return Ok(false);
        }
        let found = self
            .store
            .deliveries(&acknowledged, ENTRIES_LOOKED_AT_MAX)
            .await?;
        let command = |Delivery {
                           user_id,
                           conversation_id,
                           seq,
                       }| {
            Command::MarkDelivered(MarkDelivered {
                user_id,
                conversation_id,
                seq,
            })
        };
        for result in self
            .writer
            .run_all(found.into_iter().map(command).collect())
            .await?
        {
            match result {
                // Whoever has left has no pointer to move.
                Ok(_) | Err(Error::Refused(Refusal::ConversationNotFound)) => {}
                Err(error) => return Err(error),
            }
        }
        self.store.set_acknowledged(&acknowledged).await?;
        Ok(true)
    }
}
