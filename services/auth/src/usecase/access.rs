//! Who asks, from where, and what they may do.

use std::net::IpAddr;

use im_policy::{Permission, PermissionSet};
use im_types::{DeviceId, RoleId, SessionId, SiteId, UserId};

use crate::Error;

/// Where a request comes from, as the gateway says.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The site that was called.
    pub site: SiteId,
    /// The client's address; unknown for calls from within.
    pub address: Option<IpAddr>,
}

impl Origin {
    /// The address as text; empty if unknown.
    pub fn address_text(&self) -> String {
        self.address
            .map(|address| address.to_canonical().to_string())
            .unwrap_or_default()
    }
}

/// Somebody who is signed in. Its permissions are those of this moment, not of the token.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Who.
    pub user_id: UserId,
    /// In which session.
    pub session_id: SessionId,
    /// On which device.
    pub device_id: DeviceId,
    /// Where the request comes from.
    pub origin: Origin,
    /// Roles held.
    pub roles: Vec<RoleId>,
    /// What the roles allow.
    pub permissions: PermissionSet,
    /// The session may only change the password.
    pub is_password_only: bool,
}

impl Actor {
    /// Refuses those without the permission.
    pub fn require(&self, permission: Permission) -> Result<(), Error> {
        if self.permissions.contains(permission) {
            return Ok(());
        }
        Err(Error::PermissionMissing {
            permission: permission.name(),
        })
    }

    /// Whether the permission is there.
    pub const fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }
}
