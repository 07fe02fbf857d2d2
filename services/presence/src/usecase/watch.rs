//! Watching people: a list for each viewer, a snapshot, then changes.

use im_types::{ConnectionId, SiteId, UserId};

use super::{Presence, WATCHED_MAX};
use crate::domain::board::{StreamId, Viewer};
use crate::error::Error;

/// How often a list is worked out anew because rosters changed meanwhile. The board corrects what
/// the last attempt missed.
const ATTEMPTS_MAX: u32 = 3;

/// Whom a viewer watches from now on.
#[derive(Debug, Clone)]
pub struct WatchList {
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// Who looks.
    pub viewer_id: UserId,
    /// On which site.
    pub site_id: SiteId,
    /// Whom; nobody: the viewer is gone.
    pub user_ids: Vec<UserId>,
    /// Larger each time.
    pub version: i64,
}

impl Presence {
    /// Replaces what a viewer watches; a snapshot goes out on the stream.
    pub async fn set_watch(&self, stream: StreamId, list: &WatchList) -> Result<(), Error> {
        if list.user_ids.len() > WATCHED_MAX {
            let found = list.user_ids.len();
            return Err(Error::WatchTooLarge {
                found,
                watched_max: WATCHED_MAX,
            });
        }
        let mut user_ids = list.user_ids.clone();
        user_ids.sort_unstable();
        user_ids.dedup();
        for attempt in 1..=ATTEMPTS_MAX {
            let before = self.hub.with(|board, _| board.generation());
            let (rules, sights) = self
                .sights(list.viewer_id, &list.site_id, &user_ids)
                .await?;
            let stored = self.stored_last_seen(&sights).await?;
            let is_set = self.hub.with(|board, _| {
                if board.generation() != before && attempt < ATTEMPTS_MAX {
                    return false;
                }
                let viewer = Viewer {
                    connection_id: list.connection_id,
                    user_id: list.viewer_id,
                    site_id: list.site_id.clone(),
                    version: list.version,
                    is_last_seen_told: rules.is_last_seen_shown,
                };
                board.watch(stream, viewer, sights);
                for (user_id, at) in stored {
                    board.learn_last_seen(user_id, at);
                }
                true
            });
            if is_set {
                break;
            }
        }
        Ok(())
    }
}
