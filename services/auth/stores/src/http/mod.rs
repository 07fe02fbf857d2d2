//! Stores that are a program of one's own, asked by a small signed call.
//!
//! `docs/identity-stores-http.md` describes the call.

mod answer;
mod call;
mod config;
mod sign;
mod store;

pub use answer::Answered;
pub use config::HttpConfig;
pub use store::HttpStore;
