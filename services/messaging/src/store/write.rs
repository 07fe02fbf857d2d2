//! Writing what the planner decided: one statement for each kind of row, however many there are.

use std::collections::BTreeMap;

use im_store::{LIST_LEN_MAX, StoreError, Tx, query, query_rows};
use im_types::{ConversationId, UserId};

use super::payload::EntryColumns;
use super::rows::{NumberRow, conversation_args, message_args, message_change_args};
use super::statements as sql;
use crate::domain::state::NewMember;
use crate::domain::{Changes, Conversation, Entry, EntryBody, Pointers};

/// Writes all, and answers the entries with their numbers.
pub(super) async fn write(
    tx: &mut Tx,
    changes: Changes,
) -> Result<Vec<(UserId, Entry)>, StoreError> {
    let Changes {
        new_conversations,
        conversations,
        new_messages,
        messages,
        entries,
        ..
    } = changes;
    let rows = new_conversations.into_iter().map(conversation_args);
    query_rows(sql::INSERT_CONVERSATIONS)
        .rows(rows)
        .execute(&mut *tx)
        .await?;
    write_conversations(tx, conversations).await?;
    write_members(
        tx,
        (changes.removed_members, changes.new_members),
        (changes.new_owners, changes.pointers),
    )
    .await?;
    for chunk in changes.relisted.chunks(LIST_LEN_MAX) {
        query(sql::UPDATE_ACTIVITY)
            .bind_list(chunk.iter().copied())
            .execute(&mut *tx)
            .await?;
    }
    let rows = new_messages.iter().map(message_args);
    query_rows(sql::INSERT_MESSAGES)
        .rows(rows)
        .execute(&mut *tx)
        .await?;
    let rows = messages.iter().map(|message| message_change_args(message));
    query_rows(sql::UPDATE_MESSAGES)
        .rows(rows)
        .execute(&mut *tx)
        .await?;
    super::ages::set_marks(&mut *tx, changes.marks).await?;
    if let Some(position) = changes.roster_position {
        query(sql::UPDATE_ROSTER_POSITION)
            .bind(position)
            .execute(&mut *tx)
            .await?;
    }
    write_entries(tx, entries).await
}

async fn write_conversations(
    tx: &mut Tx,
    conversations: Vec<Conversation>,
) -> Result<(), StoreError> {
    let mut statement = query_rows(sql::UPDATE_CONVERSATIONS);
    for conversation in conversations {
        let member_count = i64::try_from(conversation.member_count).unwrap_or(i64::MAX);
        statement.push((
            conversation.id,
            conversation.title,
            conversation.last_seq,
            conversation.roll_revision,
            member_count,
            conversation.is_advance_pending,
            conversation.active_at,
        ));
    }
    statement.execute(&mut *tx).await?;
    Ok(())
}

type Members<A, B> = (Vec<A>, Vec<B>);

async fn write_members(
    tx: &mut Tx,
    (removed, new): Members<(ConversationId, UserId), NewMember>,
    (owners, pointers): Members<(ConversationId, UserId), (ConversationId, UserId, Pointers)>,
) -> Result<(), StoreError> {
    query_rows(sql::DELETE_MEMBERS)
        .rows(removed)
        .execute(&mut *tx)
        .await?;
    let rows = new.into_iter().map(|new| {
        (
            new.conversation_id,
            new.member.user_id,
            new.member.is_owner,
            new.pointers.read_seq,
            new.pointers.shown_read_seq,
            new.pointers.delivered_seq,
            new.member.joined_at,
            new.listed_at,
        )
    });
    query_rows(sql::INSERT_MEMBERS)
        .rows(rows)
        .execute(&mut *tx)
        .await?;
    query_rows(sql::UPDATE_OWNERS)
        .rows(owners)
        .execute(&mut *tx)
        .await?;
    let rows = pointers.into_iter().map(|(id, user_id, at)| {
        (
            id,
            user_id,
            at.read_seq,
            at.shown_read_seq,
            at.delivered_seq,
        )
    });
    query_rows(sql::UPDATE_POINTERS)
        .rows(rows)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

/// Gives every mailbox its numbers, then writes the lines.
async fn write_entries(
    tx: &mut Tx,
    entries: Vec<(UserId, EntryBody)>,
) -> Result<Vec<(UserId, Entry)>, StoreError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut counts: BTreeMap<UserId, i64> = BTreeMap::new();
    for (user_id, _) in &entries {
        *counts.entry(*user_id).or_default() += 1;
    }
    let rows = counts
        .iter()
        .map(|(user_id, count)| (*user_id, 1_i64, *count, 0_i64));
    let numbered: Vec<NumberRow> = query_rows(sql::NUMBER_ENTRIES)
        .rows(rows)
        .fetch_all(&mut *tx)
        .await?;
    // From how many entries there will be to the number before the first new one.
    for NumberRow(user_id, last_seq) in numbered {
        if let Some(count) = counts.get_mut(&user_id) {
            *count = last_seq - *count;
        }
    }
    let mut statement = query_rows(sql::INSERT_ENTRIES);
    let mut written = Vec::with_capacity(entries.len());
    for (user_id, body) in entries {
        let Some(seq) = counts.get_mut(&user_id) else {
            continue;
        };
        *seq += 1;
        let columns = EntryColumns::of(user_id, &body);
        statement.push((
            user_id,
            *seq,
            columns.kind,
            columns.conversation_id,
            columns.message_seq,
            columns.payload,
        ));
        written.push((user_id, Entry { seq: *seq, body }));
    }
    statement.execute(&mut *tx).await?;
    Ok(written)
}
