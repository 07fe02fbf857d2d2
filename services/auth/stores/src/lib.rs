//! Connectors to the user tables and directories of other systems.
//!
//! A store knows people by somebody else's table and never changes it. What the table looks like is
//! a [`Preset`]: a file with the table, the columns, the conditions and the password schemes of an
//! application. This crate knows foreign systems; what an answer means for an account is decided in
//! `im-auth`.
//!
//! ```text
//! preset (TOML) ──parse──▶ form ──live schema──▶ plan: one SELECT ──▶ rows ──match again──▶ person
//!                          expr                  sql                  link              lookup
//! ```
//!
//! Promises, each with a test:
//!
//! - Names come from an allow-list and are quoted, values are bound, the session is read-only.
//! - A person is found by exactly one row, compared a second time outside of the database.
//! - [`Lookup::Absent`] is said only by a server that answered. Every fault has its [`Class`] and
//!   ends within [`Limits::total`].
//! - A hanging server holds at most its own four connections, and a breaker leaves it alone.

#![warn(missing_docs)]

mod answer;
mod breaker;
mod config;
mod expr;
mod form;
mod gate;
mod http;
mod ldap;
mod link;
mod lookup;
mod matching;
mod preset;
mod report;
mod sql;
mod store;

pub use answer::{Class, ExternalId, Lookup, Page, Person, StoredRow};
pub use config::{ConfigError, ExpressionOf, Limits, Secrets, SqlConfig, Tls};
pub use expr::ExprError;
pub use http::{Answered, HttpConfig, HttpStore};
pub use ldap::{Directory, DirectoryPreset, IdForm, LdapConfig, LdapStore, Verified};
pub use matching::LOGIN_CHARACTERS_MAX;
pub use preset::{Passwords, Preset, Users, Vector};
pub use report::{Report, Sample};
pub use sql::{Driver, Missing};
pub use store::SqlStore;
