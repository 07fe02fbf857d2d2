//! What auth needs from outside itself.
//!
//! The database is not among the traits: it is one type on two engines ([`crate::store::SqlStore`]),
//! and a trait for a single implementation would only be its list of functions a second time.

use std::future::Future;
use std::pin::Pin;

use im_types::Secret;
use im_types::Username;

use crate::crypto::HashSlot;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The store's own id of the person, which never changes and is never given to another one.
    pub external_id: String,
    /// The name there, for the account that is made at the first sign-in.
    pub username: String,
    /// What the store knows about the person: `display_name`, `email`, …
    pub attributes: Vec<(String, String)>,
    /// The password is too old, or somebody else set it.
    pub is_password_expired: bool,
}

/// What a store says. The list is closed, and only [`Answer::Absent`] goes on to the next store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Found, and the password is right.
    Match(Match),
    /// Found, and the password is wrong.
    Mismatch,
    /// Found, the password is right, and the person is barred there.
    Disabled,
    /// Nobody of this name. No password was computed.
    Absent,
    /// Several of this name. No password was computed.
    Ambiguous,
    /// Found, but the stored password is of a form that is not accepted. None was computed.
    UnsupportedHash,
    /// The store cannot be asked. Never a wrong password, never a reason to go on.
    Unavailable,
}

/// A place where people are known: the local one, or somebody else's user table.
pub trait IdentityStore: Send + Sync + 'static {
    /// The id under which sites list it.
    fn id(&self) -> &str;

    /// Looks for the person and checks the password.
    fn verify<'a>(&'a self, attempt: &'a Attempt<'a>) -> BoxFuture<'a, Answer>;
}
