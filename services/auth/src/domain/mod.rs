//! Values and rules of who you are: no I/O, no async, no clock.

pub mod addressing;
pub mod audit;
pub mod audit_check;
pub mod ban;
pub mod change;
pub mod credential;
pub mod group;
pub mod identity_store;
pub mod invite;
pub mod login;
pub mod password;
pub mod people;
pub mod session;
pub mod site;
pub mod throttle;
pub mod token;
