//! Values, rules and state machines of presence. No I/O, no clock, no async: time is an argument.

pub mod admission;
pub mod board;
pub mod claim;
pub mod contact;
pub mod holding;
pub mod person;
pub mod reduce;
pub mod visibility;
