//! The directory against an auth that tests control.

mod following;
mod tokens;
mod users;

use im_types::{Clock, SessionId, SiteId, Timestamp, UserId};
use std::time::Duration;

use crate::testing::FixedAuth;

pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) fn auth() -> FixedAuth {
    FixedAuth::new(Clock::mock(Timestamp::from_millis(1_700_000_000_000)))
}

pub(super) fn user(number: u128) -> UserId {
    UserId::from_uuid(uuid_of(number))
}

pub(super) fn session(number: u128) -> SessionId {
    SessionId::from_uuid(uuid_of(number))
}

pub(super) fn uuid_of(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

pub(super) fn site(name: &str) -> SiteId {
    SiteId::parse(name).unwrap()
}
