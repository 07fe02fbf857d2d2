//! What messaging is, without I/O: values, records, commands, and the planner that turns loaded
//! state and commands into results, rows and mailbox entries.

pub mod age;
pub mod bucket;
pub mod censor;
pub mod command;
pub mod conversation;
pub mod cursor;
pub mod entry;
pub mod message;
pub mod needs;
pub mod page;
pub mod plan;
pub mod refusal;
pub mod state;
pub mod values;

pub use age::{AgeKind, Due, Mark};
pub use bucket::Buckets;
pub use censor::{Censor, Censored};
pub use command::{Command, Outcome, Verdict};
pub use conversation::{Conversation, Kind, Member, PairKey, Pointers, Roll};
pub use cursor::{Cursor, CursorError};
pub use entry::{Entry, EntryBody, Membership, MembershipChange, MessageChange};
pub use message::{Message, Reaction, Removal};
pub use needs::Needs;
pub use page::fitting;
pub use plan::{Limits, plan};
pub use refusal::Refusal;
pub use state::{Changes, State};
pub use values::{ClientKey, Emoji, Fingerprint, InvalidValue, Text, Title};
