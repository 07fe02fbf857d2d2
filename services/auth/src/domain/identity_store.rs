//! Places where people are known besides the local one, and on what terms they come from there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use im_types::{GroupId, RoleId, Timestamp};

use super::people::{UnknownWordError, fold};
use super::site::LOCAL_STORE;

/// Longest id of a store, in bytes.
const ID_BYTES_MAX: usize = 32;
/// Most rules that turn groups there into roles or groups here.
pub const RULES_MAX: usize = 100;
/// Longest name of a group there, in bytes.
pub const GROUP_BYTES_MAX: usize = 200;

macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident { $( $(#[doc = $inner:literal])+ $variant:ident $word:literal; )+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[doc = $inner])+ $variant, )+
        }

        impl $name {
            /// The word as it is stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the stored word.
            pub fn parse(text: &str) -> Result<Self, UnknownWordError> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWordError),
                }
            }
        }
    };
}

words! {
    /// What a store is.
    StoreKind {
        /// The accounts that have their password here.
        Local "local";
        /// The user table of another application.
        Sql "sql";
        /// A directory.
        Ldap "ldap";
    }
}

words! {
    /// What a value of a store does to the account.
    AttributeMode {
        /// Nothing.
        Ignore "ignore";
        /// It is taken when the account is made.
        Suggest "suggest";
        /// It replaces the account's at every sign-in.
        Force "force";
        /// The same, and without it nobody gets in.
        Require "require";
    }
}

words! {
    /// A value that accounts have too.
    Attribute {
        /// What others see.
        DisplayName "display_name";
        /// Mail address.
        Email "email";
        /// Language tag.
        Locale "locale";
    }
}

words! {
    /// What becomes of a person whose name belongs to another account.
    ConflictRule {
        /// Nobody gets in.
        Refuse "refuse";
        /// The account is called `name@store`.
        NameAtStore "name_at_store";
    }
}

words! {
    /// What becomes of an account whose person is gone from the store.
    OnMissing {
        /// It is left alone.
        Ignore "ignore";
        /// It is switched off when the next synchronisation says so.
        Disable "disable";
    }
}

/// What people of a group there get here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRule {
    /// The group there; compared without regard to case.
    pub when_group: String,
    /// A role here.
    pub give_role: Option<RoleId>,
    /// A group here.
    pub join_group: Option<GroupId>,
}

/// Verifiers of our own that stand in while the store cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShadowTerms {
    /// How long one stands in after the last time that the store said yes.
    pub max_age: Duration,
    /// Also for administrators.
    pub for_administrators: bool,
}

/// On what terms people of a store get accounts here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreTerms {
    /// Those that are not named are suggested.
    pub attributes: BTreeMap<Attribute, AttributeMode>,
    /// `None` leaves it to policy `username_conflict`.
    pub conflict: Option<ConflictRule>,
    /// New accounts wait for an administrator.
    pub new_accounts_wait: bool,
    /// What a synchronisation does with those who are gone.
    pub on_missing: OnMissing,
    /// What groups there mean here.
    pub group_rules: Vec<GroupRule>,
    /// `None` for no verifiers of our own.
    pub shadow: Option<ShadowTerms>,
}

impl Default for StoreTerms {
    fn default() -> Self {
        Self {
            attributes: BTreeMap::new(),
            conflict: None,
            new_accounts_wait: false,
            on_missing: OnMissing::Ignore,
            group_rules: Vec::new(),
            shadow: None,
        }
    }
}

impl StoreTerms {
    /// What a value of this kind does.
    pub fn mode(&self, attribute: Attribute) -> AttributeMode {
        let mode = self.attributes.get(&attribute).copied();
        mode.unwrap_or(AttributeMode::Suggest)
    }

    /// The required values that a person lacks.
    pub fn missing(&self, has: impl Fn(Attribute) -> bool) -> Option<Attribute> {
        let required = self
            .attributes
            .iter()
            .filter(|(_, mode)| **mode == AttributeMode::Require);
        required
            .map(|(attribute, _)| *attribute)
            .find(|attribute| !has(*attribute))
    }

    /// The roles and groups of somebody who is in these groups there.
    pub fn granted(&self, groups: &[String]) -> (BTreeSet<RoleId>, BTreeSet<GroupId>) {
        let held: BTreeSet<String> = groups.iter().map(|group| fold(group)).collect();
        let rules = self
            .group_rules
            .iter()
            .filter(|rule| held.contains(&fold(&rule.when_group)));
        let (mut roles, mut joined) = (BTreeSet::new(), BTreeSet::new());
        for rule in rules {
            roles.extend(rule.give_role);
            joined.extend(rule.join_group);
        }
        (roles, joined)
    }
}

/// A configured store. Its secrets are elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityStore {
    /// Its slug, under which sites list it.
    pub id: String,
    /// What it is.
    pub kind: StoreKind,
    /// What people call it.
    pub name: String,
    /// The preset that its settings start from; empty for none.
    pub preset: String,
    /// How it is reached and read, by the names that its kind knows.
    pub settings: BTreeMap<String, String>,
    /// The names of the secrets that are set.
    pub secret_names: Vec<String>,
    /// Whether it is asked at all.
    pub is_enabled: bool,
    /// On what terms people come from there.
    pub terms: StoreTerms,
    /// Raised by every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Who an account is in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The store.
    pub store_id: String,
    /// The store's own id of the person.
    pub external_id: String,
    /// The name there at the last sign-in; empty if there was none yet.
    pub login: String,
    /// When the two were bound.
    pub created_at: Timestamp,
    /// The last sign-in through it.
    pub last_login_at: Option<Timestamp>,
}

/// Checks the id of a new store: it stands in `name@store` and in addresses.
pub fn is_store_id(text: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=ID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(is_inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text != LOCAL_STORE
}

/// A username for somebody who is called so in a store: what cannot stand in one becomes `_`. Two
/// who become the same are a conflict like any other, never one account.
pub fn handle_of(login: &str) -> Option<im_types::Username> {
    if let Ok(username) = im_types::Username::parse(login) {
        return Some(username);
    }
    let is_kept = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    let text: String = login
        .trim()
        .chars()
        .take(im_types::USERNAME_CHARS_MAX)
        .map(|c| if is_kept(c) { c } else { '_' })
        .collect();
    im_types::Username::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_there_give_what_their_rules_say() {
        let (role, group) = (
            RoleId::from_uuid(uuid::Uuid::from_u128(1)),
            GroupId::from_uuid(uuid::Uuid::from_u128(2)),
        );
        let rule = |when: &str, give_role, join_group| GroupRule {
            when_group: when.to_owned(),
            give_role,
            join_group,
        };
        let terms = StoreTerms {
            group_rules: vec![
                rule("Administrators", Some(role), None),
                rule("STAFF", None, Some(group)),
            ],
            ..StoreTerms::default()
        };
        let granted = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
            terms.granted(&groups)
        };
        assert_eq!(granted(&["guests"]), (BTreeSet::new(), BTreeSet::new()));
        assert_eq!(granted(&["staff"]).1, BTreeSet::from([group]));
        assert_eq!(
            granted(&["administrators", "Staff"]).0,
            BTreeSet::from([role])
        );
    }

    #[test]
    fn a_required_value_is_missed() {
        let terms = StoreTerms {
            attributes: BTreeMap::from([(Attribute::Email, AttributeMode::Require)]),
            ..StoreTerms::default()
        };
        assert_eq!(terms.missing(|_| false), Some(Attribute::Email));
        assert_eq!(
            terms.missing(|attribute| attribute == Attribute::Email),
            None
        );
        assert_eq!(terms.mode(Attribute::Locale), AttributeMode::Suggest);
    }

    #[test]
    fn ids_are_slugs_and_names_become_usernames() {
        assert!(is_store_id("forum-2") && is_store_id("a"));
        for wrong in ["", "-a", "a-", "Forum", "a b", "local", &"x".repeat(33)] {
            assert!(!is_store_id(wrong), "{wrong}");
        }
        assert_eq!(handle_of("John Smith").unwrap().as_str(), "John_Smith");
        assert_eq!(handle_of("o'neil").unwrap().as_str(), "o_neil");
        assert_eq!(
            handle_of("anna@example.org").unwrap().as_str(),
            "anna@example.org"
        );
        assert!(handle_of("?").is_none());
    }
}
