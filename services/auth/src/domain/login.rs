//! The order of the checks of a sign-in, and nothing else: what is known goes in, the decision
//! comes out. The first check that fails decides.

use std::time::Duration;

use im_types::Timestamp;

use super::people::UserState;

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Only administrators get in at present.
    Maintenance,
    /// Name, address or device is kept out.
    Banned,
    /// The site's own password is missing or wrong.
    SitePasswordRequired,
    /// Too many attempts.
    Throttled {
        /// When the next one is allowed.
        wait: Duration,
    },
    /// Unknown user or wrong password: which of them is nobody's business.
    InvalidCredentials,
    /// Waits for an administrator.
    WaitingApproval,
    /// Barred by an administrator.
    Suspended,
    /// Switched off, here or in the identity store.
    Deactivated,
    /// Too many wrong passwords.
    Locked {
        /// How long still; `None` until an administrator unlocks.
        wait: Option<Duration>,
    },
    /// The site may have no more accounts.
    SiteAccountsFull,
    /// The device waits for approval.
    DeviceWaitingApproval,
}

impl Refusal {
    /// The state of an account that is disabled: two states, one reason.
    pub const fn state(&self) -> Option<UserState> {
        match self {
            Self::Suspended => Some(UserState::Suspended),
            Self::Deactivated => Some(UserState::Deactivated),
            _ => None,
        }
    }
}

/// What the site's own password says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SitePassword {
    /// The site has none.
    NotNeeded,
    /// It was right.
    Right,
    /// It was missing or wrong.
    WrongOrMissing,
}

/// What is known before a password is looked at.
#[derive(Debug, Clone, Copy)]
pub struct AtTheDoor {
    /// Maintenance mode is on.
    pub is_maintenance: bool,
    /// The name is that of an administrator.
    pub is_administrator: bool,
    /// Name, address or device is banned.
    pub is_banned: bool,
    /// The site's password.
    pub site_password: SitePassword,
    /// How long to wait before the next attempt.
    pub throttle_wait: Duration,
}

/// Steps 1 to 4.
pub fn at_the_door(facts: &AtTheDoor) -> Result<(), Refusal> {
    if facts.is_maintenance && !facts.is_administrator {
        return Err(Refusal::Maintenance);
    }
    if facts.is_banned {
        return Err(Refusal::Banned);
    }
    if facts.site_password == SitePassword::WrongOrMissing {
        return Err(Refusal::SitePasswordRequired);
    }
    if !facts.throttle_wait.is_zero() {
        return Err(Refusal::Throttled {
            wait: facts.throttle_wait,
        });
    }
    Ok(())
}

/// What is known after a right password.
#[derive(Debug, Clone, Copy)]
pub struct Inside {
    /// State of the account.
    pub state: UserState,
    /// End of a lock.
    pub locked_until: Option<Timestamp>,
    /// The time.
    pub now: Timestamp,
    /// The account would be one too many on the site.
    pub are_accounts_full: bool,
    /// The device may sign in.
    pub is_device_approved: bool,
    /// The password is too old or was set by somebody else.
    pub is_password_expired: bool,
}

/// What somebody who is let in may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Everything.
    Full,
    /// Change the password.
    PasswordOnly,
}

/// Steps 7 to 11.
pub fn inside(facts: &Inside) -> Result<Admission, Refusal> {
    match facts.state {
        UserState::Waiting => return Err(Refusal::WaitingApproval),
        UserState::Suspended => return Err(Refusal::Suspended),
        UserState::Deactivated => return Err(Refusal::Deactivated),
        UserState::Active => {}
    }
    if let Some(until) = facts.locked_until.filter(|until| *until > facts.now) {
        let wait = (until != Timestamp::MAX).then(|| until.since(facts.now));
        return Err(Refusal::Locked { wait });
    }
    if facts.are_accounts_full {
        return Err(Refusal::SiteAccountsFull);
    }
    if !facts.is_device_approved {
        return Err(Refusal::DeviceWaitingApproval);
    }
    if facts.is_password_expired {
        Ok(Admission::PasswordOnly)
    } else {
        Ok(Admission::Full)
    }
}

/// What a wrong password does to an account's counter and lock. `failures_max` 0 never locks;
/// `lock` absent locks until an administrator unlocks.
pub fn lock_after_failure(
    failures_before: u32,
    failures_max: Option<u64>,
    lock: Option<Duration>,
    now: Timestamp,
) -> (u32, Option<Timestamp>) {
    let failures = failures_before.saturating_add(1);
    let locks = failures_max.is_some_and(|max| u64::from(failures) >= max);
    let until = locks.then(|| lock.map_or(Timestamp::MAX, |lock| now.saturating_add(lock)));
    (failures, until)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: AtTheDoor = AtTheDoor {
        is_maintenance: false,
        is_administrator: false,
        is_banned: false,
        site_password: SitePassword::NotNeeded,
        throttle_wait: Duration::ZERO,
    };
    const NOW: Timestamp = Timestamp::from_micros(1_000_000);
    const FINE: Inside = Inside {
        state: UserState::Active,
        locked_until: None,
        now: NOW,
        are_accounts_full: false,
        is_device_approved: true,
        is_password_expired: false,
    };

    #[test]
    fn at_the_door_each_check_wins_over_the_later_ones() {
        let wait = Duration::from_secs(3);
        // Everything is wrong; then one after the other is put right.
        let mut facts = AtTheDoor {
            is_maintenance: true,
            is_administrator: false,
            is_banned: true,
            site_password: SitePassword::WrongOrMissing,
            throttle_wait: wait,
        };
        assert_eq!(at_the_door(&facts), Err(Refusal::Maintenance));
        facts.is_administrator = true;
        assert_eq!(at_the_door(&facts), Err(Refusal::Banned));
        facts.is_banned = false;
        assert_eq!(at_the_door(&facts), Err(Refusal::SitePasswordRequired));
        facts.site_password = SitePassword::Right;
        assert_eq!(at_the_door(&facts), Err(Refusal::Throttled { wait }));
        facts.throttle_wait = Duration::ZERO;
        assert_eq!(at_the_door(&facts), Ok(()));
        assert_eq!(at_the_door(&OPEN), Ok(()));
    }

    #[test]
    fn inside_each_check_wins_over_the_later_ones() {
        let wrong = Inside {
            state: UserState::Waiting,
            locked_until: Some(NOW + Duration::from_secs(5)),
            now: NOW,
            are_accounts_full: true,
            is_device_approved: false,
            is_password_expired: true,
        };
        let mut facts = wrong;
        assert_eq!(inside(&facts), Err(Refusal::WaitingApproval));
        facts.state = UserState::Suspended;
        assert_eq!(inside(&facts), Err(Refusal::Suspended));
        facts.state = UserState::Deactivated;
        assert_eq!(inside(&facts), Err(Refusal::Deactivated));
        facts.state = UserState::Active;
        let wait = Some(Duration::from_secs(5));
        assert_eq!(inside(&facts), Err(Refusal::Locked { wait }));
        facts.locked_until = Some(NOW);
        assert_eq!(inside(&facts), Err(Refusal::SiteAccountsFull));
        facts.are_accounts_full = false;
        assert_eq!(inside(&facts), Err(Refusal::DeviceWaitingApproval));
        facts.is_device_approved = true;
        assert_eq!(inside(&facts), Ok(Admission::PasswordOnly));
        assert_eq!(inside(&FINE), Ok(Admission::Full));
    }

    #[test]
    fn a_lock_comes_at_the_limit_and_lasts_as_policy_says() {
        let lock = Some(Duration::from_mins(1));
        assert_eq!(lock_after_failure(3, Some(5), lock, NOW), (4, None));
        assert_eq!(
            lock_after_failure(4, Some(5), lock, NOW),
            (5, Some(NOW + Duration::from_mins(1)))
        );
        assert_eq!(
            lock_after_failure(4, Some(5), None, NOW),
            (5, Some(Timestamp::MAX))
        );
        assert_eq!(lock_after_failure(1000, None, lock, NOW), (1001, None));
        let facts = Inside {
            locked_until: Some(Timestamp::MAX),
            ..FINE
        };
        assert_eq!(inside(&facts), Err(Refusal::Locked { wait: None }));
    }
}
