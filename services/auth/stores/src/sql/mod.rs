//! From presets to statements. Nothing here talks to a server.

mod assemble;
mod condition;
mod dialect;
mod own_query;
mod plan;
mod schema;
mod scope;
mod statement;
#[cfg(test)]
mod tests;

pub use dialect::Driver;
pub use schema::Missing;

pub(crate) use own_query::own_query;
pub(crate) use plan::{CANDIDATES_MAX, Field, PAGE_ROWS_MAX, Plan, plan};
pub(crate) use schema::{Column, Schema, Table, TypeClass};
pub(crate) use statement::{Arg, Inputs, Statement, Writer};
