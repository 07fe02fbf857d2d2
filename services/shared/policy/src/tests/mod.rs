//! The registry as a whole, and resolution against a naive reference.

mod parsing;
mod resolution;
mod table;
