//! The second half of signing in: the account behind the person, its state, its device, its
//! session. All in one unit.

use im_policy::{Effective, Limit};
use im_types::{RoleId, Timestamp, UserId};

use super::App;
use super::login::{Login, with_reason};
use crate::Error;
use crate::domain::login::{Admission, Inside, Refusal, inside};
use crate::domain::password::PasswordRules;
use crate::domain::people::{Person, User};
use crate::domain::session::{Device, Session, device_name, end, expiry};
use crate::domain::site::LOCAL_STORE;
use crate::domain::token::RefreshToken;
use crate::ports::{IdentityStore, Match};
use crate::store::{Shadow, Unit};

/// Somebody who has been let in.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) person: Person,
    pub(super) session: Session,
    pub(super) refresh_token: RefreshToken,
}

/// What has been read about a person before the unit begins.
struct Candidate {
    store_id: String,
    roles: Vec<RoleId>,
    policy: Effective,
    /// The device that the client named, if it is the person's.
    device: Option<Device>,
    is_password_expired: bool,
    found: Match,
    /// To be kept.
    shadow: Option<Shadow>,
    /// A verifier of our own stood in for the store.
    is_shadow: bool,
}

/// Why somebody is who they say.
pub(super) struct Proof {
    /// What the store said.
    pub(super) found: Match,
    /// A verifier to be kept for the time when the store is away.
    pub(super) shadow: Option<Shadow>,
    /// Such a verifier said it, not the store.
    pub(super) is_shadow: bool,
}

impl App {
    /// Steps 6 to 11 for a person whose password was right.
    ///
    /// What has to be read is read before the unit begins: a unit that waits for a second
    /// connection could wait for ever when all are held by units.
    pub(super) async fn admit(
        &self,
        login: &Login<'_>,
        store: &dyn IdentityStore,
        proof: Proof,
    ) -> Result<Admitted, Error> {
        self.throttle.succeed(&login.attempter);
        let account = if proof.is_shadow {
            self.account_of_shadow(store, &proof.found).await
        } else {
            self.account_of(login, store, &proof.found).await
        };
        let user = match account {
            Ok(user) => user,
            Err(error) => return Err(self.creation_refused(login, store.id(), error).await?),
        };
        let candidate = self.candidate(login, store, user, proof).await?;
        let mut unit = self.begin().await?;
        let user = unit.find_user(user).await?.ok_or(Error::UserNotFound)?;
        self.admit_user(unit, login, user, candidate).await
    }

    async fn candidate(
        &self,
        login: &Login<'_>,
        store: &dyn IdentityStore,
        user: UserId,
        proof: Proof,
    ) -> Result<Candidate, Error> {
        let roles = self.store.find_roles(&[user]).await?.remove(&user);
        let roles = roles.unwrap_or_default();
        if proof.is_shadow && !self.may_use_shadow(store.terms(), &roles) {
            return Err(Error::IdentityStoreUnavailable);
        }
        let policy = login.snapshot.policy(&login.origin.site, &roles);
        let named = match login.device_id {
            Some(id) => self.store.find_device(id).await?,
            None => None,
        };
        Ok(Candidate {
            store_id: store.id().to_owned(),
            device: named.filter(|device| device.user_id == user),
            is_password_expired: self
                .is_password_expired(store.id(), &proof.found, user, &policy)
                .await?,
            shadow: proof
                .shadow
                .filter(|_| self.may_use_shadow(store.terms(), &roles)),
            is_shadow: proof.is_shadow,
            found: proof.found,
            roles,
            policy,
        })
    }

    async fn creation_refused(
        &self,
        login: &Login<'_>,
        store_id: &str,
        error: Error,
    ) -> Result<Error, Error> {
        use im_runtime::error::ServiceError as _;
        if matches!(
            error,
            Error::Refused(_) | Error::UsernameConflict | Error::StoreAttributeMissing { .. }
        ) {
            let entry = login.audit("login.refused").with("reason", error.reason());
            self.write_audit(entry.with("store", store_id)).await?;
        }
        Ok(error)
    }

    /// Steps 7 to 11.
    async fn admit_user(
        &self,
        mut unit: Unit,
        login: &Login<'_>,
        user: User,
        candidate: Candidate,
    ) -> Result<Admitted, Error> {
        let now = unit.now();
        let Candidate {
            store_id,
            roles,
            policy,
            device: named,
            is_password_expired,
            found,
            shadow,
            is_shadow,
        } = candidate;
        let is_new_device = named.is_none();
        let mut device = self.device_of(login, &user, named, now);
        // With the policy off, a device that still waits need not wait any more.
        let approves = !policy.approve_new_devices() || user.is_break_glass;
        let facts = Inside {
            state: user.state,
            locked_until: user.locked_until,
            now,
            are_accounts_full: false,
            is_device_approved: device.is_approved || approves,
            is_password_expired,
        };
        let admission = match inside(&facts) {
            Ok(admission) => admission,
            Err(refusal) => return Err(self.refuse_inside(unit, login, &device, refusal).await?),
        };
        if let Limit::AtMost(sessions_max) = policy.sessions_per_user_max() {
            unit.make_room_for_session(user.id, sessions_max).await?;
        }
        if is_new_device {
            Self::make_room_for_device(&mut unit, user.id, &policy).await?;
        }
        device.is_approved = true;
        unit.put_device(&device).await?;
        unit.approve_device(device.id).await?;
        let is_password_only = admission == Admission::PasswordOnly;
        let (session, refresh_token) = self.new_session(login, &device, &policy, is_password_only);
        unit.insert_session(&session).await?;
        unit.set_user_login(user.id).await?;
        if store_id != LOCAL_STORE {
            unit.set_identity_login(&store_id, &found.external_id, &found.username)
                .await?;
        }
        if let Some(shadow) = &shadow {
            unit.put_shadow(shadow).await?;
        }
        let mut entry = login.audit("login.succeeded").by(user.id).on(user.id);
        if is_shadow {
            unit.set_session_shadow(session.id, &store_id, login.typed)
                .await?;
            entry = entry.with("shadow", "true");
        }
        unit.audit(entry.with("store", store_id).with("session", session.id));
        self.commit(unit).await?;
        let user = User {
            last_login_at: Some(now),
            ..user
        };
        let person = self.person_of(user, roles).await?;
        Ok(Admitted {
            person,
            session,
            refresh_token,
        })
    }

    /// A refusal after a right password. A new device that has to wait is written down, so that
    /// somebody can approve it.
    async fn refuse_inside(
        &self,
        mut unit: Unit,
        login: &Login<'_>,
        device: &Device,
        refusal: Refusal,
    ) -> Result<Error, Error> {
        let waits = refusal == Refusal::DeviceWaitingApproval;
        if waits {
            unit.put_device(device).await?;
        }
        let entry = login.audit("login.refused").on(device.user_id);
        unit.audit(with_reason(entry, &refusal));
        self.commit(unit).await?;
        if waits {
            return Ok(Error::DeviceWaitingApproval {
                device_id: device.id,
            });
        }
        Ok(refusal.into())
    }

    /// The device that the client named, if it is the user's; else a new one.
    fn device_of(
        &self,
        login: &Login<'_>,
        user: &User,
        named: Option<Device>,
        now: Timestamp,
    ) -> Device {
        let name = device_name(login.device_name);
        if let Some(known) = named.filter(|device| device.user_id == user.id) {
            let name = if name.is_empty() {
                known.name.clone()
            } else {
                name
            };
            return Device { name, ..known };
        }
        Device {
            id: self.ids.new_id(),
            user_id: user.id,
            name,
            is_approved: false,
            created_at: now,
            last_seen_at: now,
        }
    }

    async fn make_room_for_device(
        unit: &mut Unit,
        user: UserId,
        policy: &Effective,
    ) -> Result<(), Error> {
        let limit = policy.devices_per_user_max();
        let mut count = unit.count_devices(user).await?;
        while !limit.allows(count + 1) {
            if !unit.delete_oldest_device(user).await? {
                return Err(Error::DeviceLimitReached);
            }
            count -= 1;
        }
        Ok(())
    }

    async fn is_password_expired(
        &self,
        store_id: &str,
        found: &Match,
        user: UserId,
        policy: &Effective,
    ) -> Result<bool, Error> {
        if store_id != LOCAL_STORE {
            return Ok(found.is_password_expired);
        }
        if found.is_password_expired {
            return Ok(true);
        }
        let days = PasswordRules::of(policy).validity_days;
        if days == 0 {
            return Ok(false);
        }
        let validity = std::time::Duration::from_secs(u64::from(days) * 86_400);
        let credential = self.store.find_credential(user).await?;
        Ok(credential.is_some_and(|c| c.changed_at.saturating_add(validity) <= self.clock.now()))
    }

    fn new_session(
        &self,
        login: &Login<'_>,
        device: &Device,
        policy: &Effective,
        is_password_only: bool,
    ) -> (Session, RefreshToken) {
        let (id, now) = (self.ids.new_id(), self.clock.now());
        let token = RefreshToken::first(id, &self.ids);
        let ends_at = end(now, policy.session_max_days());
        let session = Session {
            id,
            user_id: device.user_id,
            device_id: device.id,
            site: login.origin.site.clone(),
            is_password_only,
            family_hash: token.family_hash(),
            refresh_hash: token.secret_hash(),
            client_address: login.origin.address_text(),
            created_at: now,
            last_seen_at: now,
            expires_at: expiry(now, policy.session_idle_days(), ends_at),
            ends_at,
            is_shadow: false,
        };
        (session, token)
    }

    /// A person with stores; the roles are known.
    pub(super) async fn person_of(&self, user: User, roles: Vec<RoleId>) -> Result<Person, Error> {
        let stores = self.store.find_stores(&[user.id]).await?.remove(&user.id);
        Ok(Person {
            user,
            roles,
            stores: stores.unwrap_or_default(),
        })
    }
}
