//! Stores that are directories: LDAP servers and Active Directory.

mod bind;
mod config;
mod directory;
mod entry;
mod escape;
mod groups;
mod guard;
mod link;
mod list;
mod pool;
mod preset;
mod report;
mod store;
mod transport;

pub use bind::Verified;
pub use config::LdapConfig;
pub use directory::{Directory, IdForm};
pub use preset::DirectoryPreset;
pub use store::LdapStore;
