//! How two people stand to each other: a state machine over the two rows of a pair.

use std::time::Duration;

use im_policy::Limit;
use im_types::{Timestamp, UserId};

/// Longest note of a request, in characters.
pub const NOTE_CHARS_MAX: usize = 200;
/// Longest alias, in characters.
pub const ALIAS_CHARS_MAX: usize = 80;
/// Longest heading, in characters.
pub const PERSONAL_GROUP_CHARS_MAX: usize = 40;

/// The bond between two people, seen from one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Link {
    /// There is none.
    #[default]
    None,
    /// This side has asked.
    Requested,
    /// The other side has asked.
    Pending,
    /// Both agreed.
    Accepted,
}

/// One side's row: the bond, and what this side alone decided about the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Side {
    /// The bond.
    pub link: Link,
    /// Neither is to see or reach the other. Lies over the bond, which goes on underneath.
    pub is_blocked: bool,
    /// The other is to see this side as offline.
    pub is_hidden_from: bool,
    /// May ring while this side is busy.
    pub is_vip: bool,
    /// What this side calls the other.
    pub alias: String,
    /// This side's heading for the other.
    pub personal_group: String,
    /// What was written with the request.
    pub note: String,
    /// What the other is told as "last seen" while blocked or hidden from.
    pub frozen_seen_at: Option<Timestamp>,
    /// This side was declined and may ask again from then on.
    pub paused_until: Timestamp,
    /// Since when there is this row.
    pub created_at: Timestamp,
    /// Last change that this side sees.
    pub updated_at: Timestamp,
}

impl Side {
    /// Whether this side has anything to show on its roster.
    pub fn is_listed(&self) -> bool {
        self.link != Link::None
            || self.is_blocked
            || self.is_hidden_from
            || self.is_vip
            || !self.alias.is_empty()
            || !self.personal_group.is_empty()
    }

    /// Whether the row may be forgotten.
    pub fn is_void(&self, now: Timestamp) -> bool {
        !self.is_listed() && self.paused_until <= now
    }

    /// Whether the other is kept from seeing this side, whatever the policy.
    pub const fn shuts_out(&self) -> bool {
        self.is_blocked || self.is_hidden_from
    }

    /// Whether its owner, who sees neither pauses nor what a block covers, sees no difference.
    pub fn looks_like(&self, other: &Self) -> bool {
        let same_link = self.link == other.link || (self.is_blocked && other.is_blocked);
        same_link
            && self.is_blocked == other.is_blocked
            && self.is_hidden_from == other.is_hidden_from
            && self.is_vip == other.is_vip
            && self.alias == other.alias
            && self.personal_group == other.personal_group
            && self.note == other.note
    }

    fn unlink(&mut self) {
        self.link = Link::None;
        self.is_vip = false;
        self.alias.clear();
        self.personal_group.clear();
        self.note.clear();
    }

    const fn counts(&self) -> bool {
        matches!(self.link, Link::Requested | Link::Accepted)
    }
}

/// Both sides, as read under the lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pair {
    /// Of whoever acts.
    pub mine: Side,
    /// Of the other.
    pub theirs: Side,
    /// Contacts and requests on the roster of whoever acts.
    pub my_count: u64,
    /// The same of the other.
    pub their_count: u64,
}

/// Why a change of a roster is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// Contact with oneself.
    #[error("one cannot be one's own contact")]
    OneSelf,
    /// Is a contact, or was asked already.
    #[error("this person is on the roster already")]
    Exists,
    /// Whoever acts has blocked the person; only ever told to the blocker.
    #[error("this person is blocked; end the block first")]
    Blocked,
    /// Nothing there to change.
    #[error("this person is not on the roster")]
    NotFound,
    /// There is no request to accept or decline.
    #[error("this person has not asked")]
    NotRequested,
    /// The person is above whoever asks.
    #[error("the hierarchy of this site does not let you ask this person")]
    Hierarchy,
    /// Declined before; may ask again later.
    #[error("this person declined; ask again later")]
    Paused {
        /// From then on.
        until: Timestamp,
    },
    /// A roster is full.
    #[error("the roster {} is full", if *.is_own { "of yours" } else { "of this person" })]
    Limit {
        /// Whose: of whoever acts, or of the other.
        is_own: bool,
        /// The limit.
        contacts_max: u64,
    },
}

/// The limits of both rosters.
#[derive(Debug, Clone, Copy)]
pub struct RosterLimits {
    /// Of whoever acts.
    pub mine: Limit,
    /// Of the other.
    pub theirs: Limit,
}

/// What an owner wants to change about an entry; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// See [`Side::alias`].
    pub alias: Option<String>,
    /// See [`Side::personal_group`].
    pub personal_group: Option<String>,
    /// See [`Side::is_vip`].
    pub is_vip: Option<bool>,
    /// See [`Side::is_hidden_from`].
    pub is_hidden_from: Option<bool>,
}

/// How a request is to be treated by the policy of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// The other has to accept.
    Needed,
    /// Everybody sees everybody anyway.
    NotNeeded,
    /// The other is above whoever asks.
    Forbidden,
}

/// A request with all that decides about it.
#[derive(Debug, Clone)]
pub struct Request {
    /// A word to the other.
    pub note: String,
    /// What policy says.
    pub consent: Consent,
    /// How full the rosters may be.
    pub limits: RosterLimits,
}

impl Pair {
    /// Asks, or accepts if the other has asked. A block of the other changes nothing of what
    /// whoever acts sees: the request stays open.
    pub fn request(mut self, request: &Request, now: Timestamp) -> Result<Self, ContactError> {
        if self.mine.is_blocked {
            return Err(ContactError::Blocked);
        }
        match self.mine.link {
            Link::Accepted | Link::Requested => return Err(ContactError::Exists),
            Link::Pending => return self.accept(request.limits),
            Link::None => {}
        }
        if request.consent == Consent::Forbidden {
            return Err(ContactError::Hierarchy);
        }
        if self.mine.paused_until > now {
            return Err(ContactError::Paused {
                until: self.mine.paused_until,
            });
        }
        self.check_limits(request.limits)?;
        self.mine.paused_until = Timestamp::EPOCH;
        self.mine.note.clone_from(&request.note);
        if request.consent == Consent::NotNeeded {
            (self.mine.link, self.theirs.link) = (Link::Accepted, Link::Accepted);
        } else {
            (self.mine.link, self.theirs.link) = (Link::Requested, Link::Pending);
        }
        if !self.theirs.is_blocked {
            self.theirs.note.clone_from(&request.note);
        }
        Ok(self)
    }

    /// Accepts the other's request. Accepting twice changes nothing.
    pub fn accept(mut self, limits: RosterLimits) -> Result<Self, ContactError> {
        if self.mine.is_blocked {
            return Err(ContactError::Blocked);
        }
        match self.mine.link {
            Link::Accepted => return Ok(self),
            Link::Pending => {}
            Link::None | Link::Requested => return Err(ContactError::NotRequested),
        }
        self.check_limits(limits)?;
        (self.mine.link, self.theirs.link) = (Link::Accepted, Link::Accepted);
        Ok(self)
    }

    /// Declines the other's request; the other may ask again after `pause`.
    pub fn decline(mut self, now: Timestamp, pause: Duration) -> Result<Self, ContactError> {
        if self.mine.link != Link::Pending || self.mine.is_blocked {
            return Err(ContactError::NotRequested);
        }
        self.mine.unlink();
        self.theirs.unlink();
        self.theirs.paused_until = if pause.is_zero() {
            Timestamp::EPOCH
        } else {
            now.saturating_add(pause)
        };
        Ok(self)
    }

    /// Blocks the other. `seen_at` is what the other is told from now on as "last seen".
    #[must_use]
    pub fn block(mut self, seen_at: Option<Timestamp>) -> Self {
        if !self.mine.shuts_out() {
            self.mine.frozen_seen_at = seen_at;
        }
        self.mine.is_blocked = true;
        self
    }

    /// Ends the block; the bond underneath is as it was.
    #[must_use]
    pub fn unblock(mut self) -> Self {
        self.mine.is_blocked = false;
        if !self.mine.shuts_out() {
            self.mine.frozen_seen_at = None;
        }
        self
    }

    /// Ends the bond on both sides, or withdraws or refuses a request. A block stays.
    pub fn remove(mut self) -> Result<Self, ContactError> {
        if !self.mine.is_listed() {
            return Err(ContactError::NotFound);
        }
        if self.mine.link != Link::None {
            self.theirs.unlink();
        }
        self.mine.unlink();
        self.mine.is_hidden_from = false;
        if !self.mine.shuts_out() {
            self.mine.frozen_seen_at = None;
        }
        Ok(self)
    }

    /// Changes what only the owner sees, and whether the other sees the owner.
    #[must_use]
    pub fn mark(mut self, marks: &Marks, seen_at: Option<Timestamp>) -> Self {
        let was_shut_out = self.mine.shuts_out();
        if let Some(alias) = &marks.alias {
            self.mine.alias.clone_from(alias);
        }
        if let Some(personal_group) = &marks.personal_group {
            self.mine.personal_group.clone_from(personal_group);
        }
        self.mine.is_vip = marks.is_vip.unwrap_or(self.mine.is_vip);
        self.mine.is_hidden_from = marks.is_hidden_from.unwrap_or(self.mine.is_hidden_from);
        match (was_shut_out, self.mine.shuts_out()) {
            (false, true) => self.mine.frozen_seen_at = seen_at,
            (_, false) => self.mine.frozen_seen_at = None,
            (true, true) => {}
        }
        self
    }

    fn check_limits(&self, limits: RosterLimits) -> Result<(), ContactError> {
        // A side that counts already needs no further room.
        let mine = self.my_count + u64::from(!self.mine.counts());
        let theirs = self.their_count + u64::from(!self.theirs.counts());
        for (limit, count, is_own) in [(limits.mine, mine, true), (limits.theirs, theirs, false)] {
            if !limit.allows(count) {
                let contacts_max = limit.max().unwrap_or_default();
                return Err(ContactError::Limit {
                    is_own,
                    contacts_max,
                });
            }
        }
        Ok(())
    }
}

/// An entry of a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose roster.
    pub owner_id: UserId,
    /// Who is on it.
    pub peer_id: UserId,
    /// The owner's side.
    pub side: Side,
}

/// An entry as it was after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterChange {
    /// Contiguous, from 1.
    pub position: i64,
    /// The entry.
    pub entry: Entry,
}

#[cfg(test)]
mod tests;
