//! The service as its callers see it: built by `build_on`, called through local channels.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests; there a panic is the answer"
)]

mod delivery;
mod faults;
mod groups;
mod harness;
mod pointers;
mod policies;
mod replicas;
mod sizes;
mod thin_line;
mod time;
