//! What the other services know of auth, and how they check who calls.
//!
//! Every service has to know, for each call, whether the session is still good, what the person
//! may do and which limits count. Asking auth each time would make auth the bottleneck and the
//! single point of failure; so each process holds a [`Directory`]: a mirror of sites, policy and
//! roles, of the sessions that ended a short while ago, and a cache of people.
//!
//! The mirror follows auth's feed of changes: rung by the bus, and polled every second besides,
//! so that a revoked session or a new limit bites within two seconds even when every bell is
//! lost. While auth is away the mirror goes on with what it knew last and says how old that is.
//!
//! [`TokenVerifier`] turns the access token of a call into an [`Actor`]; [`token`] is the format of
//! access tokens, which auth uses to issue them.
#![warn(missing_docs)]

mod actor;
mod change;
mod directory;
mod error;
mod facts;
mod follow;
mod keys;
mod policies;
mod source;
mod state;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod token;
mod users;
mod verifier;

pub use actor::Actor;
pub use change::{DirectoryChange, DirectoryChanges};
pub use directory::{Directory, DirectoryOptions};
pub use error::{AuthnError, DirectoryError};
pub use facts::{GroupMembers, Role, Site, SiteAddress, UserFacts};
pub use source::AuthSource;
pub use verifier::{AllowedAudience, TokenVerifier};
