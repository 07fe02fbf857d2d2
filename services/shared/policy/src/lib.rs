//! The one registry of limits and options, and the list of permissions.
//!
//! Every limit and option of the product is one line of the table in `table.rs`: key, type, unit,
//! default, range, who may override it, one sentence. Server checks, the console's forms, the
//! command line and the reference document all come from that table.
//!
//! A value can be set for the whole installation, for a site and for a role ([`Scope`]). What
//! counts for a person on a site is what [`Values::resolve`] answers: the value of the person's
//! roles (of several the more permissive), else the site's, else the global one, else the default.
//! The answer, [`Effective`], has one typed accessor for each key:
//!
//! ```
//! use im_policy::{Key, Scope, Values};
//! use im_types::SiteId;
//!
//! let mut values = Values::default();
//! values.set(Scope::Site(SiteId::default()), Key::ContactsMax, Key::ContactsMax.parse("3")?)?;
//! let effective = values.resolve(&SiteId::default(), &[]);
//! assert!(effective.contacts_max().allows(3));
//! assert!(!effective.contacts_max().allows(4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here does I/O; auth stores the values and the other services mirror them.
#![warn(missing_docs)]

mod choice;
mod definition;
mod effective;
mod explain;
mod parse;
mod permission;
mod reference;
mod table;
#[cfg(test)]
mod tests;
mod value;
mod values;

pub use choice::{
    CensorMode, Choice, DirectorySearch, MembersAdd, Registration, UsernameConflict, VisibilityMode,
};
pub use definition::{Category, Definition, Direction, Kind, Overridable, TextForm, Unit};
pub use effective::{Effective, Origin};
pub use explain::Explanation;
pub use parse::ParseValueError;
pub use permission::{Permission, PermissionSet, UnknownPermissionError};
pub use reference::reference_markdown;
pub use table::{Key, registry};
pub use value::{Limit, Value};
pub use values::{NotOverridableError, Problem, Scope, StoredValue, Values};
