//! Judges a run by what its clients saw, and by nothing else: JSON lines that each client wrote
//! while it sent and received. Nothing is asked of the server or its database.

mod check;
mod record;
#[cfg(test)]
mod tests;

pub use check::{Findings, check};
pub use record::{ReceivedMessage, Record, Recorder, read_records};
