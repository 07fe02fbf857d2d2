//! Where everything is kept: in a database, or in memory for tests.

mod ages;
#[cfg(test)]
mod contract;
mod load;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod payload;
mod read;
mod rolls;
mod rows;
mod sql;
mod statements;
mod upkeep;
mod write;

#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryStore;
pub use sql::{MIGRATIONS, SqlStore};

/// Members told with a conversation.
const MEMBER_IDS_MAX: usize = 50;
/// Unread messages are counted up to here.
const UNREAD_MAX: usize = 1_000;
/// Messages looked at to count them.
const UNREAD_LOOKED_AT_MAX: usize = 5_000;
