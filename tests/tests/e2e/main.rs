//! The whole product from the outside: real programs, called as strangers call them.
//!
//! Most cases run in both forms (see [`system::Form`]); where the servers of `tests/run` are missing
//! the distributed one says so and is left out. Each test names the statement of the behaviour that
//! it proves.
#![cfg(test)]

// First, for its macro.
#[macro_use]
mod system;

mod ages;
mod contract;
mod encrypted;
mod exact_limits;
mod large_conversation;
mod lifecycle;
mod nothing_lost;
mod one_scenario;
mod same_answer;
mod security;
mod slow_reader;
mod two_addresses;
mod without_the_bus;
