//! What has become old.

use im_store::{Database, Executor, FromRow, Row, StoreError, Tx, query, query_rows};
use im_types::{ConversationId, SiteId, Timestamp};

use super::read::limit_of;
use super::rows::{age_number, read_age, read_removal};
use super::statements as sql;
use crate::domain::age::AGE_STEP;
use crate::domain::{AgeKind, Due, Mark, Removal};
use crate::ports::Prunable;

impl FromRow for Mark {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            created_at: row.get_timestamp("created_at_us")?,
            conversation_id: row.get_id("conversation_id")?,
            seq: row.get_i64("seq")?,
        })
    }
}

struct MarkRow(AgeKind, Mark);

impl FromRow for MarkRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(read_age(row)?, Mark::from_row(row)?))
    }
}

struct SiteRow(Option<SiteId>);

impl FromRow for SiteRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        match row.get_opt_text("site_id")? {
            None => Ok(Self(None)),
            Some(_) => Ok(Self(Some(row.get_parsed("site_id", SiteId::parse)?))),
        }
    }
}

/// One of the first rows of a conversation.
struct OldRow {
    seq: i64,
    removal: Option<Removal>,
    created_at: Timestamp,
}

impl FromRow for OldRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.get_i64("seq")?,
            removal: read_removal(row)?,
            created_at: row.get_timestamp("created_at_us")?,
        })
    }
}

/// How far each thing has got on a site.
async fn marks(on: Executor<'_>, site_id: &SiteId) -> Result<impl Fn(AgeKind) -> Mark, StoreError> {
    let marks: Vec<MarkRow> = query(sql::LIST_MARKS).bind(site_id).fetch_all(on).await?;
    Ok(move |kind| {
        let found = marks.iter().find(|MarkRow(of, _)| *of == kind);
        found.map_or_else(Mark::start, |MarkRow(_, mark)| *mark)
    })
}

async fn list_due(
    on: Executor<'_>,
    (site_id, before): (&SiteId, Timestamp),
    after: Mark,
    limit: usize,
) -> Result<Vec<Mark>, StoreError> {
    query(sql::LIST_DUE)
        .bind(site_id)
        .bind(before)
        .bind(after.created_at)
        .bind(after.conversation_id)
        .bind(after.seq)
        .bind(limit_of(limit))
        .fetch_all(on)
        .await
}

/// A step of the messages that are due.
pub(super) async fn due(tx: &mut Tx, due: &Due) -> Result<Vec<Mark>, StoreError> {
    let after = marks((&mut *tx).into(), &due.site_id).await?(due.kind);
    list_due(tx.into(), (&due.site_id, due.before), after, AGE_STEP).await
}

pub(super) async fn set_marks<'e>(
    on: impl Into<Executor<'e>>,
    mut marks: Vec<(AgeKind, SiteId, Mark)>,
) -> Result<(), StoreError> {
    // The order in which every replica locks them.
    marks.sort_unstable_by(|one, other| (&one.1, one.0).cmp(&(&other.1, other.0)));
    let rows = marks.into_iter().map(|(kind, site_id, mark)| {
        (
            site_id,
            age_number(kind),
            mark.created_at,
            mark.conversation_id,
            mark.seq,
        )
    });
    query_rows(sql::SET_MARKS).rows(rows).execute(on).await?;
    Ok(())
}

pub(super) async fn next_site(
    database: &Database,
    after: Option<SiteId>,
) -> Result<Option<SiteId>, StoreError> {
    let after = after.as_ref().map_or("", SiteId::as_str);
    let next: SiteRow = query(sql::NEXT_SITE)
        .bind(after)
        .fetch_one(database)
        .await?;
    Ok(next.0)
}

pub(super) async fn prunable(
    database: &Database,
    site_id: &SiteId,
    before: Timestamp,
    limit: usize,
) -> Result<Prunable, StoreError> {
    let marks = marks(database.into(), site_id).await?;
    let (after, retained) = (marks(AgeKind::Pruning), marks(AgeKind::Retention));
    let mut due = list_due(database.into(), (site_id, before), after, limit).await?;
    due.retain(|mark| *mark <= retained);
    let mut conversation_ids: Vec<ConversationId> =
        due.iter().map(|mark| mark.conversation_id).collect();
    conversation_ids.sort_unstable();
    conversation_ids.dedup();
    Ok(Prunable {
        conversation_ids,
        mark: due.last().copied(),
    })
}

pub(super) async fn set_pruned(
    database: &Database,
    site_id: &SiteId,
    mark: Mark,
) -> Result<(), StoreError> {
    let marks = vec![(AgeKind::Pruning, site_id.clone(), mark)];
    set_marks(database, marks).await
}

pub(super) async fn prune_messages(
    database: &Database,
    id: ConversationId,
    before: Timestamp,
    limit: usize,
) -> Result<usize, StoreError> {
    let oldest: Vec<OldRow> = query(sql::LIST_OLDEST)
        .bind(id)
        .bind(limit_of(limit))
        .fetch_all(database)
        .await?;
    let is_gone = |row: &&OldRow| row.removal.is_some() && row.created_at < before;
    let Some(last) = oldest.iter().take_while(is_gone).last() else {
        return Ok(0);
    };
    let mut tx = database.begin_write().await?;
    // First the conversation, as everywhere.
    query(sql::UPDATE_FIRST_AVAILABLE)
        .bind(id)
        .bind(last.seq + 1)
        .execute(&mut tx)
        .await?;
    let deleted = query(sql::DELETE_MESSAGES)
        .bind(id)
        .bind(last.seq)
        .execute(&mut tx)
        .await?;
    tx.commit().await?;
    Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
}
