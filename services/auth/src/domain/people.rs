//! People's accounts.

use im_types::{DisplayName, RoleId, SiteId, Timestamp, UserId, Username};

/// Longest `about` line, in characters.
pub const ABOUT_CHARS_MAX: usize = 200;
/// Longest language tag or time zone name, in bytes.
pub const TAG_BYTES_MAX: usize = 64;
/// Longest mail address, in bytes.
pub const EMAIL_BYTES_MAX: usize = 254;
/// The lowest level of the hierarchy; 0 is the highest.
pub const HIERARCHY_LEVEL_MAX: u8 = 9;
/// The level of new accounts.
pub const HIERARCHY_LEVEL_DEFAULT: u8 = 5;
/// Words of a name that are kept for searching.
const WORDS_MAX: usize = 16;
/// Words of a search that count; every one has to be met.
pub const SEARCH_WORDS_MAX: usize = 3;

/// What an account may do at present. A lock is no state: it is a time, see
/// [`User::locked_until`], and ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserState {
    /// May sign in and be reached.
    Active,
    /// Registered; an administrator has to approve it.
    Waiting,
    /// Barred until reinstated.
    Suspended,
    /// Switched off for good; history stays.
    Deactivated,
}

impl UserState {
    /// The state as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Waiting => "waiting",
            Self::Suspended => "suspended",
            Self::Deactivated => "deactivated",
        }
    }

    /// Reads the stored state.
    pub fn parse(text: &str) -> Result<Self, UnknownWordError> {
        match text {
            "active" => Ok(Self::Active),
            "waiting" => Ok(Self::Waiting),
            "suspended" => Ok(Self::Suspended),
            "deactivated" => Ok(Self::Deactivated),
            _ => Err(UnknownWordError),
        }
    }
}

/// The database holds a word of a newer version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this version does not know the stored word")]
pub struct UnknownWordError;

/// A person's account.
#[derive(Debug, Clone)]
pub struct User {
    /// Never reused.
    pub id: UserId,
    /// The sign-in name.
    pub username: Username,
    /// What others see.
    pub display_name: DisplayName,
    /// What the account may do.
    pub state: UserState,
    /// Where the account was made; it counts there.
    pub site: SiteId,
    /// 0 (highest) to 9.
    pub hierarchy_level: u8,
    /// A line about oneself.
    pub about: String,
    /// BCP 47 tag, or empty.
    pub locale: String,
    /// IANA name, or empty.
    pub time_zone: String,
    /// Mail address, or empty.
    pub email: String,
    /// The administrator whom no identity store can touch.
    pub is_break_glass: bool,
    /// Different wrong passwords in a row.
    pub failure_count: u32,
    /// Locked until then; [`Timestamp::MAX`] until an administrator unlocks.
    pub locked_until: Option<Timestamp>,
    /// Last sign-in.
    pub last_login_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl User {
    /// Whether a lock is in force.
    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| until > now)
    }
}

/// A person with what belongs to them elsewhere.
#[derive(Debug, Clone)]
pub struct Person {
    /// The account.
    pub user: User,
    /// Roles held.
    pub roles: Vec<RoleId>,
    /// Identity stores it signs in with.
    pub stores: Vec<String>,
}

/// Data of an account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// The sign-in name.
    pub username: Username,
    /// What others see.
    pub display_name: DisplayName,
    /// Mail address, or empty.
    pub email: String,
    /// Active or waiting.
    pub state: UserState,
    /// Where it is made.
    pub site: SiteId,
    /// See [`User::is_break_glass`].
    pub is_break_glass: bool,
}

/// What [`User`] calls by the same names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What others see.
    pub display_name: DisplayName,
    /// At most [`ABOUT_CHARS_MAX`] characters.
    pub about: String,
    /// At most [`TAG_BYTES_MAX`] bytes.
    pub locale: String,
    /// At most [`TAG_BYTES_MAX`] bytes.
    pub time_zone: String,
    /// At most [`EMAIL_BYTES_MAX`] bytes.
    pub email: String,
    /// 0 to 9.
    pub hierarchy_level: u8,
}

/// A page of people.
#[derive(Debug, Clone)]
pub struct PeopleQuery {
    /// Folded beginnings of words, all of which have to be met; none for everybody.
    pub words: Vec<String>,
    /// Only names after this folded one.
    pub after: String,
    /// At most so many.
    pub limit: i64,
}

/// The folded words of names, under whose beginnings a person is found.
pub fn search_words(username: &Username, display_name: &DisplayName) -> Vec<String> {
    let mut words = vec![username.folded().to_owned()];
    let folded = fold(username.as_str());
    let parts = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty());
    words.extend(parts.map(str::to_owned));
    words.extend(
        fold(display_name.as_str())
            .split_whitespace()
            .map(str::to_owned),
    );
    words.sort_unstable();
    words.dedup();
    words.truncate(WORDS_MAX);
    words
}

/// The folded words of a search, the longest first, at most [`SEARCH_WORDS_MAX`].
pub fn query_words(query: &str) -> Vec<String> {
    let mut words: Vec<String> = fold(query).split_whitespace().map(str::to_owned).collect();
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.truncate(SEARCH_WORDS_MAX);
    words
}

/// The key under which texts are equal that look alike: NFKC in lower case.
pub fn fold(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    let lower = text.nfkc().flat_map(char::to_lowercase);
    lower
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .nfkc()
        .collect()
}

/// The first text after all that begin with `prefix`, in byte order.
pub fn end_of_range(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_by_each_word_of_their_names() {
        let username = Username::parse("Anna.Maria@Ops").unwrap();
        let words = search_words(&username, &DisplayName::parse("Äbtissin Müller").unwrap());
        for word in [
            "anna.maria@ops",
            "anna",
            "maria",
            "ops",
            "äbtissin",
            "müller",
        ] {
            assert!(
                words.iter().any(|found| found == word),
                "{word} in {words:?}"
            );
        }
    }

    #[test]
    fn a_search_is_bounded_and_keeps_its_longest_words() {
        assert_eq!(query_words("  B  ccc dd eeee "), ["eeee", "ccc", "dd"]);
        assert!(query_words("   ").is_empty());
        assert!(end_of_range("ann").as_str() > "annz" && end_of_range("ann").as_str() < "ano");
    }
}
