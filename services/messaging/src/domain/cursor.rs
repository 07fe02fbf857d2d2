//! A place in a mailbox, as clients hold it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use im_types::UserId;

const VERSION: u8 = 1;
const LENGTH: usize = 1 + 16 + 8 + 8;

/// Everything up to and including `seq` is known. Opaque to clients and not secret: whoever reads
/// a mailbox is checked by other means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Whose mailbox.
    pub user_id: UserId,
    /// Of the installation; a restore from a backup raises it, because numbers are given again.
    pub epoch: i64,
    /// The last entry known; 0 for none.
    pub seq: i64,
}

/// Why a cursor cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// Not one of ours, or of another mailbox.
    #[error("this is not a cursor of this mailbox")]
    Invalid,
    /// What came after it is gone, or numbers were given again since.
    #[error("what came after this cursor is gone: read the state anew and go on from its cursor")]
    TooOld,
}

impl Cursor {
    /// The text for clients: 44 characters of base64url.
    pub fn encode(&self) -> String {
        let mut bytes = [0; LENGTH];
        let parts = [VERSION]
            .into_iter()
            .chain(*self.user_id.as_uuid().as_bytes());
        let parts = parts
            .chain(self.epoch.to_be_bytes())
            .chain(self.seq.to_be_bytes());
        bytes
            .iter_mut()
            .zip(parts)
            .for_each(|(to, from)| *to = from);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a client's text, for the mailbox of `user_id` in the present epoch.
    pub fn decode(text: &str, user_id: UserId, epoch: i64) -> Result<Self, CursorError> {
        let mut bytes = [0; LENGTH + 2];
        let length = URL_SAFE_NO_PAD
            .decode_slice(text, &mut bytes)
            .map_err(|_| CursorError::Invalid)?;
        let cursor = bytes
            .get(..length)
            .and_then(Self::read)
            .ok_or(CursorError::Invalid)?;
        if cursor.user_id != user_id || cursor.seq < 0 {
            return Err(CursorError::Invalid);
        }
        if cursor.epoch != epoch {
            return Err(CursorError::TooOld);
        }
        Ok(cursor)
    }

    /// Whether reading can go on from here in a mailbox that holds `first_seq..=last_seq`.
    pub const fn check(&self, first_seq: i64, last_seq: i64) -> Result<(), CursorError> {
        if self.seq > last_seq {
            return Err(CursorError::Invalid);
        }
        if self.seq + 1 < first_seq {
            return Err(CursorError::TooOld);
        }
        Ok(())
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (user_id, rest) = rest.split_at_checked(16)?;
        let (epoch, seq) = rest.split_at_checked(8)?;
        (*version == VERSION).then_some(())?;
        Some(Self {
            user_id: UserId::from_uuid(uuid::Uuid::from_slice(user_id).ok()?),
            epoch: i64::from_be_bytes(epoch.try_into().ok()?),
            seq: i64::from_be_bytes(seq.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(uuid::Uuid::from_u128(n))
    }

    proptest! {
        #[test]
        fn text_says_the_same(id: u128, epoch: i64, seq in 0..=i64::MAX) {
            let cursor = Cursor { user_id: user(id), epoch, seq };
            let text = cursor.encode();
            prop_assert_eq!(text.len(), 44);
            prop_assert_eq!(Cursor::decode(&text, user(id), epoch), Ok(cursor));
            let other = user(id.wrapping_add(1));
            prop_assert_eq!(Cursor::decode(&text, other, epoch), Err(CursorError::Invalid));
            let later = epoch.wrapping_add(1);
            prop_assert_eq!(Cursor::decode(&text, user(id), later), Err(CursorError::TooOld));
        }

        #[test]
        fn rubbish_is_invalid(text in ".{0,60}") {
            prop_assert_eq!(Cursor::decode(&text, user(1), 1), Err(CursorError::Invalid));
        }
    }

    #[test]
    fn a_mailbox_holds_what_it_holds() {
        let at = |seq| Cursor {
            user_id: user(1),
            epoch: 1,
            seq,
        };
        assert_eq!(at(0).check(1, 0), Ok(()));
        assert_eq!(at(9).check(10, 20), Ok(()));
        assert_eq!(at(20).check(10, 20), Ok(()));
        assert_eq!(at(8).check(10, 20), Err(CursorError::TooOld));
        assert_eq!(at(21).check(10, 20), Err(CursorError::Invalid));
    }
}
