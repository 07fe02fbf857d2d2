//! The service as others see it: built whole, called over its rpcs.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the answer"
)]

mod admission;
mod contacts;
mod harness;
mod load;
mod presences;
mod replicas;
mod watching;
