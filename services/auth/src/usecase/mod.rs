//! What auth does, one operation in each file, all as methods of [`App`].
//!
//! Whatever changes anything begins a unit ([`App::begin`]), notes audit entries and changes in it
//! and ends it with [`App::commit`], which also tells this process's own mirror and rings the
//! other ones.

pub mod access;
pub mod admin;
mod app;
mod authenticate;
mod bans;
pub mod chain;
mod change_password;
mod directory;
pub mod feed;
pub mod first_administrator;
pub mod identities;
pub mod lane;
mod local_store;
pub mod login;
mod login_account;
mod login_refusal;
mod maintenance;
mod mirror;
mod parse;
mod profile;
mod provision;
mod refresh;
pub mod register;
pub mod sessions;
mod shadow;
pub mod site;
mod stores;
mod throttle;
pub mod user_admin;

pub use access::{Actor, Origin};
pub use app::{App, AppParts};
pub use authenticate::AllowedAudience;
pub use directory::{PageRequest, PeoplePage};
pub use feed::{ChangesPage, FactsOfUser};
pub use local_store::LocalStore;
pub use mirror::Mirror;
pub(crate) use parse::{
    device_id as parse_device_id, session_id as parse_session_id, user_id as parse_user_id,
};
pub use profile::ProfilePatch;
pub use refresh::Renewed;
pub(crate) use stores::open_sealer;
pub use throttle::Throttle;
