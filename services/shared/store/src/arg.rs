//! The values a statement takes.

use im_types as t;
use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use uuid::Uuid;

use crate::StoreError;

/// A parameter of a statement. This list is closed on purpose: these types mean the same in both
/// engines, and a NULL keeps its type, which PostgreSQL needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// BOOLEAN in PostgreSQL, INTEGER 0 or 1 in SQLite.
    Bool(Option<bool>),
    /// BIGINT; also every time (`*_at_us`).
    I64(Option<i64>),
    /// TEXT.
    Text(Option<String>),
    /// BYTEA in PostgreSQL, BLOB in SQLite.
    Bytes(Option<Vec<u8>>),
    /// UUID in PostgreSQL, BLOB of 16 bytes in SQLite.
    Uuid(Option<Uuid>),
}

/// A row of parameters: a tuple of up to 16 values, an array or a vector of [`Arg`].
pub trait IntoArgs {
    /// Appends the values to `out`, in order.
    fn append_to(self, out: &mut Vec<Arg>);
}

impl<const N: usize> IntoArgs for [Arg; N] {
    fn append_to(self, out: &mut Vec<Arg>) {
        out.extend(self);
    }
}

impl IntoArgs for Vec<Arg> {
    fn append_to(self, out: &mut Vec<Arg>) {
        out.extend(self);
    }
}

macro_rules! tuples {
    ($($name:ident)*) => { tuples!(@ [] $($name)*); };
    (@ [$($done:ident)*]) => {};
    (@ [$($done:ident)*] $next:ident $($rest:ident)*) => {
        impl<$($done: Into<Arg>,)* $next: Into<Arg>> IntoArgs for ($($done,)* $next,) {
            fn append_to(self, out: &mut Vec<Arg>) {
                #[expect(non_snake_case, reason = "the type's name serves as the variable's")]
                let ($($done,)* $next,) = self;
                $(out.push($done.into());)*
                out.push($next.into());
            }
        }
        tuples!(@ [$($done)* $next] $($rest)*);
    };
}

tuples! { A B C D E F G H I J K L M N O P }

/// `From` for a type, a reference to it, and an option of it.
macro_rules! from {
    ($($variant:ident { $($type:ty => $convert:expr;)* })*) => {$($(
        impl From<$type> for Arg {
            fn from(value: $type) -> Self {
                Self::$variant(Some($convert(value)))
            }
        }

        impl From<Option<$type>> for Arg {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map($convert))
            }
        }
    )*)*};
}

from! {
    Bool {
        bool => |v| v;
    }
    I64 {
        i64 => |v| v;
        i32 => i64::from;
        u32 => i64::from;
        u16 => i64::from;
        u8 => i64::from;
        t::Timestamp => t::Timestamp::as_micros;
    }
    Text {
        String => |v| v;
        &str => str::to_owned;
        &String => |v: &String| v.clone();
        &t::SiteId => |v: &t::SiteId| v.as_str().to_owned();
        t::SiteId => |v: t::SiteId| v.as_str().to_owned();
        &t::DisplayName => |v: &t::DisplayName| v.as_str().to_owned();
    }
    Bytes {
        Vec<u8> => |v| v;
        &[u8] => <[u8]>::to_vec;
        &Vec<u8> => |v: &Vec<u8>| v.clone();
    }
    Uuid {
        Uuid => |v| v;
    }
}

impl<const N: usize> From<[u8; N]> for Arg {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}

macro_rules! from_ids {
    ($($id:ident)*) => {$(
        impl From<t::$id> for Arg {
            fn from(id: t::$id) -> Self {
                Self::Uuid(Some(id.as_uuid()))
            }
        }

        impl From<&t::$id> for Arg {
            fn from(id: &t::$id) -> Self {
                Self::Uuid(Some(id.as_uuid()))
            }
        }

        impl From<Option<t::$id>> for Arg {
            fn from(id: Option<t::$id>) -> Self {
                Self::Uuid(id.map(|id| id.as_uuid()))
            }
        }
    )*};
}

from_ids! {
    BanId ConnectionId ConversationId DeviceId FamilyId GroupId InviteId MessageId NodeId
    RequestId RoleId SessionId UserId
}

macro_rules! encode {
    ($name:ident, $arguments:ty) => {
        pub(crate) fn $name(args: Vec<Arg>) -> Result<$arguments, StoreError> {
            let mut out = <$arguments>::default();
            out.reserve(args.len(), args.len() * 16);
            for arg in args {
                match arg {
                    Arg::Bool(value) => out.add(value),
                    Arg::I64(value) => out.add(value),
                    Arg::Text(value) => out.add(value),
                    Arg::Bytes(value) => out.add(value),
                    Arg::Uuid(value) => out.add(value),
                }
                .map_err(|source| StoreError::Other(sqlx::Error::Encode(source).into()))?;
            }
            Ok(out)
        }
    };
}

encode!(sqlite_arguments, SqliteArguments);
encode!(postgres_arguments, PgArguments);
