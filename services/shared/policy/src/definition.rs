//! What the registry says about a key.

use crate::{Key, Value, table};

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer {
        /// Least number.
        min: i64,
        /// Greatest number.
        max: i64,
        /// Whether 0 means "no limit".
        zero_is_unlimited: bool,
    },
    /// One of a list.
    Choice {
        /// The texts, from the strictest to the most permissive.
        names: &'static [&'static str],
    },
    /// Text.
    Text {
        /// Greatest length.
        chars_max: usize,
        /// What the text has to look like.
        form: TextForm,
    },
    /// Text that is never shown again.
    Secret {
        /// Greatest length.
        chars_max: usize,
    },
}

/// What a text has to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// Anything, without control characters but line ends.
    Lines,
    /// Empty, or an absolute address that begins with `http://` or `https://`.
    HttpUrl,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the texts of the units")]
pub enum Unit {
    None,
    Users,
    Connections,
    Contacts,
    Sessions,
    Devices,
    Groups,
    Members,
    Messages,
    Failures,
    Characters,
    Bytes,
    Minutes,
    Hours,
    Days,
}

impl Unit {
    /// The unit as text; empty if there is none.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Users => "users",
            Self::Connections => "connections",
            Self::Contacts => "contacts",
            Self::Sessions => "sessions",
            Self::Devices => "devices",
            Self::Groups => "groups",
            Self::Members => "members",
            Self::Messages => "messages",
            Self::Failures => "failures",
            Self::Characters => "characters",
            Self::Bytes => "bytes",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
        }
    }

    /// How long one of it is; 0 for what is no time.
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Minutes => 60,
            Self::Hours => 3_600,
            Self::Days => 86_400,
            _ => 0,
        }
    }
}

/// Which of two values of different roles is the more permissive one and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The larger number; "no limit" is larger than all.
    Larger,
    /// The smaller number; "no limit" is larger than all.
    Smaller,
    /// `true`.
    TrueWins,
    /// `false`.
    FalseWins,
    /// The one further down the list of choices.
    LaterChoice,
    /// None: a role cannot have a value of its own.
    Never,
}

/// Which levels besides the global one may have a value of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overridable {
    /// None.
    GlobalOnly,
    /// Sites.
    Site,
    /// Roles.
    Role,
    /// Sites and roles.
    SiteAndRole,
}

impl Overridable {
    /// Whether a site may have a value of its own.
    pub const fn by_site(self) -> bool {
        matches!(self, Self::Site | Self::SiteAndRole)
    }

    /// Whether a role may have a value of its own.
    pub const fn by_role(self) -> bool {
        matches!(self, Self::Role | Self::SiteAndRole)
    }
}

/// The heading under which a key is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`title` says the same in words")]
pub enum Category {
    Access,
    Limits,
    Passwords,
    Sessions,
    Community,
    Presence,
    Conversations,
    Messages,
    Links,
}

impl Category {
    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Access => "Access",
            Self::Limits => "Limits",
            Self::Passwords => "Passwords",
            Self::Sessions => "Sessions and devices",
            Self::Community => "Community",
            Self::Presence => "Presence",
            Self::Conversations => "Groups and conversations",
            Self::Messages => "Messages",
            Self::Links => "Texts and links",
        }
    }
}

/// One entry of the registry.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The key.
    pub key: Key,
    /// The key as text, `contacts_max`.
    pub name: &'static str,
    /// What a value looks like.
    pub kind: Kind,
    /// What a number counts.
    pub unit: Unit,
    /// The value that counts where none is set.
    pub default: Value,
    /// Who may override the global value.
    pub overridable: Overridable,
    /// Which of several roles' values counts.
    pub direction: Direction,
    /// The heading under which it is shown.
    pub category: Category,
    /// Whether people are told the value that counts for them; the rest is for administrators.
    pub is_public: bool,
    /// One sentence.
    pub description: &'static str,
}

impl Key {
    /// The entry of this key.
    pub fn definition(self) -> &'static Definition {
        table::definition(self)
    }
}
