//! Who may write to whom.

use std::collections::HashMap;
use std::sync::Arc;

use im_types::{SiteId, UserId};

use super::{BATCH_MAX, Presence, directory_error};
use crate::domain::person::Person;
use crate::domain::visibility::{Refusal, reach};
use crate::error::Error;

impl Presence {
    /// Whether a person may write to others, in the order asked.
    pub async fn check_reach(
        &self,
        sender_id: UserId,
        site_id: &SiteId,
        user_ids: &[UserId],
    ) -> Result<Vec<Result<(), Refusal>>, Error> {
        if user_ids.len() > BATCH_MAX {
            return Err(Error::field("user_ids", "at most 1000 people"));
        }
        let ids: Vec<UserId> = user_ids.iter().copied().chain([sender_id]).collect();
        let people: HashMap<UserId, Arc<Person>> =
            self.directory.users(&ids).await.map_err(directory_error)?;
        let sender = people.get(&sender_id).filter(|sender| sender.is_active);
        let Some(sender) = sender else {
            return Err(Error::UserNotFound);
        };
        let rules = self.rules(site_id, sender);
        let ties = self.ties(sender_id, user_ids).await?;
        let verdict = |user_id: &UserId| {
            let other = people.get(user_id).map(|other| &**other);
            reach(
                &rules,
                sender,
                other,
                &ties.get(user_id).copied().unwrap_or_default(),
            )
        };
        Ok(user_ids.iter().map(verdict).collect())
    }
}
