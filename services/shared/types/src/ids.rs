//! Identifiers: a UUID inside, `usr_01h5…` outside.
//!
//! The prefix makes a mixed-up identifier fail where it enters instead of finding nothing later.
//! There is exactly one text for each identifier (lower case, fixed length), so texts may be
//! compared and used as keys.

use std::fmt;

use uuid::Uuid;

/// Digits of Crockford's base 32 in lower case: no i, l, o, u.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in digits of five bits each.
const DIGIT_COUNT: usize = 26;

/// What all identifiers have in common. Implemented only by the types of this crate.
pub trait Id:
    Copy + Eq + Ord + std::hash::Hash + fmt::Debug + fmt::Display + Send + Sync + 'static
{
    /// The three letters before the underscore.
    const PREFIX: &'static str;
    /// Takes any UUID as the identifier.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The identifier as it is stored.
    fn as_uuid(&self) -> Uuid;
}

/// Why a text is not an identifier of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdError {
    /// Another kind of identifier, or none at all.
    #[error("expected an identifier that starts with \"{expected}_\"")]
    WrongPrefix {
        /// The prefix of the wanted kind.
        expected: &'static str,
    },
    /// The part after the underscore is too short or too long.
    #[error("expected 26 characters after the underscore, found {found}")]
    WrongLength {
        /// Bytes found after the underscore.
        found: usize,
    },
    /// A character that is no base-32 digit, for example an upper-case letter or i, l, o, u.
    #[error("character {position} after the underscore is not a lower-case base-32 digit")]
    InvalidCharacter {
        /// Counted from 1.
        position: usize,
    },
    /// The digits say more than 128 bits.
    #[error("the first character after the underscore must be 0 to 7")]
    OutOfRange,
}

fn encode(uuid: Uuid, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write as _;
    let mut rest = uuid.as_u128();
    let mut digits = ['0'; DIGIT_COUNT];
    for slot in digits.iter_mut().rev() {
        let index = usize::try_from(rest & 31).unwrap_or_default();
        *slot = DIGITS.get(index).copied().map_or('0', char::from);
        rest >>= 5;
    }
    digits
        .into_iter()
        .try_for_each(|digit| out.write_char(digit))
}

fn digit_value(byte: u8) -> Option<u128> {
    let value = match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'h' => byte - b'a' + 10,
        b'j' | b'k' => byte - b'j' + 18,
        b'm' | b'n' => byte - b'm' + 20,
        b'p'..=b't' => byte - b'p' + 22,
        b'v'..=b'z' => byte - b'v' + 27,
        _ => return None,
    };
    Some(u128::from(value))
}

fn decode(prefix: &'static str, text: &str) -> Result<Uuid, ParseIdError> {
    let digits = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .ok_or(ParseIdError::WrongPrefix { expected: prefix })?;
    if digits.len() != DIGIT_COUNT {
        return Err(ParseIdError::WrongLength {
            found: digits.len(),
        });
    }
    let mut value: u128 = 0;
    for (index, byte) in digits.bytes().enumerate() {
        let digit = digit_value(byte).ok_or(ParseIdError::InvalidCharacter {
            position: index + 1,
        })?;
        // 26 digits hold 130 bits, so the first one has only three of its five.
        if index == 0 && digit > 7 {
            return Err(ParseIdError::OutOfRange);
        }
        value = (value << 5) | digit;
    }
    Ok(Uuid::from_u128(value))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The three letters before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Reads the text form.
            pub fn parse(text: &str) -> Result<Self, ParseIdError> {
                decode($prefix, text).map(Self)
            }

            /// Takes any UUID as the identifier.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The identifier as it is stored.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl Id for $name {
            const PREFIX: &'static str = $prefix;

            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(concat!($prefix, "_"))?;
                encode(self.0, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(input)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A person's account.
    UserId "usr";
    /// One login of a user on one device, until it ends or is revoked.
    SessionId "ses";
    /// A device or browser profile of a user; it outlives its sessions.
    DeviceId "dev";
    /// A named bundle of rights and policy overrides.
    RoleId "rol";
    /// A group of users.
    GroupId "grp";
    /// A conversation between two or more users.
    ConversationId "cnv";
    /// A message of a conversation.
    MessageId "msg";
    /// An invitation.
    InviteId "inv";
    /// A ban of an address, a name or a device.
    BanId "ban";
    /// One running process of the installation.
    NodeId "nod";
    /// One open connection of a client to a gateway.
    ConnectionId "con";
    /// One call from outside, followed through all services.
    RequestId "req";
    /// A chain of refresh tokens that replaced each other.
    FamilyId "fam";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_uuid_say_the_same(value: u128) {
            let id = UserId::from_uuid(Uuid::from_u128(value));
            let text = id.to_string();
            prop_assert_eq!(text.len(), "usr_".len() + 26);
            prop_assert_eq!(UserId::parse(&text), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(&json, &format!("\"{text}\""));
            prop_assert_eq!(serde_json::from_str::<UserId>(&json).unwrap(), id);
        }

        #[test]
        fn texts_sort_like_values(a: u128, b: u128) {
            let (a, b) = (Uuid::from_u128(a), Uuid::from_u128(b));
            let (a, b) = (MessageId::from_uuid(a), MessageId::from_uuid(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn every_accepted_text_is_the_only_one_of_its_id(text in "usr_[0-9a-zA-Z]{26}") {
            if let Ok(id) = UserId::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn extremes_have_known_texts() {
        let nil = UserId::from_uuid(Uuid::nil());
        assert_eq!(nil.to_string(), "usr_00000000000000000000000000");
        let max = UserId::from_uuid(Uuid::max());
        assert_eq!(max.to_string(), "usr_7zzzzzzzzzzzzzzzzzzzzzzzzz");
    }

    #[test]
    fn refusals_say_what_is_wrong() {
        let wrong_kind = "ses_00000000000000000000000000";
        assert_eq!(
            UserId::parse(wrong_kind),
            Err(ParseIdError::WrongPrefix { expected: "usr" })
        );
        assert_eq!(
            UserId::parse("usr_0"),
            Err(ParseIdError::WrongLength { found: 1 })
        );
        assert_eq!(
            UserId::parse("usr_0000000000000000000000000A"),
            Err(ParseIdError::InvalidCharacter { position: 26 })
        );
        assert_eq!(
            UserId::parse("usr_80000000000000000000000000"),
            Err(ParseIdError::OutOfRange)
        );
        assert!(serde_json::from_str::<UserId>("\"usr_\"").is_err());
    }
}
