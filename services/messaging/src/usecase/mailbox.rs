//! Reading mailboxes from a cursor.

use im_types::UserId;

use super::core::Core;
use crate::domain::{Cursor, Entry, fitting};
use crate::error::Error;
use crate::ports::MailboxRange;

/// A page of a mailbox.
#[derive(Debug, Clone)]
pub struct EntriesPage {
    /// Without a gap.
    pub entries: Vec<Entry>,
    /// The place after them.
    pub cursor: Cursor,
    /// Whether there are more.
    pub has_more: bool,
}

impl Core {
    /// Entries after a cursor; from the empty one the present position and nothing.
    pub async fn entries(
        &self,
        user_id: UserId,
        cursor: &str,
        limit: usize,
    ) -> Result<EntriesPage, Error> {
        let range = self.mailbox(user_id).await?;
        let mut cursor = self.place(user_id, cursor, range)?;
        let mut entries = Vec::new();
        if cursor.seq < range.last_seq {
            let page = self.store.entries(&[(user_id, cursor.seq)], limit).await?;
            let count = fitting(page.iter().map(|(_, entry)| entry.bytes()));
            entries.extend(page.into_iter().take(count).map(|(_, entry)| entry));
        }
        cursor.seq = entries.last().map_or(cursor.seq, |entry: &Entry| entry.seq);
        Ok(EntriesPage {
            entries,
            cursor,
            has_more: cursor.seq < range.last_seq,
        })
    }

    /// Where a cursor points to in a mailbox; the empty one to its end.
    pub fn place(
        &self,
        user_id: UserId,
        cursor: &str,
        range: MailboxRange,
    ) -> Result<Cursor, Error> {
        let epoch = self.epoch();
        if cursor.is_empty() {
            return Ok(Cursor {
                user_id,
                epoch,
                seq: range.last_seq,
            });
        }
        let cursor = Cursor::decode(cursor, user_id, epoch)?;
        cursor.check(range.first_seq, range.last_seq)?;
        Ok(cursor)
    }

    async fn mailbox(&self, user_id: UserId) -> Result<MailboxRange, Error> {
        let found = self.store.mailboxes(&[user_id]).await?;
        Ok(found
            .first()
            .map_or(MailboxRange::EMPTY, |(_, range)| *range))
    }
}
