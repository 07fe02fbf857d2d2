//! The operations that tests use, in both forms. Paths and bodies over HTTP are those of the
//! contract.

mod admin;
mod auth;
mod messaging;
mod presence;

pub use admin::*;
pub use auth::*;
pub use messaging::*;
pub use presence::*;
