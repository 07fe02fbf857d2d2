//! How other applications store passwords, and how to check one against a row of their user table.
//!
//! An application keeps each password in one of several forms, often of several generations in one
//! table: `bcrypt_wp|phpass|php_password|md5`. Some need more than the password column: a salt, the
//! stored login, a code that names the algorithm, a secret of the site. A [`PasswordRule`] is all
//! that, parsed once from the text of a preset; [`PasswordRule::verify`] checks a row with it.
//!
//! Everything here is pure: no I/O, no clock, no randomness. Verification is blocking CPU work and
//! belongs into a bounded pool. The schemes are listed in `docs/hash-schemes.md`, which is
//! generated from [`catalogue()`].
//!
//! Promises:
//!
//! - A value is checked only by a scheme that the rule names *and* whose form it has. Bare hex says
//!   nothing about its formula, so a formula is never guessed.
//! - `plain` is tried only on values that nothing else recognises; else a stolen hash would be a
//!   password.
//! - NULL, an empty value, `!`, `*` and the like match no password; no empty password and none with
//!   a NUL byte matches anything.
//! - What a row asks for (rounds, memory) is compared with [`Caps`] before any of it is spent.
//! - No stored bytes whatsoever lead to a panic.
#![warn(missing_docs)]

mod catalogue;
mod charset;
mod families;
mod fields;
mod formula;
mod input;
mod options;
mod prim;
mod rule;
mod scheme;
mod usual;
mod verdict;
mod work;
mod wrap;

pub use catalogue::{SchemeInfo, catalogue, reference};
pub use charset::{Charset, UnknownCharset};
pub use fields::Row;
pub use options::Options;
pub use rule::{Column, PasswordRule, RuleError};
pub use verdict::{Recognised, SchemeId, Strength, Unsupported, Verdict};
pub use work::{Caps, Work};
