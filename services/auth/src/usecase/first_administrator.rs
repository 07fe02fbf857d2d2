//! The first start: the default site, the built-in role, and the way to the first administrator.

use std::time::Duration;

use im_types::{Secret, SiteId};

use super::register::check_rules;
use super::{App, Origin, parse};
use crate::Error;
use crate::domain::audit::NewAuditEntry;
use crate::domain::change::Change;
use crate::domain::password::PasswordRules;
use crate::domain::people::{Person, UserState};
use crate::domain::site::{ADMINISTRATOR, LOCAL_STORE};
use crate::domain::token::hash_of;

/// A link printed longer ago is not good any more; each start prints a new one.
const SETUP_TOKEN_LIFE: Duration = Duration::from_hours(7 * 24);

/// Data of the first administrator.
#[derive(Debug, Clone)]
pub struct ClaimCommand {
    /// From the link.
    pub token: Secret<String>,
    /// The sign-in name.
    pub username: String,
    /// The password.
    pub password: Secret<String>,
    /// The username if empty.
    pub display_name: String,
}

impl App {
    /// Makes what every installation has: the site `default` and the role of administrators.
    pub async fn ensure_basics(&self) -> Result<(), Error> {
        let mut unit = self.begin().await?;
        let site = SiteId::default();
        if unit.insert_site(&site, "IntraMessenger").await? {
            unit.insert_site_store(&site, 0, LOCAL_STORE).await?;
            unit.audit(NewAuditEntry::new("site.create").on(&site));
            unit.change(Change::Snapshot);
        }
        let role = self.ids.new_id();
        if unit.insert_role(role, "Administrator", true).await? {
            unit.audit(NewAuditEntry::new("role.create").on(role));
            unit.change(Change::Snapshot);
        }
        self.commit(unit).await
    }

    /// While there is no administrator: a new one-time token to become one. Only its hash is kept.
    pub async fn first_admin_token(&self) -> Result<Option<Secret<String>>, Error> {
        let mut unit = self.begin().await?;
        unit.lock_setup().await?;
        let role = unit.find_builtin_role(ADMINISTRATOR).await?;
        let role = role.ok_or_else(|| Error::Crypto("the built-in role is missing".to_owned()))?;
        if unit.count_role_holders(role).await? > 0 {
            return Ok(None);
        }
        let token = self.ids.random_token();
        let old = unit.now().saturating_sub(SETUP_TOKEN_LIFE);
        unit.put_setup_token(&hash_of(token.expose().as_bytes()), old)
            .await?;
        self.commit(unit).await?;
        Ok(Some(token))
    }

    /// Makes the first administrator: a local account that no identity store can touch, so that
    /// there is a way in when all stores are away. Works once, and only while there is none.
    pub async fn claim_first_administrator(
        &self,
        origin: &Origin,
        command: ClaimCommand,
    ) -> Result<Person, Error> {
        let snapshot = self.snapshot();
        snapshot.site(&origin.site).ok_or(Error::SiteNotFound)?;
        let policy = snapshot.policy(&origin.site, &[]);
        let token_hash = hash_of(command.token.expose().as_bytes());
        // First without the cost of a password, so that guessing costs nothing here.
        if !self.store.has_setup_token(&token_hash).await? {
            return Err(Error::SetupTokenInvalid);
        }
        let username = parse::username(&command.username)?;
        let password = parse::password("password", command.password)?;
        check_rules("password", &PasswordRules::of(&policy), &password, None)?;
        let display_name = parse::display_name(&command.display_name, &username)?;
        let mut account = self
            .local_account(
                origin,
                username,
                display_name,
                String::new(),
                UserState::Active,
                &password,
                false,
            )
            .await?;
        account.user.is_break_glass = true;

        let mut unit = self.begin().await?;
        unit.lock_setup().await?;
        let role = unit
            .find_builtin_role(ADMINISTRATOR)
            .await?
            .ok_or(Error::SetupTokenInvalid)?;
        let is_taken = unit.count_role_holders(role).await? > 0;
        if is_taken || !unit.has_setup_token(&token_hash).await? {
            return Err(Error::SetupTokenInvalid);
        }
        self.insert_local_account(&mut unit, &account, &policy)
            .await?;
        unit.insert_user_role(account.user.id, role, "").await?;
        unit.delete_setup_tokens().await?;
        // Roles are told with their holders.
        unit.change(Change::Snapshot);
        let user = account.user.id;
        let entry = NewAuditEntry::new("administrator.claim").by(user).on(user);
        let entry = entry.from(&origin.site, origin.address_text());
        unit.audit(entry.with("username", account.user.username.as_str()));
        self.commit(unit).await?;
        self.find_person(user).await
    }
}
