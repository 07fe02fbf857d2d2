//! Reading for people: conversations, members, history, mailboxes. Each costs as much as its page.

use std::collections::HashMap;
use std::sync::Arc;

use im_store::{Database, StoreError, Tx, query, query_rows};
use im_types::{ConversationId, Timestamp, UserId};
use uuid::Uuid;

use super::rows::{
    EntryRow, MailboxRow, RollRow, Shared, UnreadRow, UserIdRow, ViewRow, read_kind, read_pair,
};
use super::statements as sql;
use super::{MEMBER_IDS_MAX, UNREAD_LOOKED_AT_MAX, UNREAD_MAX};
use crate::domain::{Entry, Kind, Message};
use crate::ports::{
    ConversationView, Envelope, HistoryRange, ListPosition, MailboxRange, MemberView,
};

pub(super) fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl im_store::FromRow for Envelope {
    fn from_row(row: &im_store::Row) -> Result<Self, StoreError> {
        Ok(match (read_kind(row)?, read_pair(row)?) {
            (Kind::Direct, Some(pair)) => Self::Direct(pair),
            _ => Self::Group,
        })
    }
}

pub(super) async fn envelope(
    database: &Database,
    id: ConversationId,
) -> Result<Option<Envelope>, StoreError> {
    query(sql::GET_ENVELOPE)
        .bind(id)
        .fetch_optional(database)
        .await
}

pub(super) async fn member_ids(
    database: &Database,
    id: ConversationId,
    limit: usize,
) -> Result<Vec<UserId>, StoreError> {
    let ids = query(sql::LIST_MEMBER_IDS).bind(id).bind(limit_of(limit));
    let ids: Vec<UserIdRow> = ids.fetch_all(database).await?;
    Ok(ids.into_iter().map(|row| row.0).collect())
}

pub(super) async fn conversation(
    database: &Database,
    user_id: UserId,
    id: ConversationId,
) -> Result<Option<ConversationView>, StoreError> {
    let mut tx = database.begin_read().await?;
    let rows = query(sql::GET_CONVERSATION)
        .bind(user_id)
        .bind(id)
        .fetch_all(&mut tx)
        .await?;
    let views = complete(&mut tx, user_id, rows).await?;
    tx.commit().await?;
    Ok(views.into_iter().next())
}

pub(super) async fn first_available_seq(
    database: &Database,
    user_id: UserId,
    id: ConversationId,
) -> Result<Option<i64>, StoreError> {
    query(sql::GET_STANDING)
        .bind(user_id)
        .bind(id)
        .fetch_optional(database)
        .await
}

pub(super) async fn conversations(
    database: &Database,
    user_id: UserId,
    after: Option<ListPosition>,
    limit: usize,
) -> Result<Vec<ConversationView>, StoreError> {
    let after = after.unwrap_or(ListPosition {
        listed_at: Timestamp::MAX,
        conversation_id: ConversationId::from_uuid(Uuid::max()),
    });
    let mut tx = database.begin_read().await?;
    let rows = query(sql::LIST_CONVERSATIONS)
        .bind(user_id)
        .bind(after.listed_at)
        .bind(after.conversation_id)
        .bind(limit_of(limit))
        .fetch_all(&mut tx)
        .await?;
    let views = complete(&mut tx, user_id, rows).await?;
    tx.commit().await?;
    Ok(views)
}

/// Adds what other tables know.
async fn complete(
    tx: &mut Tx,
    user_id: UserId,
    rows: Vec<ViewRow>,
) -> Result<Vec<ConversationView>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let read = rows
        .iter()
        .map(|row| (row.conversation.id, row.pointers.read_seq));
    let unread: Vec<UnreadRow> = query_rows(sql::COUNT_UNREAD)
        .bind(user_id)
        .bind(limit_of(UNREAD_MAX))
        .bind(limit_of(UNREAD_LOOKED_AT_MAX))
        .rows(read)
        .fetch_all(&mut *tx)
        .await?;
    let unread: HashMap<ConversationId, i64> =
        unread.into_iter().map(|row| (row.0, row.1)).collect();
    let newest = rows
        .iter()
        .map(|row| (row.conversation.id, row.conversation.last_seq));
    let newest: Vec<Shared> = query_rows(sql::FIND_MESSAGES)
        .rows(newest.filter(|(_, last_seq)| *last_seq > 0))
        .fetch_all(&mut *tx)
        .await?;
    let mut newest: HashMap<ConversationId, Arc<Message>> = newest
        .into_iter()
        .map(|row| (row.0.conversation_id, row.0))
        .collect();
    let mut member_ids = list_member_ids(tx, user_id, &rows).await?;
    let view = |row: ViewRow| {
        let id = row.conversation.id;
        ConversationView {
            member_ids: member_ids.remove(&id).unwrap_or_default(),
            pointers: row.pointers,
            is_owner: row.is_owner,
            unread_count: unread.get(&id).copied().unwrap_or_default(),
            last_message: newest.remove(&id),
            listed_at: row.listed_at,
            conversation: row.conversation,
        }
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Everybody of the small ones with one statement, some of each large one.
async fn list_member_ids(
    tx: &mut Tx,
    user_id: UserId,
    rows: &[ViewRow],
) -> Result<HashMap<ConversationId, Vec<UserId>>, StoreError> {
    let is_small = |row: &&ViewRow| row.conversation.member_count <= MEMBER_IDS_MAX;
    let mut ids: HashMap<ConversationId, Vec<UserId>> = HashMap::new();
    let small: Vec<ConversationId> = rows
        .iter()
        .filter(is_small)
        .map(|row| row.conversation.id)
        .collect();
    if !small.is_empty() {
        let found: Vec<RollRow> = query(sql::LIST_ROLLS)
            .bind_list(small)
            .fetch_all(&mut *tx)
            .await?;
        for RollRow(id, member) in found {
            ids.entry(id).or_default().push(member.user_id);
        }
        for ids in ids.values_mut() {
            ids.sort_unstable();
        }
    }
    for row in rows.iter().filter(|row| !is_small(row)) {
        let id = row.conversation.id;
        let first: Vec<UserIdRow> = query(sql::LIST_MEMBER_IDS)
            .bind(id)
            .bind(limit_of(MEMBER_IDS_MAX))
            .fetch_all(&mut *tx)
            .await?;
        let others = first
            .into_iter()
            .map(|row| row.0)
            .filter(|other| *other != user_id);
        let told = std::iter::once(user_id).chain(others).take(MEMBER_IDS_MAX);
        ids.insert(id, told.collect());
    }
    Ok(ids)
}

pub(super) async fn members(
    database: &Database,
    id: ConversationId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Vec<MemberView>, StoreError> {
    let after = after.unwrap_or_else(|| UserId::from_uuid(Uuid::nil()));
    query(sql::LIST_MEMBERS)
        .bind(id)
        .bind(after)
        .bind(limit_of(limit))
        .fetch_all(database)
        .await
}

pub(super) async fn messages(
    database: &Database,
    id: ConversationId,
    range: HistoryRange,
    limit: usize,
) -> Result<Vec<Arc<Message>>, StoreError> {
    let (statement, bound) = match range {
        HistoryRange::Before(seq) => (sql::LIST_MESSAGES_BEFORE, seq),
        HistoryRange::After(seq) => (sql::LIST_MESSAGES_AFTER, seq),
    };
    let page = query(statement).bind(id).bind(bound).bind(limit_of(limit));
    let page: Vec<Shared> = page.fetch_all(database).await?;
    let mut page: Vec<Arc<Message>> = page.into_iter().map(|row| row.0).collect();
    if matches!(range, HistoryRange::Before(_)) {
        page.reverse();
    }
    Ok(page)
}

pub(super) async fn mailboxes(
    database: &Database,
    user_ids: &[UserId],
) -> Result<Vec<(UserId, MailboxRange)>, StoreError> {
    let mut found: Vec<MailboxRow> = Vec::with_capacity(user_ids.len());
    for chunk in user_ids.chunks(im_store::LIST_LEN_MAX) {
        let ids = chunk.iter().copied();
        found.extend(
            query(sql::LIST_POSITIONS)
                .bind_list(ids)
                .fetch_all(database)
                .await?,
        );
    }
    Ok(found.into_iter().map(|row| (row.0, row.1)).collect())
}

pub(super) async fn entries(
    database: &Database,
    after: &[(UserId, i64)],
    limit: usize,
) -> Result<Vec<(UserId, Entry)>, StoreError> {
    let limit = limit_of(limit);
    let rows = after
        .iter()
        .map(|(user_id, seq)| (*user_id, *seq, seq.saturating_add(limit)));
    // With many rows a statement counts as one that writes unless it is in such a transaction.
    let mut tx = database.begin_read().await?;
    let page: Vec<EntryRow> = query_rows(sql::LIST_ENTRIES)
        .rows(rows)
        .fetch_all(&mut tx)
        .await?;
    tx.commit().await?;
    let mut entries: Vec<(UserId, Entry)> = page.into_iter().map(|row| (row.0, row.1)).collect();
    entries.sort_by_key(|(user_id, entry)| (*user_id, entry.seq));
    Ok(entries)
}
