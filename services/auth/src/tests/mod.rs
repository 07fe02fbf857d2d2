//! The whole service, called the way a neighbour in the same process calls it, on every engine at
//! hand.

mod accounts;
mod admin;
mod administration;
mod chain;
mod feed;
mod foreign;
mod harness;
mod login;
mod order;
mod sessions;
mod shadow;
