//! Which persons of which stores an account is.

use std::time::Duration;

use im_policy::Permission;
use im_types::{Secret, UserId, Username};

use super::admin::AdminError;
use super::throttle::Attempter;
use super::{Actor, App, parse};
use crate::Error;
use crate::crypto::HashSlot;
use crate::domain::audit::NewAuditEntry;
use crate::domain::change::Change;
use crate::domain::identity_store::Identity;
use crate::domain::login::Refusal;
use crate::domain::password::Password;
use crate::domain::people::{User, fold};
use crate::domain::site::LOCAL_STORE;
use crate::ports::{Answer, Attempt, IdentityStore, Sighting};
use crate::store::Unit;

const LOGIN_BYTES_MAX: usize = 320;
/// Most identities of one account.
const IDENTITIES_MAX: usize = 16;

/// A further identity of the caller.
#[derive(Debug, Clone, Default)]
pub struct LinkCommand {
    /// A store of the site.
    pub store_id: String,
    /// The name there.
    pub login: String,
    /// The password there.
    pub password: Secret<String>,
    /// The password with which the account signs in at present.
    pub current_password: Secret<String>,
}

/// Somebody in a store.
#[derive(Clone, Copy)]
struct PersonThere<'a> {
    store_id: &'a str,
    external_id: &'a str,
    login: &'a str,
}

fn act(actor: &Actor, action: &'static str, user: UserId) -> NewAuditEntry {
    NewAuditEntry::new(action)
        .by(actor.user_id)
        .on(user)
        .from(&actor.origin.site, actor.origin.address_text())
}

impl App {
    /// The identities of the caller or, for administrators, of somebody.
    pub async fn list_identities(
        &self,
        actor: &Actor,
        user: UserId,
    ) -> Result<Vec<Identity>, Error> {
        if user != actor.user_id {
            actor.require(Permission::UsersView)?;
        }
        Ok(self.store.list_identities(user).await?)
    }

    /// Binds a further identity to the caller's account. Both are proved with their passwords: a
    /// session that somebody left open is not enough.
    pub async fn link_identity(
        &self,
        actor: &Actor,
        command: LinkCommand,
    ) -> Result<Identity, Error> {
        let login = command.login.trim();
        parse::sought("login", login, LOGIN_BYTES_MAX)?;
        let password = parse::password("password", command.password)?;
        let current = parse::password("current_password", command.current_password)?;
        let user = self.store.find_user(actor.user_id).await?;
        let user = user.ok_or(Error::UserNotFound)?;
        let store = self.store_of_site(actor, &command.store_id)?;
        let (me, them) = (
            Attempter::new(actor.origin.address, user.username.folded()),
            Attempter::new(actor.origin.address, &fold(login)),
        );
        self.check_throttle(actor, &[&me, &them])?;
        let slot = self.hasher.enter()?;
        if !self.proves_account(&user, &current, &slot).await? {
            self.throttle
                .fail(&me, &current.normalised(), self.clock.now());
            let entry = act(actor, "identity.link_failed", user.id);
            self.write_audit(entry.with("cause", "current_password"))
                .await?;
            return Err(Error::OldPasswordWrong);
        }
        let external_id = match ask(&*store, login, &password, &slot).await {
            Answer::Match(found) => found.external_id,
            Answer::Unavailable { .. } => return Err(Error::IdentityStoreUnavailable),
            Answer::Disabled { .. } => return Err(Refusal::Deactivated.into()),
            said => {
                if !matches!(said, Answer::Mismatch { .. }) {
                    let username = Username::parse(login).ok();
                    store
                        .burn(&attempt(login, username.as_ref(), &password, &slot))
                        .await;
                }
                self.throttle
                    .fail(&them, &password.normalised(), self.clock.now());
                let entry = act(actor, "identity.link_failed", user.id);
                self.write_audit(entry.with("cause", said.word()).with("store", store.id()))
                    .await?;
                return Err(Refusal::InvalidCredentials.into());
            }
        };
        drop(slot);
        let person = PersonThere {
            store_id: store.id(),
            external_id: &external_id,
            login,
        };
        self.bind(actor, user.id, person).await
    }

    /// Binds an identity to somebody's account.
    pub async fn link_user_identity(
        &self,
        actor: &Actor,
        user: UserId,
        store_id: &str,
        login: &str,
    ) -> Result<Identity, Error> {
        actor.require(Permission::UsersManage)?;
        self.check_rank(actor, user).await?;
        let login = login.trim();
        parse::sought("login", login, LOGIN_BYTES_MAX)?;
        let store = self.store_of(store_id).filter(|_| store_id != LOCAL_STORE);
        let store = store.ok_or(AdminError::IdentityStoreNotFound)?;
        match store.look_up(login).await {
            Sighting::Found {
                external_id, login, ..
            } => {
                let person = PersonThere {
                    store_id,
                    external_id: &external_id,
                    login: &login,
                };
                self.bind(actor, user, person).await
            }
            Sighting::Unavailable { .. } => Err(Error::IdentityStoreUnavailable),
            Sighting::Absent | Sighting::Ambiguous => Err(AdminError::IdentityNotFound.into()),
        }
    }

    /// Unbinds an identity from the caller's account.
    pub async fn unlink_identity(
        &self,
        actor: &Actor,
        store_id: &str,
        external_id: &str,
    ) -> Result<(), Error> {
        self.unbind(actor, actor.user_id, store_id, external_id)
            .await
    }

    /// Unbinds an identity from somebody's account.
    pub async fn unlink_user_identity(
        &self,
        actor: &Actor,
        user: UserId,
        store_id: &str,
        external_id: &str,
    ) -> Result<(), Error> {
        actor.require(Permission::UsersManage)?;
        self.check_rank(actor, user).await?;
        self.unbind(actor, user, store_id, external_id).await
    }

    /// A store of the site that was called, not the local one.
    fn store_of_site(
        &self,
        actor: &Actor,
        store_id: &str,
    ) -> Result<std::sync::Arc<dyn IdentityStore>, Error> {
        let snapshot = self.snapshot();
        let site = snapshot
            .site(&actor.origin.site)
            .ok_or(Error::SiteNotFound)?;
        let is_listed = store_id != LOCAL_STORE && site.stores.iter().any(|id| id == store_id);
        let store = self.store_of(store_id).filter(|_| is_listed);
        Ok(store.ok_or(AdminError::IdentityStoreNotFound)?)
    }

    fn check_throttle(&self, actor: &Actor, who: &[&Attempter]) -> Result<(), Error> {
        let policy = self.snapshot().policy(&actor.origin.site, &actor.roles);
        let now = self.clock.now();
        let waits = who.iter().map(|who| self.throttle.wait(who, now));
        let Some(wait) = waits.max_by_key(|wait| wait.time) else {
            return Ok(());
        };
        if policy.throttle_enabled() && wait.time > Duration::ZERO {
            self.metrics.throttled(wait.cause);
            return Err(Refusal::Throttled { wait: wait.time }.into());
        }
        Ok(())
    }

    /// Whether a password is that of one of the account's identities.
    async fn proves_account(
        &self,
        user: &User,
        password: &Password,
        slot: &HashSlot,
    ) -> Result<bool, Error> {
        let mut is_away = false;
        for identity in self.store.list_identities(user.id).await? {
            let Some(store) = self.store_of(&identity.store_id) else {
                continue;
            };
            let login = if identity.store_id == LOCAL_STORE {
                user.username.as_str()
            } else {
                &identity.login
            };
            match ask(&*store, login, password, slot).await {
                Answer::Match(found) if found.external_id == identity.external_id => {
                    return Ok(true);
                }
                Answer::Unavailable { .. } => is_away = true,
                _ => {}
            }
        }
        if is_away {
            return Err(Error::IdentityStoreUnavailable);
        }
        Ok(false)
    }

    async fn bind(
        &self,
        actor: &Actor,
        user: UserId,
        person: PersonThere<'_>,
    ) -> Result<Identity, Error> {
        let PersonThere {
            store_id,
            external_id,
            login,
        } = person;
        let mut unit = self.begin().await?;
        let account = unit.find_user(user).await?.ok_or(Error::UserNotFound)?;
        if account.is_break_glass {
            return Err(AdminError::BreakGlassIsLocal.into());
        }
        let present = unit.list_identities(user).await?;
        if let Some(same) = find_in(&present, store_id, external_id) {
            return Ok(same.clone());
        }
        if present.len() >= IDENTITIES_MAX {
            return Err(AdminError::TooMany {
                things: "identities",
                max: 16,
            }
            .into());
        }
        if !unit.insert_identity(store_id, external_id, user).await? {
            return Err(AdminError::IdentityTaken.into());
        }
        unit.change(Change::User(user));
        let entry = act(actor, "identity.link", user).with("store", store_id);
        unit.audit(entry.with("external_id", external_id).with("login", login));
        let identity = Identity {
            store_id: store_id.to_owned(),
            external_id: external_id.to_owned(),
            login: String::new(),
            created_at: unit.now(),
            last_login_at: None,
        };
        self.commit(unit).await?;
        Ok(identity)
    }

    async fn unbind(
        &self,
        actor: &Actor,
        user: UserId,
        store_id: &str,
        external_id: &str,
    ) -> Result<(), Error> {
        if store_id == LOCAL_STORE {
            let text = "the local identity is the account's own password; it stays";
            return Err(Error::invalid("store_id", text));
        }
        let mut unit = self.begin().await?;
        // The lock under which two identities cannot both be the one that is not the last.
        unit.find_user(user).await?.ok_or(Error::UserNotFound)?;
        let present = unit.list_identities(user).await?;
        if find_in(&present, store_id, external_id).is_none() {
            return Err(AdminError::IdentityNotFound.into());
        }
        if present.len() == 1 {
            return Err(AdminError::LastIdentity.into());
        }
        unit.delete_identity(store_id, external_id, user).await?;
        let remains = present
            .iter()
            .any(|identity| identity.store_id == store_id && identity.external_id != external_id);
        if !remains {
            take_back(&mut unit, user, store_id).await?;
        }
        unit.change(Change::User(user));
        let entry = act(actor, "identity.unlink", user).with("store", store_id);
        unit.audit(entry.with("external_id", external_id));
        self.commit(unit).await
    }
}

/// Takes everything back that a store gave somebody.
async fn take_back(unit: &mut Unit, user: UserId, store_id: &str) -> Result<(), Error> {
    for role in unit.list_roles_of_source(user, store_id).await? {
        unit.delete_user_role_of_source(user, role, store_id)
            .await?;
    }
    for group in unit.list_groups_of_source(user, store_id).await? {
        unit.delete_group_member_of_source(group, user, store_id)
            .await?;
        unit.change(Change::Group(group));
    }
    Ok(())
}

fn find_in<'a>(
    identities: &'a [Identity],
    store_id: &str,
    external_id: &str,
) -> Option<&'a Identity> {
    identities
        .iter()
        .find(|identity| identity.store_id == store_id && identity.external_id == external_id)
}

const fn attempt<'a>(
    login: &'a str,
    username: Option<&'a Username>,
    password: &'a Password,
    slot: &'a HashSlot,
) -> Attempt<'a> {
    Attempt {
        login,
        username,
        password: password.as_typed(),
        slot,
    }
}

async fn ask(
    store: &dyn IdentityStore,
    login: &str,
    password: &Password,
    slot: &HashSlot,
) -> Answer {
    let username = Username::parse(login).ok();
    store
        .verify(&attempt(login, username.as_ref(), password, slot))
        .await
}
