//! Sign-ins that have not ended, and what people sign in with.

use std::time::Duration;

use im_types::{DeviceId, SessionId, SiteId, Timestamp, UserId};

/// Longest device name, in characters; longer ones are cut.
const DEVICE_NAME_CHARS_MAX: usize = 80;

/// One sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// On which device.
    pub device_id: DeviceId,
    /// On which site.
    pub site: SiteId,
    /// It can do nothing but change the password.
    pub is_password_only: bool,
    /// SHA-256 of what all refresh tokens of the session have in common.
    pub family_hash: Vec<u8>,
    /// SHA-256 of the newest refresh token's secret.
    pub refresh_hash: Vec<u8>,
    /// Address of the last renewal; empty if unknown.
    pub client_address: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last renewed.
    pub last_seen_at: Timestamp,
    /// When it ends unless renewed.
    pub expires_at: Timestamp,
    /// When it ends in any case.
    pub ends_at: Timestamp,
    /// It was opened while the identity store was away, which has not agreed since.
    pub is_shadow: bool,
}

/// A session with the name of its device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionWithDevice {
    /// The session.
    pub session: Session,
    /// What its device is called.
    pub device_name: String,
}

/// Whose stream a ticket opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Who.
    pub user_id: UserId,
    /// In which session.
    pub session_id: SessionId,
    /// On which site.
    pub site: SiteId,
    /// On which device.
    pub device_id: DeviceId,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// When a session renewed now ends by itself: after `idle` without use, and never after `ends_at`.
pub fn expiry(now: Timestamp, idle: Option<Duration>, ends_at: Timestamp) -> Timestamp {
    idle.map_or(ends_at, |idle| now.saturating_add(idle).min(ends_at))
}

/// The end that no renewal moves.
pub fn end(created_at: Timestamp, longest: Option<Duration>) -> Timestamp {
    longest.map_or(Timestamp::MAX, |longest| created_at.saturating_add(longest))
}

/// Something a person signs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is.
    pub user_id: UserId,
    /// What it is called.
    pub name: String,
    /// Whether it may sign in.
    pub is_approved: bool,
    /// First sign-in.
    pub created_at: Timestamp,
    /// Last sign-in.
    pub last_seen_at: Timestamp,
}

/// A device name fit for lists: one line, not too long.
pub fn device_name(text: &str) -> String {
    let one_line = text.trim().chars().filter(|c| !c.is_control());
    one_line.take(DEVICE_NAME_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn use_prolongs_a_session_but_not_over_its_end() {
        let (start, day) = (Timestamp::from_micros(0), Duration::from_hours(24));
        let end = end(start, Some(day * 3));
        assert_eq!(expiry(start, Some(day), end), start + day);
        assert_eq!(expiry(start + day * 5 / 2, Some(day), end), end);
        assert_eq!(expiry(start, None, super::end(start, None)), Timestamp::MAX);
    }

    #[test]
    fn device_names_are_one_short_line() {
        assert_eq!(device_name(" My\nphone\u{7} "), "Myphone");
        assert_eq!(device_name(&"ä".repeat(100)).chars().count(), 80);
    }
}
