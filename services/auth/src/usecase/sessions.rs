//! Seeing and ending sessions, letting devices in and forgetting them.

use im_policy::Permission;
use im_types::{DeviceId, SessionId, UserId};

use super::directory::{PageRequest, page, page_size, position};
use super::{Actor, App, parse};
use crate::Error;
use crate::domain::audit::NewAuditEntry;
use crate::domain::session::{Device, SessionWithDevice};

/// Stands for everybody in lists.
const EVERYBODY: &str = "-";

/// A page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Empty on the last page.
    pub next_page_token: String,
}

/// Whose things somebody asks for; `None` for everybody's. Those of others need the permission.
fn owner(actor: &Actor, user_id: &str) -> Result<Option<UserId>, Error> {
    let owner = match user_id {
        "" | "me" => return Ok(Some(actor.user_id)),
        EVERYBODY => None,
        text => Some(parse::user_id(text)?),
    };
    if owner != Some(actor.user_id) {
        actor.require(Permission::SessionsManage)?;
    }
    Ok(owner)
}

impl App {
    /// Open sessions, the newest first.
    pub async fn list_sessions(
        &self,
        actor: &Actor,
        user_id: &str,
        wanted: PageRequest<'_>,
    ) -> Result<Page<SessionWithDevice>, Error> {
        const LIST: &str = "sessions";
        let owner = owner(actor, user_id)?;
        let size = page_size(wanted.size)?;
        let before: Option<SessionId> = position(LIST, wanted.token)?;
        let now = self.clock.now();
        let mut items = self
            .store
            .list_sessions(owner, before, now, size.limit())
            .await?;
        let next_page_token = page(LIST, &mut items, size, |item| item.session.id)?;
        Ok(Page {
            items,
            next_page_token,
        })
    }

    /// Ends a session: one's own, or with the permission anybody's.
    pub async fn revoke_session(&self, actor: &Actor, session: SessionId) -> Result<(), Error> {
        let found = self
            .store
            .find_session(session)
            .await?
            .ok_or(Error::SessionNotFound)?;
        if found.user_id != actor.user_id && !actor.may(Permission::SessionsManage) {
            return Err(Error::SessionNotFound);
        }
        let mut unit = self.begin().await?;
        unit.end_session(session).await?;
        unit.audit(
            self.act(actor, "session.revoke")
                .on(found.user_id)
                .with("session", session),
        );
        self.commit(unit).await
    }

    /// Devices, the newest first.
    pub async fn list_devices(
        &self,
        actor: &Actor,
        user_id: &str,
        is_waiting_only: bool,
        wanted: PageRequest<'_>,
    ) -> Result<Page<Device>, Error> {
        const LIST: &str = "devices";
        // Whoever lets devices in has to see those that wait.
        let sees_waiting = is_waiting_only && actor.may(Permission::UsersApprove);
        let owner = match user_id {
            EVERYBODY if sees_waiting => None,
            text => owner(actor, text)?,
        };
        let size = page_size(wanted.size)?;
        let before: Option<DeviceId> = position(LIST, wanted.token)?;
        let list = self
            .store
            .list_devices(owner, is_waiting_only, before, size.limit());
        let mut items = list.await?;
        let next_page_token = page(LIST, &mut items, size, |device| device.id)?;
        Ok(Page {
            items,
            next_page_token,
        })
    }

    /// Lets a waiting device in: one's own from an approved one, or with the permission anybody's.
    pub async fn approve_device(&self, actor: &Actor, id: DeviceId) -> Result<Device, Error> {
        let device = self
            .store
            .find_device(id)
            .await?
            .ok_or(Error::DeviceNotFound)?;
        if !actor.may(Permission::UsersApprove) {
            if device.user_id != actor.user_id {
                return Err(Error::DeviceNotFound);
            }
            let own = self.store.find_device(actor.device_id).await?;
            if !own.is_some_and(|own| own.is_approved && own.user_id == actor.user_id) {
                return Err(Error::DeviceNotApproved);
            }
        }
        let mut unit = self.begin().await?;
        unit.approve_device(id).await?;
        unit.audit(
            self.act(actor, "device.approve")
                .on(device.user_id)
                .with("device", id),
        );
        self.commit(unit).await?;
        Ok(Device {
            is_approved: true,
            ..device
        })
    }

    /// Forgets a device and ends its sessions: one's own, or with the permission anybody's.
    pub async fn remove_device(&self, actor: &Actor, id: DeviceId) -> Result<(), Error> {
        let device = self
            .store
            .find_device(id)
            .await?
            .ok_or(Error::DeviceNotFound)?;
        if device.user_id != actor.user_id && !actor.may(Permission::SessionsManage) {
            return Err(Error::DeviceNotFound);
        }
        let mut unit = self.begin().await?;
        unit.delete_device(id).await?;
        unit.audit(
            self.act(actor, "device.remove")
                .on(device.user_id)
                .with("device", id),
        );
        self.commit(unit).await
    }

    /// An audit entry of something that somebody does.
    #[expect(clippy::unused_self, reason = "a use case says: I write this down")]
    pub(super) fn act(&self, actor: &Actor, action: &'static str) -> NewAuditEntry {
        NewAuditEntry::new(action)
            .by(actor.user_id)
            .from(&actor.origin.site, actor.origin.address_text())
    }
}
