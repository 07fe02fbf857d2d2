//! What presence has to know of people and of the rules that count for them.

use std::time::Duration;

use im_policy::{Effective, Limit, VisibilityMode};

/// A person, as auth describes them.
pub use im_directory::UserFacts as Person;

/// The policy values that count for a person on a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Who sees whom.
    pub visibility: VisibilityMode,
    /// Whether people may ask only those who are not above them.
    pub is_hierarchy_enforced: bool,
    /// Contacts and requests on one roster.
    pub contacts_max: Limit,
    /// Time between a declined request and the next one.
    pub request_pause: Duration,
    /// Distinct users connected at once on the site.
    pub connected_users_max: Limit,
    /// Connections of one user at once.
    pub connections_per_user_max: Limit,
    /// The reasons that the site offers, in order; any reason if empty.
    pub status_reasons: Vec<String>,
    /// Whether people may be invisible.
    pub is_invisible_allowed: bool,
    /// Whether people are told when others were last there.
    pub is_last_seen_shown: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            visibility: VisibilityMode::Normal,
            is_hierarchy_enforced: false,
            contacts_max: Limit::Unlimited,
            request_pause: Duration::ZERO,
            connected_users_max: Limit::Unlimited,
            connections_per_user_max: Limit::Unlimited,
            status_reasons: Vec::new(),
            is_invisible_allowed: true,
            is_last_seen_shown: true,
        }
    }
}

impl From<&Effective> for Rules {
    fn from(policy: &Effective) -> Self {
        let reasons = policy.status_reasons().lines().map(str::trim);
        Self {
            visibility: policy.visibility_mode(),
            is_hierarchy_enforced: policy.hierarchy_enforced(),
            contacts_max: policy.contacts_max(),
            request_pause: policy.contact_request_pause(),
            connected_users_max: policy.connected_users_max(),
            connections_per_user_max: policy.connections_per_user_max(),
            status_reasons: reasons
                .filter(|r| !r.is_empty())
                .map(str::to_owned)
                .collect(),
            is_invisible_allowed: policy.invisible_allowed(),
            is_last_seen_shown: policy.last_seen_visible(),
        }
    }
}
