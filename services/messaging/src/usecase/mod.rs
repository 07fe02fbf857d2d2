//! What can be done here, one file for each kind of thing.

mod acknowledge;
mod censors;
mod conversations;
mod core;
mod mailbox;
mod messages;
mod reach;
mod send;
mod typing;
mod writer;

pub(crate) use core::MAILBOX;
pub use core::{Core, CoreParts, Person};
pub use mailbox::EntriesPage;
pub use messages::HistoryPage;
pub use send::{Intent, Sent};
pub use writer::{Writer, WriterOptions};
