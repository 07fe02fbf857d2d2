//! The second half of signing in: the account behind the person, its state, its device, its
//! session. All in one unit.

use im_policy::{Effective, Limit, UsernameConflict};
use im_types::{DisplayName, RoleId, Timestamp, UserId, Username};

use super::App;
use super::login::{Login, with_reason};
use crate::Error;
use crate::domain::change::Change;
use crate::domain::login::{Admission, Inside, Refusal, inside};
use crate::domain::password::PasswordRules;
use crate::domain::people::{NewUser, Person, User, UserState};
use crate::domain::session::{Device, Session, device_name, end, expiry};
use crate::domain::site::LOCAL_STORE;
use crate::domain::token::RefreshToken;
use crate::ports::Match;
use crate::store::Unit;

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
}

impl App {
    /// Steps 6 to 11 for a person whose password was right.
    ///
    /// What has to be read is read before the unit begins: a unit that waits for a second
    /// connection could wait for ever when all are held by units.
    pub(super) async fn admit(
        &self,
        login: &Login<'_>,
        store_id: &str,
        found: Match,
    ) -> Result<Admitted, Error> {
        self.throttle.succeed(&login.attempter);
        let known = self
            .store
            .find_identity(store_id, &found.external_id)
            .await?;
        if known.is_none() && store_id == LOCAL_STORE {
            // Removed between the two reads.
            return Err(self
                .refuse(login, Refusal::InvalidCredentials, store_id)
                .await?);
        }
        let candidate = self.candidate(login, store_id, known, &found).await?;
        let mut unit = self.begin().await?;
        let user = match known {
            Some(user) => unit.find_user(user).await?.ok_or(Error::UserNotFound),
            None => {
                self.create_just_in_time(&mut unit, login, store_id, &found)
                    .await
            }
        };
        match user {
            Ok(user) => self.admit_user(unit, login, user, candidate).await,
            Err(error) => {
                drop(unit);
                Err(self.creation_refused(login, store_id, error).await?)
            }
        }
    }

    async fn candidate(
        &self,
        login: &Login<'_>,
        store_id: &str,
        known: Option<UserId>,
        found: &Match,
    ) -> Result<Candidate, Error> {
        let roles = match known {
            Some(user) => self
                .store
                .find_roles(&[user])
                .await?
                .remove(&user)
                .unwrap_or_default(),
            None => Vec::new(),
        };
        let policy = login.snapshot.policy(&login.origin.site, &roles);
        let named = match login.device_id {
            Some(id) => self.store.find_device(id).await?,
            None => None,
        };
        Ok(Candidate {
            store_id: store_id.to_owned(),
            device: named.filter(|device| Some(device.user_id) == known),
            is_password_expired: self
                .is_password_expired(store_id, found, known, &policy)
                .await?,
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
        if matches!(error, Error::Refused(_) | Error::UsernameConflict) {
            let entry = login.audit("login.refused").with("reason", error.reason());
            self.write_audit(entry.with("store", store_id)).await?;
        }
        Ok(error)
    }

    /// The account of a person who signs in for the first time through an identity store.
    async fn create_just_in_time(
        &self,
        unit: &mut Unit,
        login: &Login<'_>,
        store_id: &str,
        found: &Match,
    ) -> Result<User, Error> {
        let policy = login.snapshot.policy(&login.origin.site, &[]);
        let count = unit.lock_and_count_users(&login.origin.site).await?;
        if !policy.users_max().allows(count + 1) {
            return Err(Refusal::SiteAccountsFull.into());
        }
        let username = Username::parse(&found.username).map_err(|_| Error::UsernameConflict)?;
        let mut user = NewUser {
            id: self.ids.new_id(),
            display_name: attribute(found, "display_name")
                .and_then(|text| DisplayName::parse(text).ok())
                .unwrap_or_else(|| DisplayName::from(&username)),
            email: attribute(found, "email")
                .and_then(|text| super::parse::email(text).ok())
                .unwrap_or_default(),
            username,
            state: UserState::Active,
            site: login.origin.site.clone(),
            is_break_glass: false,
        };
        if !unit.insert_user(&user).await? {
            if policy.username_conflict() != UsernameConflict::NameAtStore {
                return Err(Error::UsernameConflict);
            }
            let text = format!("{}@{store_id}", found.username);
            user.username = Username::parse(&text).map_err(|_| Error::UsernameConflict)?;
            if !unit.insert_user(&user).await? {
                return Err(Error::UsernameConflict);
            }
        }
        unit.insert_identity(store_id, &found.external_id, user.id)
            .await?;
        unit.change(Change::User(user.id));
        let entry = login.audit("user.create").on(user.id).by(user.id);
        unit.audit(
            entry
                .with("store", store_id)
                .with("username", user.username.as_str()),
        );
        unit.find_user(user.id).await?.ok_or(Error::UserNotFound)
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
        let entry = login.audit("login.succeeded").by(user.id).on(user.id);
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
        known: Option<UserId>,
        policy: &Effective,
    ) -> Result<bool, Error> {
        let Some(user) = known.filter(|_| store_id == LOCAL_STORE) else {
            return Ok(found.is_password_expired);
        };
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

fn attribute<'a>(found: &'a Match, name: &str) -> Option<&'a str> {
    found
        .attributes
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
