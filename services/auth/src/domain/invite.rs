//! Tickets for registration.

use std::time::Duration;

use im_types::{InviteId, Timestamp, UserId};

/// Most uses of an invite.
pub const USES_MAX: u32 = 1000;
/// Longest validity, in days.
pub const VALIDITY_DAYS_MAX: u32 = 365;
/// Validity if none is asked for, in days.
const VALIDITY_DAYS_DEFAULT: u32 = 14;
/// Longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 200;
/// Most invites there may be.
pub const INVITES_MAX: i64 = 10_000;

/// An invite; its token is known to nobody but the one who got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// How often it can still be used.
    pub uses_left: i64,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// For administrators.
    pub note: String,
}

/// The uses asked for; 0 is one. `None` if there are too many or less than none.
pub fn uses(requested: i32) -> Option<u32> {
    let uses = u32::try_from(requested).ok()?.max(1);
    (uses <= USES_MAX).then_some(uses)
}

/// The validity asked for in days; 0 is two weeks. `None` if it is too long or less than none.
pub fn validity(requested_days: i32) -> Option<Duration> {
    let days = match u32::try_from(requested_days).ok()? {
        0 => VALIDITY_DAYS_DEFAULT,
        days => days,
    };
    (days <= VALIDITY_DAYS_MAX).then(|| Duration::from_hours(24) * days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_and_validity_have_defaults_and_edges() {
        assert_eq!([0, 1, 1000].map(uses), [Some(1), Some(1), Some(1000)]);
        assert_eq!([-1, 1001].map(uses), [None, None]);
        let days = |days| validity(days).map(|validity| validity.as_secs() / 86_400);
        assert_eq!([0, 1, 365].map(days), [Some(14), Some(1), Some(365)]);
        assert_eq!([-1, 366].map(days), [None, None]);
    }
}
