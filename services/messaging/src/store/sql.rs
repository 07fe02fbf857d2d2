//! The store of production, on SQLite and PostgreSQL alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt as _;
use im_store::{
    Database, FromRow, Migrations, RetryBudget, Retryable, Row, StoreError, query, retry,
};
use im_types::{ConversationId, SiteId, Timestamp, UserId};

use super::rolls::Rolls;
use super::{ages, load, read, statements as sql, upkeep, write};
use crate::domain::{Command, Entry, Limits, Mark, Message, Needs, plan};
use crate::ports::{
    Answer, Committed, ConversationView, Delivery, Envelope, HistoryRange, ListPosition,
    MailboxRange, MemberView, Prunable, Store, StoreFault,
};

/// The schema.
pub static MIGRATIONS: Migrations =
    im_store::migrations![1 "0001_messaging", 2 "0002_activity", 3 "0003_ages"];

/// After a key of a sender was met again, so many commits look all keys up first: whoever repeats
/// one message seldom repeats only that.
const COMMITS_WITH_KEYS: u32 = 64;

/// Everything in one database.
#[derive(Debug, Clone)]
pub struct SqlStore {
    database: Database,
    rolls: Rolls,
    /// Commits that are still to look all keys up.
    with_keys: Arc<AtomicU32>,
}

/// What there is one of.
pub(super) struct Instance {
    epoch: i64,
    pub(super) roster_position: i64,
}

impl FromRow for Instance {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            epoch: row.get_i64("epoch")?,
            roster_position: row.get_i64("roster_position")?,
        })
    }
}

/// A transaction that met another one. Besides what the database calls a collision that is a key
/// that two replicas took at the same moment: whoever comes second finds it taken next time.
struct Collision(StoreError);

impl Retryable for Collision {
    fn is_retryable(&self) -> bool {
        self.0.is_retryable() || self.0.is_unique_violation()
    }
}

impl From<StoreError> for StoreFault {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() || error.is_retryable() {
            Self::Unavailable(error.into())
        } else {
            Self::Broken(error.into())
        }
    }
}

impl SqlStore {
    /// A store in a database that has the schema of [`MIGRATIONS`].
    pub fn new(database: Database) -> Self {
        Self {
            database,
            rolls: Rolls::new(),
            with_keys: Arc::default(),
        }
    }

    /// Nearly every message is new, and the index of keys says so when it is inserted. So keys are
    /// not looked up first, unless some were met again of late; and where that could matter, which
    /// is when one is met again or a message is refused, all is done once more with them.
    async fn commit_once(
        &self,
        commands: &[Command],
        limits: Limits,
        now: Timestamp,
    ) -> Result<Committed, StoreError> {
        let less = |left: u32| left.checked_sub(1);
        let order = Ordering::Relaxed;
        if self.with_keys.fetch_update(order, order, less).is_err() {
            match self.attempt(commands, limits, now, false).await {
                Ok(Some(committed)) => return Ok(committed),
                Ok(None) => {}
                Err(error) if error.is_unique_violation() => {}
                Err(error) => return Err(error),
            }
            self.with_keys.store(COMMITS_WITH_KEYS, order);
        }
        let committed = self.attempt(commands, limits, now, true).await?;
        Ok(committed.unwrap_or_default())
    }

    /// `None`, and nothing is kept, if it has to be done with keys.
    async fn attempt(
        &self,
        commands: &[Command],
        limits: Limits,
        now: Timestamp,
        has_keys: bool,
    ) -> Result<Option<Committed>, StoreError> {
        let mut needs = Needs::of(commands);
        if !has_keys {
            needs.sends.clear();
        }
        let mut tx = self.database.begin_write().await?;
        let mut state = load::load(&mut tx, needs, &self.rolls).await?;
        let results = plan(&mut state, commands, limits, now);
        let is_refused = |(command, result): (&Command, &Result<_, _>)| {
            matches!(command, Command::Send(_)) && result.is_err()
        };
        if !has_keys && commands.iter().zip(&results).any(is_refused) {
            // What was accepted once is answered the same, whatever has changed since.
            tx.rollback().await?;
            return Ok(None);
        }
        let mut changes = state.finish();
        if changes.is_empty() {
            tx.rollback().await?;
            return Ok(Some(Committed {
                results,
                ..Committed::default()
            }));
        }
        let rolls = std::mem::take(&mut changes.rolls);
        let entries = write::write(&mut tx, changes).await?;
        tx.commit().await?;
        let keep = |(id, revision, roll): (ConversationId, i64, crate::domain::Roll)| {
            self.rolls.put(id, revision, roll.clone());
            (id, roll)
        };
        Ok(Some(Committed {
            results,
            entries,
            rolls: rolls.into_iter().map(keep).collect(),
        }))
    }
}

/// Boxes a future of the database and translates its errors.
fn answer<'a, T>(work: impl Future<Output = Result<T, StoreError>> + Send + 'a) -> Answer<'a, T> {
    work.map(|result| result.map_err(StoreFault::from)).boxed()
}

impl Store for SqlStore {
    fn commit<'a>(
        &'a self,
        commands: &'a [Command],
        limits: Limits,
        now: Timestamp,
    ) -> Answer<'a, Committed> {
        answer(async move {
            let once = || {
                self.commit_once(commands, limits, now)
                    .map(|r| r.map_err(Collision))
            };
            retry(RetryBudget::default(), once)
                .await
                .map_err(|Collision(error)| error)
        })
    }

    fn epoch(&self) -> Answer<'_, i64> {
        answer(async {
            let instance: Instance = query(sql::GET_INSTANCE).fetch_one(&self.database).await?;
            Ok(instance.epoch)
        })
    }

    fn raise_epoch(&self) -> Answer<'_, ()> {
        answer(async {
            query(sql::RAISE_EPOCH).execute(&self.database).await?;
            Ok(())
        })
    }

    fn roster_position(&self) -> Answer<'_, i64> {
        answer(async {
            let instance: Instance = query(sql::GET_INSTANCE).fetch_one(&self.database).await?;
            Ok(instance.roster_position)
        })
    }

    fn envelope(&self, id: ConversationId) -> Answer<'_, Option<Envelope>> {
        answer(read::envelope(&self.database, id))
    }

    fn member_ids(&self, id: ConversationId, limit: usize) -> Answer<'_, Vec<UserId>> {
        answer(read::member_ids(&self.database, id, limit))
    }

    fn conversation(
        &self,
        user_id: UserId,
        id: ConversationId,
    ) -> Answer<'_, Option<ConversationView>> {
        answer(read::conversation(&self.database, user_id, id))
    }

    fn first_available_seq(&self, user_id: UserId, id: ConversationId) -> Answer<'_, Option<i64>> {
        answer(read::first_available_seq(&self.database, user_id, id))
    }

    fn conversations(
        &self,
        user_id: UserId,
        after: Option<ListPosition>,
        limit: usize,
    ) -> Answer<'_, Vec<ConversationView>> {
        answer(read::conversations(&self.database, user_id, after, limit))
    }

    fn members(
        &self,
        id: ConversationId,
        after: Option<UserId>,
        limit: usize,
    ) -> Answer<'_, Vec<MemberView>> {
        answer(read::members(&self.database, id, after, limit))
    }

    fn messages(
        &self,
        id: ConversationId,
        range: HistoryRange,
        limit: usize,
    ) -> Answer<'_, Vec<Arc<Message>>> {
        answer(read::messages(&self.database, id, range, limit))
    }

    fn mailboxes<'a>(&'a self, user_ids: &'a [UserId]) -> Answer<'a, Vec<(UserId, MailboxRange)>> {
        answer(read::mailboxes(&self.database, user_ids))
    }

    fn entries<'a>(
        &'a self,
        after: &'a [(UserId, i64)],
        limit: usize,
    ) -> Answer<'a, Vec<(UserId, Entry)>> {
        answer(read::entries(&self.database, after, limit))
    }

    fn deliveries<'a>(
        &'a self,
        acknowledged: &'a [(UserId, i64)],
        entries_max: i64,
    ) -> Answer<'a, Vec<Delivery>> {
        answer(upkeep::deliveries(
            &self.database,
            acknowledged,
            entries_max,
        ))
    }

    fn set_acknowledged<'a>(&'a self, acknowledged: &'a [(UserId, i64)]) -> Answer<'a, ()> {
        answer(upkeep::set_acknowledged(&self.database, acknowledged))
    }

    fn to_advance(&self, limit: usize) -> Answer<'_, Vec<ConversationId>> {
        answer(upkeep::to_advance(&self.database, limit))
    }

    fn next_site(&self, after: Option<SiteId>) -> Answer<'_, Option<SiteId>> {
        answer(ages::next_site(&self.database, after))
    }

    fn prunable<'a>(
        &'a self,
        site_id: &'a SiteId,
        before: Timestamp,
        limit: usize,
    ) -> Answer<'a, Prunable> {
        answer(ages::prunable(&self.database, site_id, before, limit))
    }

    fn set_pruned<'a>(&'a self, site_id: &'a SiteId, mark: Mark) -> Answer<'a, ()> {
        answer(ages::set_pruned(&self.database, site_id, mark))
    }

    fn prune_messages(
        &self,
        id: ConversationId,
        before: Timestamp,
        limit: usize,
    ) -> Answer<'_, usize> {
        answer(ages::prune_messages(&self.database, id, before, limit))
    }

    fn list_mailboxes(
        &self,
        after: Option<UserId>,
        limit: usize,
    ) -> Answer<'_, Vec<(UserId, MailboxRange)>> {
        answer(upkeep::list_mailboxes(&self.database, after, limit))
    }

    fn prune_mailbox(&self, user_id: UserId, first_seq: i64) -> Answer<'_, ()> {
        answer(upkeep::prune_mailbox(&self.database, user_id, first_seq))
    }
}
