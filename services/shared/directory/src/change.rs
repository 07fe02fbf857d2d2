//! What changed, for those who hold something that depends on it.

use im_types::{GroupId, SessionId, UserId};
use tokio::sync::broadcast;

/// Changes kept for a listener that is behind; one that is further behind is told to drop
/// everything.
pub(crate) const CHANGES_MAX: usize = 4096;

/// Something that is not as it was. The directory already answers the new state when this is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DirectoryChange {
    /// Anything may have changed, and sessions may have ended unseen: drop what you hold, and ask
    /// [`crate::Directory::ended_sessions`] about open streams.
    Everything,
    /// Sites, policy values or roles.
    Snapshot,
    /// A person's facts.
    User(UserId),
    /// A session that ended.
    SessionRevoked {
        /// Which.
        session_id: SessionId,
        /// Whose; `None` if it was not told.
        user_id: Option<UserId>,
    },
    /// Members of a group.
    Group(GroupId),
}

/// Hears changes, from the moment of [`crate::Directory::subscribe`] on.
#[derive(Debug)]
pub struct DirectoryChanges(pub(crate) broadcast::Receiver<DirectoryChange>);

impl DirectoryChanges {
    /// The next change; `None` once the directory is gone. A listener that was too slow hears
    /// [`DirectoryChange::Everything`]. Cancel-safe.
    pub async fn recv(&mut self) -> Option<DirectoryChange> {
        match self.0.recv().await {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(DirectoryChange::Everything),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
