//! The person behind a call.

use std::sync::Arc;

use im_policy::{Permission, PermissionSet};
use im_types::{DeviceId, SessionId, SiteId, UserId};

use crate::{AuthnError, UserFacts};

/// A person whose access token has been verified.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Who.
    pub user_id: UserId,
    /// By which session.
    pub session_id: SessionId,
    /// On which site.
    pub site_id: SiteId,
    /// On which device.
    pub device_id: DeviceId,
    /// More about the person.
    pub facts: Arc<UserFacts>,
    /// What the person's roles allow.
    pub permissions: PermissionSet,
}

impl Actor {
    /// Whether the person's roles allow something.
    pub const fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// Refuses those whose roles do not allow something.
    ///
    /// # Errors
    /// [`AuthnError::PermissionDenied`].
    pub fn require(&self, permission: Permission) -> Result<(), AuthnError> {
        if self.may(permission) {
            Ok(())
        } else {
            Err(AuthnError::PermissionDenied { permission })
        }
    }
}
