//! Values and how they compare.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use im_types::Secret;

use crate::{Definition, Direction, Kind};

/// A value of a key. That it fits its key is checked where it is made ([`crate::Key::parse`]).
#[derive(Clone)]
pub enum Value {
    /// Of a boolean key.
    Boolean(bool),
    /// Of an integer key.
    Integer(i64),
    /// Of a choice key: the place in its list.
    Choice(usize),
    /// Of a text key.
    Text(Arc<str>),
    /// Of a secret key.
    Secret(Arc<Secret<String>>),
}

impl Value {
    /// An empty text; a shared one, because most texts are empty.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(Arc::from(text))
    }

    pub(crate) fn secret(text: &str) -> Self {
        Self::Secret(Arc::new(Secret::new(text.to_owned())))
    }

    /// The value as it is written and stored, secrets included.
    pub fn to_stored(&self, definition: &Definition) -> String {
        match self {
            Self::Secret(secret) => secret.expose().clone(),
            other => other.to_shown(definition),
        }
    }

    /// The value as it is shown: `***` for a secret that is set.
    pub fn to_shown(&self, definition: &Definition) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Choice(index) => choice_name(definition, *index).to_owned(),
            Self::Text(text) => text.to_string(),
            Self::Secret(secret) if secret.expose().is_empty() => String::new(),
            Self::Secret(_) => "***".to_owned(),
        }
    }

    /// How permissive this value of a key is, compared with another one of the same key.
    /// Texts are all alike.
    pub fn permissiveness(&self, other: &Self, definition: &Definition) -> Ordering {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => match definition.direction {
                Direction::FalseWins => b.cmp(a),
                _ => a.cmp(b),
            },
            (Self::Integer(a), Self::Integer(b)) => {
                let (a, b) = (size(*a, definition), size(*b, definition));
                match definition.direction {
                    Direction::Smaller => b.cmp(&a),
                    _ => a.cmp(&b),
                }
            }
            (Self::Choice(a), Self::Choice(b)) => a.cmp(b),
            _ => Ordering::Equal,
        }
    }
}

/// A number by size, where "no limit" is the largest.
fn size(value: i64, definition: &Definition) -> i64 {
    match definition.kind {
        Kind::Integer {
            zero_is_unlimited: true,
            ..
        } if value == 0 => i64::MAX,
        _ => value,
    }
}

fn choice_name(definition: &Definition, index: usize) -> &'static str {
    match definition.kind {
        Kind::Choice { names } => names.get(index).copied().unwrap_or_default(),
        _ => "",
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(out),
            Self::Integer(value) => value.fmt(out),
            Self::Choice(index) => write!(out, "#{index}"),
            Self::Text(text) => text.fmt(out),
            Self::Secret(_) => out.write_str("***"),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Choice(a), Self::Choice(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Secret(a), Self::Secret(b)) => a.expose() == b.expose(),
            _ => false,
        }
    }
}

impl Eq for Value {}

/// A greatest number, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// No limit.
    Unlimited,
    /// So many and not one more.
    AtMost(u64),
}

impl Limit {
    /// 0 and less is no limit.
    pub const fn from_integer(value: i64) -> Self {
        if value <= 0 {
            Self::Unlimited
        } else {
            Self::AtMost(value.unsigned_abs())
        }
    }

    /// Whether there may be `count` in all, the new one included.
    pub const fn allows(self, count: u64) -> bool {
        match self {
            Self::Unlimited => true,
            Self::AtMost(max) => count <= max,
        }
    }

    /// The greatest number; `None` if there is no limit.
    pub const fn max(self) -> Option<u64> {
        match self {
            Self::Unlimited => None,
            Self::AtMost(max) => Some(max),
        }
    }

    /// The greatest number, or a bound of the caller's where there is no limit or a larger one.
    pub const fn max_or(self, bound: u64) -> u64 {
        match self {
            Self::AtMost(max) if max < bound => max,
            _ => bound,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => out.write_str("unlimited"),
            Self::AtMost(max) => max.fmt(out),
        }
    }
}
