//! What auth needs from outside itself.
//!
//! The database is not among the traits: it is one type on two engines ([`crate::store::SqlStore`]),
//! and a trait for a single implementation would only be its list of functions a second time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use im_types::Secret;
use im_types::Username;

use crate::crypto::{HashSlot, Secrets};
use crate::domain::identity_store::{IdentityStore as IdentityStoreConfig, StoreKind, StoreTerms};

/// A future in a box, for a trait that is used as an object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A sign-in that an identity store is asked about.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The name as typed; may be of a form that only the store understands.
    pub login: &'a str,
    /// The same as a username, if it can be one here.
    pub username: Option<&'a Username>,
    /// The password as typed.
    pub password: &'a Secret<String>,
    /// The right to compute passwords; every computation goes through it.
    pub slot: &'a HashSlot,
}

/// A person whom a store has found and whose password was right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// The store's own id of the person, which never changes and is never given to another one.
    pub external_id: String,
    /// The name there, for the account that is made at the first sign-in.
    pub username: String,
    /// What the store knows about the person: `display_name`, `email`, …
    pub attributes: Vec<(String, String)>,
    /// The groups there; `None` if the store does not tell groups, which changes nothing here.
    pub groups: Option<Vec<String>>,
    /// The password is too old, or somebody else set it.
    pub is_password_expired: bool,
    /// Says whether what the store keeps of the password is still what it was; tells nothing else.
    /// Empty if the store does not show what it keeps.
    pub fingerprint: Vec<u8>,
}

/// What a store says. The list is closed, and only [`Answer::Absent`] goes on to the next store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Found, and the password is right.
    Match(Match),
    /// Found, and the password is wrong.
    Mismatch {
        /// See [`Match::external_id`].
        external_id: String,
    },
    /// Found, the password is right, and the person is barred there.
    Disabled {
        /// See [`Match::external_id`].
        external_id: String,
    },
    /// Nobody of this name. No password was computed.
    Absent,
    /// Several of this name. No password was computed.
    Ambiguous,
    /// Found, but the stored password is of a form that is not accepted. None was computed.
    UnsupportedHash,
    /// The store cannot be asked. Never a wrong password, never a reason to go on.
    Unavailable {
        /// What kind of failure it is, in one word.
        class: &'static str,
    },
}

impl Answer {
    /// One word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Match(_) => "match",
            Self::Mismatch { .. } => "mismatch",
            Self::Disabled { .. } => "disabled",
            Self::Absent => "absent",
            Self::Ambiguous => "ambiguous",
            Self::UnsupportedHash => "unsupported_hash",
            Self::Unavailable { class } => class,
        }
    }
}

/// What a store says of a name without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// One person.
    Found {
        /// See [`Match::external_id`].
        external_id: String,
        /// The name as it is written there.
        login: String,
        /// Whether the person may sign in there.
        is_active: bool,
    },
    /// Nobody.
    Absent,
    /// Several.
    Ambiguous,
    /// The store cannot be asked.
    Unavailable {
        /// See [`Answer::Unavailable`].
        class: &'static str,
    },
}

/// A place where people are known: the local one, or somebody else's user table.
pub trait IdentityStore: Send + Sync + 'static {
    /// The id under which sites list it.
    fn id(&self) -> &str;

    /// What it is.
    fn kind(&self) -> StoreKind;

    /// On what terms people come from there.
    fn terms(&self) -> &StoreTerms;

    /// Looks for the person and checks the password.
    fn verify<'a>(&'a self, attempt: &'a Attempt<'a>) -> BoxFuture<'a, Answer>;

    /// Takes the time that checking a password of this store takes. It is spent when the answer is
    /// "wrong" and this store has not computed one, so that all such answers take the same time.
    fn burn<'a>(&'a self, attempt: &'a Attempt<'a>) -> BoxFuture<'a, ()>;

    /// Looks for a person without a password.
    fn look_up<'a>(&'a self, login: &'a str) -> BoxFuture<'a, Sighting>;

    /// Looks at everything that can be seen without a login, and changes nothing there.
    fn check(&self) -> BoxFuture<'_, StoreCheck>;
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckStep {
    /// What, in one word.
    pub name: &'static str,
    /// Whether it is as it should be.
    pub is_ok: bool,
    /// What was found; nothing secret.
    pub detail: String,
    /// How long it took.
    pub time: Duration,
}

/// Stored passwords of one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemeCount {
    /// The scheme, or what is wrong with the value.
    pub scheme: String,
    /// How well it keeps a password; empty for what cannot be checked.
    pub strength: &'static str,
    /// How many.
    pub count: usize,
}

/// The state of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreCheck {
    /// In their order.
    pub steps: Vec<CheckStep>,
    /// Among a sample of rows, the most frequent first.
    pub schemes: Vec<SchemeCount>,
}

/// What is known of an application's user table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetInfo {
    /// Its name.
    pub id: String,
    /// The application.
    pub application: String,
    /// Versions whose tables look like this.
    pub versions: String,
    /// For what kind of store it is.
    pub kind: StoreKind,
    /// What stands in front of the names of tables.
    pub prefix: String,
    /// What secret of the application is needed; empty for none.
    pub secret: String,
    /// Some of it was not checked against the application.
    pub is_unverified: bool,
    /// For the administrator.
    pub notes: String,
}

/// Why a store cannot be used as it is configured. Never quotes a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreProblem(pub String);

/// Makes stores of their configuration.
pub trait StoreFactory: Send + Sync + 'static {
    /// The store; nothing is connected yet.
    fn open(
        &self,
        config: &IdentityStoreConfig,
        secrets: &Secrets,
    ) -> Result<Arc<dyn IdentityStore>, StoreProblem>;

    /// The presets there are, by id.
    fn presets(&self) -> Vec<PresetInfo>;
}
