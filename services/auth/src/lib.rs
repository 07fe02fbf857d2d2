//! Who you are: accounts, credentials, identities, sessions and devices, sites, policy, roles,
//! groups, bans, the audit log, signing keys.
//!
//! # The story of a sign-in
//! The gateway says which site was called and from where ([`usecase::Origin`]). [`usecase::login`]
//! goes through the checks of a sign-in in a fixed order, decided by pure functions in
//! [`domain::login`]; the identity stores of the site are asked in order ([`usecase::chain`]); the
//! account behind the person, its device and its session are written in one [`store::Unit`]
//! together with the audit entry. The client gets an access token, signed with a key of
//! [`crypto::Keys`] and good for ten minutes, and a refresh token that is exchanged once.
//!
//! # How others learn of it
//! Every change that mirrors have to know gets a contiguous number in the same transaction. The bus
//! event `auth.changed` is rung after the commit; whoever misses it finds the change by polling.
//!
//! # What protects the signing keys
//! Private keys lie in auth's database, made at the first start and replaced in time. They are as
//! safe as that database, which also holds all password hashes: the SQLite file is readable by its
//! owner only, and the PostgreSQL schema belongs to the service's own role. Whoever can read it can
//! sign tokens until the key has been replaced.
#![warn(missing_docs)]

mod build;
mod config;
mod connector;
pub mod crypto;
pub mod domain;
mod error;
mod grpc;
mod metrics;
pub mod ports;
pub mod program;
pub mod store;
#[cfg(test)]
mod tests;
pub mod usecase;
mod worker;

use im_bus::Topic;

pub use build::{BuildError, Deps, Service, build};
pub use config::{AuthSettings, ThrottleSizes};
pub use error::Error;
pub use metrics::AuthMetrics;

/// Rung after every change that mirrors have to know of; the payload is
/// `im.event.v1.AuthChanged`.
pub const CHANGED: Topic = Topic::new("auth", "changed");
