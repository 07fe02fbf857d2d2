//! Who sees whom and who may write to whom. One set of rules for lists, streams and messages.

use im_policy::VisibilityMode;
use im_types::Timestamp;

use super::contact::{Consent, Link, Side};
use super::person::{Person, Rules};

/// What rosters say about two people, seen from the one who looks or writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts that hold independently"
)]
pub struct Tie {
    /// Both agreed to be contacts.
    pub is_accepted: bool,
    /// Whoever looks has blocked the other.
    pub has_blocked: bool,
    /// The other has blocked whoever looks.
    pub is_blocked: bool,
    /// The other is hidden from whoever looks.
    pub is_hidden: bool,
    /// What the other's row says as "last seen" while the other shuts out whoever looks.
    pub frozen_seen_at: Option<Timestamp>,
}

impl Tie {
    /// From the rows of both; absent rows say nothing.
    pub fn new(mine: Option<&Side>, theirs: Option<&Side>) -> Self {
        let is_accepted = |side: Option<&Side>| side.is_some_and(|s| s.link == Link::Accepted);
        Self {
            is_accepted: is_accepted(mine) && is_accepted(theirs),
            has_blocked: mine.is_some_and(|side| side.is_blocked),
            is_blocked: theirs.is_some_and(|side| side.is_blocked),
            is_hidden: theirs.is_some_and(|side| side.is_hidden_from),
            frozen_seen_at: theirs.and_then(|side| side.frozen_seen_at),
        }
    }
}

/// What somebody may see of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Oneself: everything.
    Own,
    /// How the person is.
    Open,
    /// The person shuts out whoever looks: offline, last seen at [`Tie::frozen_seen_at`].
    Frozen,
    /// Nothing: offline, without more.
    Closed,
}

/// What `viewer` sees of `subject`, by the rules of the viewer's site.
pub fn sight(rules: &Rules, viewer: &Person, subject: Option<&Person>, tie: &Tie) -> Sight {
    let Some(subject) = subject else {
        return Sight::Closed;
    };
    if viewer.user_id == subject.user_id {
        return Sight::Own;
    }
    if tie.has_blocked || !is_in_reach(rules, viewer, subject, tie) || !subject.is_active {
        return Sight::Closed;
    }
    if tie.is_blocked || tie.is_hidden {
        return Sight::Frozen;
    }
    Sight::Open
}

/// Whether the community's mode brings the two together, blocks aside.
fn is_in_reach(rules: &Rules, viewer: &Person, subject: &Person, tie: &Tie) -> bool {
    match rules.visibility {
        VisibilityMode::Normal => tie.is_accepted,
        VisibilityMode::GroupCommunity => viewer.shares_group_with(subject),
        VisibilityMode::OpenCommunity | VisibilityMode::OpenGroupCommunity => true,
    }
}

/// Why somebody may not write to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No contact; also told to whoever is blocked, who is not to learn it.
    NotAContact,
    /// The sender has blocked the other.
    Blocked,
    /// No contact, and the hierarchy does not let the sender ask.
    Hierarchy,
    /// The two belong to no common group.
    NoCommonGroup,
    /// No such person, or one who may not be reached.
    UserNotFound,
}

impl Refusal {
    /// The name for machines.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotAContact => "NOT_A_CONTACT",
            Self::Blocked => "BLOCKED",
            Self::Hierarchy => "HIERARCHY",
            Self::NoCommonGroup => "NO_COMMON_GROUP",
            Self::UserNotFound => "USER_NOT_FOUND",
        }
    }
}

/// Whether `sender` may write to `other`. Being hidden takes away the sight, not the reach.
pub fn reach(
    rules: &Rules,
    sender: &Person,
    other: Option<&Person>,
    tie: &Tie,
) -> Result<(), Refusal> {
    let other = other
        .filter(|other| other.is_active)
        .ok_or(Refusal::UserNotFound)?;
    if sender.user_id == other.user_id {
        return Ok(());
    }
    if tie.has_blocked {
        return Err(Refusal::Blocked);
    }
    if tie.is_blocked {
        // The answer of somebody who was taken off a roster, or left the group.
        return Err(match rules.visibility {
            VisibilityMode::GroupCommunity => Refusal::NoCommonGroup,
            _ => Refusal::NotAContact,
        });
    }
    if is_in_reach(rules, sender, other, tie) {
        return Ok(());
    }
    Err(match rules.visibility {
        VisibilityMode::GroupCommunity => Refusal::NoCommonGroup,
        _ if consent(rules, sender, other) == Consent::Forbidden => Refusal::Hierarchy,
        _ => Refusal::NotAContact,
    })
}

/// How a request of `sender` to `other` is to be treated. Hierarchy counts in normal mode only.
pub fn consent(rules: &Rules, sender: &Person, other: &Person) -> Consent {
    match rules.visibility {
        VisibilityMode::Normal => {
            if rules.is_hierarchy_enforced && sender.hierarchy_level > other.hierarchy_level {
                Consent::Forbidden
            } else {
                Consent::Needed
            }
        }
        VisibilityMode::GroupCommunity => {
            if sender.shares_group_with(other) {
                Consent::NotNeeded
            } else {
                Consent::Needed
            }
        }
        VisibilityMode::OpenCommunity | VisibilityMode::OpenGroupCommunity => Consent::NotNeeded,
    }
}

#[cfg(test)]
mod tests;
