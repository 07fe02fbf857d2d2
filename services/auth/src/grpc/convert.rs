//! Domain values as messages.

use im_policy::Registration;
use im_proto::auth as proto;
use im_types::Timestamp;

use crate::domain::password::{PASSWORD_BYTES_MAX, PasswordRules};
use crate::domain::people::{Person, UserState};
use crate::domain::session::{Device, SessionWithDevice};
use crate::domain::site::{Role, Site, Snapshot};
use crate::usecase::site::PublicSite;
use crate::usecase::{Actor, FactsOfUser};
use im_policy::Permission;

/// How much of a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// What everybody may know.
    Public,
    /// What the person and administrators may know.
    Own,
    /// What administrators may know.
    Everything,
}

impl Told {
    /// What somebody is told about a person.
    pub(super) fn to(actor: &Actor, person: &Person) -> Self {
        if actor.may(Permission::UsersView) {
            Self::Everything
        } else if actor.user_id == person.user.id {
            Self::Own
        } else {
            Self::Public
        }
    }
}

pub(super) fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = at.to_seconds_nanos();
    prost_types::Timestamp { seconds, nanos }
}

/// A time; absent for "never".
fn end(at: Timestamp) -> Option<prost_types::Timestamp> {
    (at != Timestamp::MAX).then(|| timestamp(at))
}

fn state(person: &Person, now: Timestamp) -> proto::user::State {
    match person.user.state {
        UserState::Active if person.user.is_locked(now) => proto::user::State::Locked,
        UserState::Active => proto::user::State::Active,
        UserState::Waiting => proto::user::State::WaitingApproval,
        UserState::Suspended => proto::user::State::Suspended,
        UserState::Deactivated => proto::user::State::Deactivated,
    }
}

pub(super) fn user(person: Person, told: Told, now: Timestamp) -> proto::User {
    let state = state(&person, now);
    let Person {
        user,
        roles,
        stores,
    } = person;
    let mut message = proto::User {
        id: user.id.to_string(),
        username: user.username.as_str().to_owned(),
        display_name: user.display_name.as_str().to_owned(),
        create_time: Some(timestamp(user.created_at)),
        hierarchy_level: i32::from(user.hierarchy_level),
        about: user.about,
        locale: user.locale,
        time_zone: user.time_zone,
        ..proto::User::default()
    };
    if told != Told::Public {
        message.state = state.into();
        message.email = user.email;
        message.role_ids = roles.iter().map(ToString::to_string).collect();
        message.store_ids = stores;
    }
    if told == Told::Everything {
        message.last_login_time = user.last_login_at.map(timestamp);
    }
    message
}

/// The filter of a list of accounts; `None` for all.
pub(super) fn wanted_state(state: proto::user::State) -> Option<UserState> {
    match state {
        // A lock is a time and no state: locked accounts are among the active ones.
        proto::user::State::Active | proto::user::State::Locked => Some(UserState::Active),
        proto::user::State::WaitingApproval => Some(UserState::Waiting),
        proto::user::State::Suspended => Some(UserState::Suspended),
        proto::user::State::Deactivated => Some(UserState::Deactivated),
        proto::user::State::Unspecified => None,
    }
}

fn int(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn password_rules(rules: PasswordRules) -> proto::PasswordRules {
    proto::PasswordRules {
        length_min: int(rules.length_min),
        bytes_max: i32::try_from(PASSWORD_BYTES_MAX).unwrap_or(i32::MAX),
        digit_and_letter: rules.digit_and_letter,
        upper_and_lower: rules.upper_and_lower,
        special: rules.special,
        validity_days: int(rules.validity_days),
    }
}

pub(super) fn public_site(site: PublicSite) -> proto::PublicSite {
    use proto::public_site::{Link, Registration as Wire};
    let registration = match site.registration {
        Registration::Open => Wire::Open,
        Registration::Approval => Wire::Approval,
        Registration::Invite => Wire::Invite,
        Registration::Closed => Wire::Closed,
    };
    proto::PublicSite {
        id: site.id,
        name: site.name,
        registration: registration.into(),
        password_rules: Some(password_rules(site.password_rules)),
        site_password_required: site.is_site_password_required,
        maintenance: site.is_maintenance,
        links: site
            .links
            .into_iter()
            .map(|(kind, url)| Link { kind, url })
            .collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

pub(crate) fn site(site: &Site) -> proto::Site {
    let address = |address: &crate::domain::site::Address| proto::site::Address {
        listener: address.listener.clone(),
        host: address.host.clone(),
        path_prefix: address.path_prefix.clone(),
    };
    proto::Site {
        id: site.id.as_str().to_owned(),
        name: site.name.clone(),
        addresses: site.addresses.iter().map(address).collect(),
        store_ids: site.stores.clone(),
        links: site.links.clone().into_iter().collect(),
    }
}

pub(crate) fn role(role: &Role) -> proto::Role {
    proto::Role {
        id: role.id.to_string(),
        name: role.name.clone(),
        permissions: role.permissions.names(),
        is_builtin: role.is_builtin,
        holder_count: i32::try_from(role.holder_count).unwrap_or(i32::MAX),
    }
}

pub(super) fn snapshot(
    snapshot: &Snapshot,
    revoked_session_ids: Vec<String>,
) -> proto::GetSnapshotResponse {
    use im_policy::Scope;
    let value = |stored: &im_policy::StoredValue| {
        let (site_id, role_id) = match &stored.scope {
            Scope::Global => (String::new(), String::new()),
            Scope::Site(site) => (site.as_str().to_owned(), String::new()),
            Scope::Role(role) => (String::new(), role.to_string()),
        };
        let (key, value) = (stored.key.clone(), stored.value.clone());
        proto::StoredPolicyValue {
            key,
            value,
            site_id,
            role_id,
        }
    };
    proto::GetSnapshotResponse {
        revision: snapshot.revision,
        sites: snapshot.sites.iter().map(site).collect(),
        policy_values: snapshot.stored_values.iter().map(value).collect(),
        roles: snapshot.roles.iter().map(role).collect(),
        revoked_session_ids,
    }
}

pub(super) fn facts(facts: &FactsOfUser) -> proto::UserFacts {
    proto::UserFacts {
        user_id: facts.user.id.to_string(),
        username: facts.user.username.as_str().to_owned(),
        display_name: facts.user.display_name.as_str().to_owned(),
        is_active: facts.is_active(),
        hierarchy_level: i32::from(facts.user.hierarchy_level),
        role_ids: facts.roles.iter().map(ToString::to_string).collect(),
        group_ids: facts.groups.iter().map(ToString::to_string).collect(),
        exists: true,
    }
}

pub(super) fn session(item: SessionWithDevice, actor: &Actor) -> proto::Session {
    let SessionWithDevice {
        session,
        device_name,
    } = item;
    proto::Session {
        id: session.id.to_string(),
        user_id: session.user_id.to_string(),
        device_id: session.device_id.to_string(),
        device_name,
        site_id: session.site.as_str().to_owned(),
        client_address: session.client_address,
        create_time: Some(timestamp(session.created_at)),
        last_seen_time: Some(timestamp(session.last_seen_at)),
        expire_time: end(session.expires_at),
        is_current: session.id == actor.session_id,
    }
}

pub(super) fn device(device: Device) -> proto::Device {
    let state = if device.is_approved {
        proto::device::State::Approved
    } else {
        proto::device::State::Waiting
    };
    proto::Device {
        id: device.id.to_string(),
        user_id: device.user_id.to_string(),
        name: device.name,
        state: state.into(),
        create_time: Some(timestamp(device.created_at)),
        last_seen_time: Some(timestamp(device.last_seen_at)),
    }
}
