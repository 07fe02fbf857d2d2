//! The table: every limit and option of the product, once.
//!
//! One line each: `Key name: kind(…) category, who may override it, whom it is told;`. The kinds:
//! `boolean(default, which wins)`, `limit(default, max, unit)` where 0 means "no limit",
//! `period(default, max, unit)` the same as a duration, `lock(…)` a period where less is more
//! permissive, `integer(default, min, max, unit, which wins)`, `duration(…)` an integer as a
//! duration, `choice(Type::Default)`, `text(chars_max, form)` and `secret(chars_max)`.

use std::sync::LazyLock;
use std::time::Duration;

use im_types::Secret;

use crate::{
    Category, CensorMode, Choice, Definition, Direction, DirectorySearch, Effective, Kind, Limit,
    MembersAdd, Overridable, Registration, TextForm, Unit, UsernameConflict, Value, VisibilityMode,
};

/// The choices of the type of a default value.
const fn names_of<C: Choice>(_default: C) -> &'static [&'static str] {
    C::NAMES
}

/// Kind, unit, default and direction of a key.
macro_rules! shape {
    (boolean($default:literal, $wins:ident)) => {
        (Kind::Boolean, Unit::None, Value::Boolean($default), Direction::$wins)
    };
    (limit($default:literal, $max:literal, $unit:ident)) => {
        shape!(@integer $default, 0, $max, $unit, Larger, true)
    };
    (period($default:literal, $max:literal, $unit:ident)) => {
        shape!(@integer $default, 0, $max, $unit, Larger, true)
    };
    (lock($default:literal, $max:literal, $unit:ident)) => {
        shape!(@integer $default, 0, $max, $unit, Smaller, true)
    };
    (integer($default:literal, $min:literal, $max:literal, $unit:ident, $wins:ident)) => {
        shape!(@integer $default, $min, $max, $unit, $wins, false)
    };
    (duration($default:literal, $max:literal, $unit:ident, $wins:ident)) => {
        shape!(@integer $default, 0, $max, $unit, $wins, false)
    };
    (@integer $default:literal, $min:literal, $max:literal, $unit:ident, $wins:ident, $zero:literal) => {
        (
            Kind::Integer { min: $min, max: $max, zero_is_unlimited: $zero },
            Unit::$unit,
            Value::Integer($default),
            Direction::$wins,
        )
    };
    (choice($type:ident::$default:ident)) => {
        (
            Kind::Choice { names: names_of($type::$default) },
            Unit::None,
            Value::Choice($type::$default as usize),
            Direction::LaterChoice,
        )
    };
    (text($chars_max:literal, $form:ident)) => {
        (
            Kind::Text { chars_max: $chars_max, form: TextForm::$form },
            Unit::None,
            Value::text(""),
            Direction::Never,
        )
    };
    (secret($chars_max:literal)) => {
        (Kind::Secret { chars_max: $chars_max }, Unit::None, Value::secret(""), Direction::Never)
    };
}

/// The typed accessor of a key.
macro_rules! accessor {
    ($doc:expr, $key:ident, $name:ident, boolean $spec:tt) => {
        #[doc = $doc]
        pub fn $name(&self) -> bool {
            self.boolean(Key::$key)
        }
    };
    ($doc:expr, $key:ident, $name:ident, limit $spec:tt) => {
        #[doc = $doc]
        pub fn $name(&self) -> Limit {
            self.limit(Key::$key)
        }
    };
    ($doc:expr, $key:ident, $name:ident, period $spec:tt) => {
        #[doc = $doc]
        #[doc = " `None`: without end."]
        pub fn $name(&self) -> Option<Duration> {
            self.period(Key::$key)
        }
    };
    ($doc:expr, $key:ident, $name:ident, lock $spec:tt) => {
        accessor!($doc, $key, $name, period $spec);
    };
    ($doc:expr, $key:ident, $name:ident, integer $spec:tt) => {
        #[doc = $doc]
        pub fn $name(&self) -> i64 {
            self.integer(Key::$key)
        }
    };
    ($doc:expr, $key:ident, $name:ident, duration $spec:tt) => {
        #[doc = $doc]
        pub fn $name(&self) -> Duration {
            self.duration(Key::$key)
        }
    };
    ($doc:expr, $key:ident, $name:ident, choice ($type:ident::$default:ident)) => {
        #[doc = $doc]
        pub fn $name(&self) -> $type {
            self.choice(Key::$key, $type::$default)
        }
    };
    ($doc:expr, $key:ident, $name:ident, text $spec:tt) => {
        #[doc = $doc]
        pub fn $name(&self) -> &str {
            self.text(Key::$key)
        }
    };
    ($doc:expr, $key:ident, $name:ident, secret $spec:tt) => {
        #[doc = $doc]
        #[doc = " `None` if unset."]
        pub fn $name(&self) -> Option<&Secret<String>> {
            self.secret(Key::$key)
        }
    };
}

macro_rules! told {
    (people) => {
        true
    };
    (administrators) => {
        false
    };
}

macro_rules! policy_table {
    ($(
        $(#[doc = $doc:literal])+
        $key:ident $name:ident: $kind:ident $spec:tt $category:ident, $overridable:ident, $told:ident;
    )*) => {
        /// A key of the registry.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key {
            $( $(#[doc = $doc])+ $key, )*
        }

        impl Key {
            /// All keys, in the order in which they are shown.
            pub const ALL: &'static [Self] = &[$(Self::$key),*];

            /// The key as text, `contacts_max`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$key => stringify!($name)),* }
            }
        }

        static REGISTRY: LazyLock<Vec<Definition>> = LazyLock::new(|| vec![$({
            let (kind, unit, default, direction) = shape!($kind $spec);
            Definition {
                key: Key::$key,
                name: stringify!($name),
                kind,
                unit,
                default,
                overridable: Overridable::$overridable,
                direction,
                category: Category::$category,
                is_public: told!($told),
                description: concat!($($doc),+).trim(),
            }
        }),*]);

        /// The values, typed.
        impl Effective {
            $( accessor!(concat!($($doc),+), $key, $name, $kind $spec); )*
        }
    };
}

policy_table! {
    /// Only administrators get in.
    Maintenance maintenance: boolean(false, FalseWins) Access, Site, people;
    /// Password that everybody has to know besides their own to sign in on the site.
    SitePassword site_password: secret(128) Access, Site, administrators;
    /// Who may make an account.
    Registration registration: choice(Registration::Open) Access, Site, people;
    /// What happens when a person of an external identity store has a username that is taken.
    UsernameConflict username_conflict: choice(UsernameConflict::Refuse) Access, Site, administrators;
    /// Least length of the username of a new account.
    UsernameLengthMin username_length_min: integer(2, 2, 64, Characters, Smaller) Access, Site, people;
    /// Slow down repeated sign-in attempts by address, account, and address with account.
    ThrottleEnabled throttle_enabled: boolean(true, FalseWins) Access, Site, administrators;
    /// Wrong passwords in a row after which an account is locked; 0 slows down but never locks.
    MaxPasswordFailures max_password_failures: limit(0, 1000, Failures) Access, SiteAndRole, administrators;
    /// How long a lock after wrong passwords lasts; 0 until an administrator unlocks.
    LockDurationMinutes lock_duration_minutes: lock(15, 525_600, Minutes) Access, SiteAndRole, administrators;

    /// Accounts that may be made on the site.
    UsersMax users_max: limit(0, 10_000_000, Users) Limits, Site, administrators;
    /// People who may be connected at once on the site; of a role: people who may be there already
    /// when somebody with the role connects.
    ConnectedUsersMax connected_users_max: limit(0, 10_000_000, Users) Limits, SiteAndRole, administrators;
    /// Connections that one person may have open at once.
    ConnectionsPerUserMax connections_per_user_max: limit(10, 1000, Connections) Limits, SiteAndRole, people;
    /// Contacts that one person may have, requests included.
    ContactsMax contacts_max: limit(500, 100_000, Contacts) Limits, SiteAndRole, people;

    /// Least length of a password.
    PasswordLengthMin password_length_min: integer(8, 1, 64, Characters, Smaller) Passwords, SiteAndRole, people;
    /// A password needs a digit and a letter.
    PasswordDigitAndLetter password_digit_and_letter: boolean(false, FalseWins) Passwords, SiteAndRole, people;
    /// A password needs an upper-case and a lower-case letter.
    PasswordUpperAndLower password_upper_and_lower: boolean(false, FalseWins) Passwords, SiteAndRole, people;
    /// A password needs a character that is neither letter nor digit.
    PasswordSpecial password_special: boolean(false, FalseWins) Passwords, SiteAndRole, people;
    /// How long a password is good; 0 for ever.
    PasswordValidityDays password_validity_days: period(0, 3650, Days) Passwords, SiteAndRole, people;

    /// The first sign-in on a new device waits for approval.
    ApproveNewDevices approve_new_devices: boolean(false, FalseWins) Sessions, SiteAndRole, people;
    /// Devices that one person may sign in from.
    DevicesPerUserMax devices_per_user_max: limit(50, 1000, Devices) Sessions, SiteAndRole, people;
    /// Sessions that one person may have; one more ends the one that was unused the longest.
    SessionsPerUserMax sessions_per_user_max: limit(50, 1000, Sessions) Sessions, SiteAndRole, people;
    /// How long a session lasts that is not used.
    SessionIdleDays session_idle_days: period(30, 3650, Days) Sessions, SiteAndRole, people;
    /// How long a session lasts at most.
    SessionMaxDays session_max_days: period(0, 3650, Days) Sessions, SiteAndRole, people;

    /// Who sees whom: contacts, everybody, members of common groups, everybody arranged by group.
    VisibilityMode visibility_mode: choice(VisibilityMode::Normal) Community, Site, people;
    /// Whom one finds in the directory.
    DirectorySearch directory_search: choice(DirectorySearch::Everybody) Community, SiteAndRole, people;
    /// People cannot ask or write to those of a higher level unless they are contacts.
    HierarchyEnforced hierarchy_enforced: boolean(false, FalseWins) Community, SiteAndRole, people;
    /// How long after a declined contact request the same person can be asked again.
    ContactRequestPause contact_request_pause: duration(24, 8760, Hours, Smaller) Community, SiteAndRole, people;
    /// People may choose their display name.
    UserMayChangeDisplayName user_may_change_display_name: boolean(true, TrueWins) Community, SiteAndRole, people;

    /// People may be invisible.
    InvisibleAllowed invisible_allowed: boolean(true, TrueWins) Presence, SiteAndRole, people;
    /// People who see somebody also see when that person was last connected.
    LastSeenVisible last_seen_visible: boolean(true, TrueWins) Presence, SiteAndRole, people;
    /// Reasons for a status that are offered, one in each line; free reasons if empty.
    StatusReasons status_reasons: text(4000, Lines) Presence, Site, people;

    /// People may make groups of people.
    GroupsCreate groups_create: boolean(true, TrueWins) Conversations, SiteAndRole, people;
    /// Groups of people that one person may belong to.
    GroupsPerUserMax groups_per_user_max: limit(100, 10_000, Groups) Conversations, SiteAndRole, people;
    /// People may make group conversations.
    ConversationsCreateGroup conversations_create_group: boolean(true, TrueWins) Conversations, SiteAndRole, people;
    /// Members that a conversation may have.
    ConversationMembersMax conversation_members_max: limit(1000, 100_000, Members) Conversations, SiteAndRole, people;
    /// Who may add people to a group conversation.
    ConversationMembersAdd conversation_members_add: choice(MembersAdd::Members) Conversations, SiteAndRole, people;
    /// Members up to which each message of a conversation goes into every member's mailbox; in
    /// larger ones they only learn that there is something new.
    FanoutMembersMax fanout_members_max: integer(500, 2, 5000, Members, Larger) Conversations, GlobalOnly, administrators;

    /// Greatest length of a message.
    MessageBytesMax message_bytes_max: integer(32_768, 1, 32_768, Bytes, Larger) Messages, SiteAndRole, people;
    /// Messages that one person may send in a minute.
    MessagesPerMinuteMax messages_per_minute_max: limit(0, 100_000, Messages) Messages, SiteAndRole, people;
    /// How long a message waits to be read before it expires; the site that it was written on decides.
    UnreadValidityDays unread_validity_days: period(90, 3650, Days) Messages, Site, people;
    /// How long messages are kept; 0 for ever; the site that they were written on decides.
    MessageRetentionDays message_retention_days: period(0, 36_500, Days) Messages, Site, people;
    /// People may edit their messages.
    MessageEditEnabled message_edit_enabled: boolean(true, TrueWins) Messages, SiteAndRole, people;
    /// How long after sending a message can be edited; 0 for ever.
    MessageEditWindow message_edit_window: period(0, 5_256_000, Minutes) Messages, SiteAndRole, people;
    /// People may delete their messages for everybody.
    MessageDeleteEnabled message_delete_enabled: boolean(true, TrueWins) Messages, SiteAndRole, people;
    /// How long after sending a message can be deleted for everybody; 0 for ever.
    MessageDeleteWindow message_delete_window: period(0, 5_256_000, Minutes) Messages, SiteAndRole, people;
    /// Words that are censored, one in each line.
    CensorWords censor_words: text(20_000, Lines) Messages, Site, administrators;
    /// What happens to censored words.
    CensorMode censor_mode: choice(CensorMode::Off) Messages, SiteAndRole, administrators;
    /// People may react to messages.
    ReactionsEnabled reactions_enabled: boolean(true, TrueWins) Messages, SiteAndRole, people;
    /// Senders learn when their messages have been read.
    ReadReceiptsEnabled read_receipts_enabled: boolean(true, TrueWins) Messages, SiteAndRole, people;
    /// Others learn that somebody is typing.
    TypingEnabled typing_enabled: boolean(true, TrueWins) Messages, SiteAndRole, people;

    /// Shown to everybody who signs in on the site.
    SiteMessage site_message: text(2000, Lines) Links, Site, people;
    /// Where people turn to who have lost their password.
    PasswordResetUrl password_reset_url: text(500, HttpUrl) Links, Site, people;
    /// Where people make an account, if not here.
    RegistrationUrl registration_url: text(500, HttpUrl) Links, Site, people;
    /// Where people find help.
    HelpUrl help_url: text(500, HttpUrl) Links, Site, people;
    /// Where the privacy notice is.
    PrivacyUrl privacy_url: text(500, HttpUrl) Links, Site, people;
}

impl Key {
    /// The place in [`Key::ALL`] and in the registry.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// The key of a name; `None` if there is none.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.name() == name)
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name())
    }
}

/// All entries, in the order in which they are shown.
pub fn registry() -> &'static [Definition] {
    &REGISTRY
}

#[expect(
    clippy::indexing_slicing,
    reason = "keys and entries are made from the same table"
)]
pub(crate) fn definition(key: Key) -> &'static Definition {
    &REGISTRY[key.index()]
}
