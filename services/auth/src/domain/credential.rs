//! What a local account signs in with.

use im_types::{Timestamp, UserId};

/// A stored password.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Whose it is.
    pub user_id: UserId,
    /// PHC text of an Argon2id hash.
    pub password_hash: String,
    /// When it was set.
    pub changed_at: Timestamp,
    /// Whether its owner has to change it at the next sign-in.
    pub is_change_required: bool,
}
