//! Tickets for registration.

use im_policy::Permission;
use im_types::{InviteId, Secret};

use super::super::directory::{page, page_size, position};
use super::super::{Actor, App, parse};
use super::{AdminError, act};
use crate::Error;
use crate::domain::invite::{INVITES_MAX, Invite, NOTE_CHARS_MAX, uses, validity};
use crate::domain::token::hash_of;

/// An invite to be made.
#[derive(Debug, Clone, Default)]
pub struct InviteCommand {
    /// How often it can be used; 0 is once.
    pub uses: i32,
    /// Days until it ends; 0 is 14.
    pub validity_days: i32,
    /// For administrators.
    pub note: String,
}

/// One page of invites.
#[derive(Debug)]
pub struct InvitePage {
    /// The invites.
    pub invites: Vec<Invite>,
    /// Empty on the last page.
    pub next_page_token: String,
}

impl App {
    /// Makes an invite; its token is told only now.
    pub async fn create_invite(
        &self,
        actor: &Actor,
        command: &InviteCommand,
    ) -> Result<(Invite, Secret<String>), Error> {
        actor.require(Permission::UsersInvite)?;
        let uses = uses(command.uses).ok_or_else(|| Error::invalid("uses", "must be 1 to 1000"))?;
        let validity = validity(command.validity_days)
            .ok_or_else(|| Error::invalid("validity_days", "must be 1 to 365"))?;
        let note = parse::line("note", &command.note, NOTE_CHARS_MAX)?;
        let mut unit = self.begin().await?;
        if unit.count_invites().await? >= INVITES_MAX {
            return Err(AdminError::TooMany {
                things: "invites",
                max: INVITES_MAX,
            }
            .into());
        }
        let token = self.ids.random_token();
        let invite = Invite {
            id: self.ids.new_id(),
            uses_left: uses.into(),
            created_by: Some(actor.user_id),
            created_at: unit.now(),
            expires_at: unit.now().saturating_add(validity),
            note,
        };
        unit.insert_invite(&invite, &hash_of(token.expose().as_bytes()))
            .await?;
        let entry = act(actor, "invite.create").on(invite.id).with("uses", uses);
        unit.audit(
            entry
                .with("expires_at", invite.expires_at)
                .with("note", &invite.note),
        );
        self.commit(unit).await?;
        Ok((invite, token))
    }

    /// Invites that can still be used, the newest first.
    pub async fn list_invites(
        &self,
        actor: &Actor,
        page_size_requested: i32,
        page_token: &str,
    ) -> Result<InvitePage, Error> {
        const LIST: &str = "invites";
        actor.require(Permission::UsersInvite)?;
        let size = page_size(page_size_requested)?;
        let before: Option<InviteId> = position(LIST, page_token)?;
        let mut invites = self
            .store
            .list_invites(before, self.clock.now(), size.limit())
            .await?;
        let next = page(LIST, &mut invites, size, |invite| invite.id)?;
        Ok(InvitePage {
            invites,
            next_page_token: next,
        })
    }

    /// Withdraws an invite.
    pub async fn delete_invite(&self, actor: &Actor, invite: InviteId) -> Result<(), Error> {
        actor.require(Permission::UsersInvite)?;
        let mut unit = self.begin().await?;
        if !unit.delete_invite(invite).await? {
            return Err(AdminError::InviteNotFound.into());
        }
        unit.audit(act(actor, "invite.delete").on(invite));
        self.commit(unit).await
    }
}
