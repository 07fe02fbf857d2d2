//! Keeping people out.

use im_policy::{Permission, PermissionSet};
use im_types::{BanId, DeviceId, Timestamp, UserId};

use super::super::directory::{page, page_size, position};
use super::super::{Actor, App, parse};
use super::{AdminError, act};
use crate::Error;
use crate::domain::ban::{BANS_MAX, Ban, BanKind, BanTarget, REASON_CHARS_MAX};
use crate::store::Unit;

/// A ban to be made.
#[derive(Debug, Clone)]
pub struct BanCommand {
    /// What the value is compared with.
    pub kind: BanKind,
    /// What is kept out.
    pub value: String,
    /// For administrators.
    pub reason: String,
    /// When it ends; `None` for never.
    pub expires_at: Option<Timestamp>,
}

/// One page of bans.
#[derive(Debug)]
pub struct BanPage {
    /// The bans.
    pub bans: Vec<Ban>,
    /// Empty on the last page.
    pub next_page_token: String,
}

impl App {
    /// All bans, the newest first.
    pub async fn list_bans(
        &self,
        actor: &Actor,
        page_size_requested: i32,
        page_token: &str,
    ) -> Result<BanPage, Error> {
        const LIST: &str = "bans";
        actor.require(Permission::BansManage)?;
        let size = page_size(page_size_requested)?;
        let before: Option<BanId> = position(LIST, page_token)?;
        let mut bans = self.store.list_bans(before, size.limit()).await?;
        let next = page(LIST, &mut bans, size, |ban| ban.id)?;
        Ok(BanPage {
            bans,
            next_page_token: next,
        })
    }

    /// Makes a ban and ends the sessions that it hits.
    pub async fn create_ban(&self, actor: &Actor, command: &BanCommand) -> Result<Ban, Error> {
        actor.require(Permission::BansManage)?;
        let target = BanTarget::parse(command.kind, &command.value)
            .map_err(|text| Error::invalid("value", text))?;
        let reason = parse::line("reason", &command.reason, REASON_CHARS_MAX)?;
        // Before the unit, which should not wait for a second connection.
        let hit = self.find_hit(actor, &target).await?;
        let mut unit = self.begin().await?;
        let now = unit.now();
        if command.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::invalid("expire_time", "must be in the future"));
        }
        if unit.count_bans().await? >= BANS_MAX {
            return Err(AdminError::TooMany {
                things: "bans",
                max: BANS_MAX,
            }
            .into());
        }
        let ban = Ban {
            id: self.ids.new_id(),
            kind: target.kind(),
            value: target.value(),
            reason,
            created_by: Some(actor.user_id),
            created_at: now,
            expires_at: command.expires_at,
        };
        let ended = hit.end_sessions(&mut unit).await?;
        unit.insert_ban(&ban).await?;
        let entry = act(actor, "ban.create")
            .on(ban.id)
            .with("kind", ban.kind.as_str());
        let entry = entry.with("value", &ban.value).with("reason", &ban.reason);
        unit.audit(entry.with("sessions_ended", ended));
        self.commit(unit).await?;
        self.mirror.forget_bans().await;
        Ok(ban)
    }

    /// Ends a ban.
    pub async fn delete_ban(&self, actor: &Actor, ban: BanId) -> Result<(), Error> {
        actor.require(Permission::BansManage)?;
        let mut unit = self.begin().await?;
        let gone = unit.delete_ban(ban).await?.ok_or(AdminError::BanNotFound)?;
        let entry = act(actor, "ban.delete")
            .on(ban)
            .with("kind", gone.kind.as_str());
        unit.audit(entry.with("value", gone.value));
        self.commit(unit).await?;
        self.mirror.forget_bans().await;
        Ok(())
    }

    /// Whose sessions a ban hits; refuses one that hits its maker or somebody with more rights.
    async fn find_hit<'a>(&self, actor: &Actor, target: &'a BanTarget) -> Result<Hit<'a>, Error> {
        match target {
            BanTarget::Username(name) => {
                let user = self.store.find_user_by_name(name).await?;
                let Some(user) = user else {
                    return Ok(Hit::Nobody);
                };
                self.check_bannable(actor, user.id).await?;
                Ok(Hit::User(user.id))
            }
            BanTarget::Device(device) => {
                let found = self.store.find_device(*device).await?;
                let Some(found) = found else {
                    return Ok(Hit::Nobody);
                };
                if *device == actor.device_id {
                    return Err(AdminError::BanHitsSelf.into());
                }
                // Another device of one's own may have been stolen.
                if found.user_id != actor.user_id {
                    self.check_bannable(actor, found.user_id).await?;
                }
                Ok(Hit::Device(*device))
            }
            BanTarget::Address(_) => {
                if actor
                    .origin
                    .address
                    .is_some_and(|address| target.hits_address(address))
                {
                    return Err(AdminError::BanHitsSelf.into());
                }
                Ok(Hit::Addresses(target))
            }
        }
    }

    async fn check_bannable(&self, actor: &Actor, user: UserId) -> Result<(), Error> {
        if user == actor.user_id {
            return Err(AdminError::BanHitsSelf.into());
        }
        let roles = self
            .store
            .find_roles(&[user])
            .await?
            .remove(&user)
            .unwrap_or_default();
        let rights: PermissionSet = self.snapshot().permissions(&roles);
        if actor.permissions.contains_all(rights) {
            return Ok(());
        }
        Err(Error::MoreRightsThanOwn)
    }
}

/// Whose sessions a new ban ends.
enum Hit<'a> {
    Nobody,
    User(UserId),
    Device(DeviceId),
    Addresses(&'a BanTarget),
}

impl Hit<'_> {
    async fn end_sessions(self, unit: &mut Unit) -> Result<usize, Error> {
        Ok(match self {
            Self::Nobody => 0,
            Self::User(user) => unit.end_sessions_of_user(user, None).await?,
            Self::Device(device) => unit.end_sessions_of_device(device).await?,
            Self::Addresses(target) => unit.end_sessions_from(target).await?,
        })
    }
}
