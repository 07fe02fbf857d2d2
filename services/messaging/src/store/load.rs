//! Reading what the planner needs. Conversations are locked in the order of their ids, which every
//! replica keeps, so that two transactions never wait for each other.

use std::collections::HashMap;

use im_store::{LIST_LEN_MAX, StoreError, Tx, query, query_rows};
use im_types::ConversationId;

use super::rolls::Rolls;
use super::rows::{ConversationIdRow, CreationRow, PointersRow, RollRow, Shared};
use super::statements as sql;
use crate::domain::conversation::PairKey;
use crate::domain::{AgeKind, Conversation, Member, Needs, Roll, State};

/// Loads and locks what `needs` says.
pub(super) async fn load(
    tx: &mut Tx,
    mut needs: Needs,
    rolls: &Rolls,
) -> Result<State, StoreError> {
    let mut state = State::default();
    if needs.is_roster_position_needed {
        let position = query(sql::LOCK_INSTANCE)
            .fetch_one::<super::sql::Instance>(&mut *tx)
            .await?;
        state.set_roster_position(position.roster_position);
    }
    find_by_key(tx, &mut needs, &mut state).await?;
    find_due(tx, &mut needs, &mut state).await?;
    needs.conversations.sort_unstable();
    needs.conversations.dedup();
    load_conversations(tx, &needs.conversations, rolls, &mut state).await?;
    load_messages(tx, &needs, &mut state).await?;
    load_pointers(tx, &needs, &mut state).await?;
    Ok(state)
}

/// Turns pairs and keys into ids of conversations.
async fn find_by_key(tx: &mut Tx, needs: &mut Needs, state: &mut State) -> Result<(), StoreError> {
    if needs.pairs.is_empty() && needs.creations.is_empty() {
        return Ok(());
    }
    if !needs.pairs.is_empty() {
        let keys = needs.pairs.iter().map(|pair| PairKey::to_bytes(*pair));
        let found: Vec<ConversationIdRow> = query(sql::FIND_PAIRS)
            .bind_list(keys)
            .fetch_all(&mut *tx)
            .await?;
        needs
            .conversations
            .extend(found.into_iter().map(|row| row.0));
    }
    let keys = needs
        .creations
        .iter()
        .map(|(user_id, key)| (*user_id, key.as_str()));
    let found: Vec<CreationRow> = query_rows(sql::FIND_CREATIONS)
        .rows(keys)
        .fetch_all(&mut *tx)
        .await?;
    for row in found {
        needs.conversations.push(row.conversation_id);
        state.add_creation(row.key, row.conversation_id, row.fingerprint);
    }
    Ok(())
}

/// Finds what has become old. Which messages these are; they are read when their conversations are
/// locked, for by then somebody else may have taken them away.
async fn find_due(tx: &mut Tx, needs: &mut Needs, state: &mut State) -> Result<(), StoreError> {
    for due in std::mem::take(&mut needs.due) {
        let marks = super::ages::due(tx, &due).await?;
        let ids = marks.iter().map(|mark| mark.conversation_id);
        needs.conversations.extend(ids);
        let keys = marks.iter().map(|mark| (mark.conversation_id, mark.seq));
        needs.messages.extend(keys);
        if due.kind == AgeKind::Expiry {
            let mut ids: Vec<ConversationId> =
                marks.iter().map(|mark| mark.conversation_id).collect();
            ids.sort_unstable();
            ids.dedup();
            needs.readers.extend(ids);
        }
        state.add_due(due.kind, due.site_id, marks);
    }
    Ok(())
}

async fn load_conversations(
    tx: &mut Tx,
    ids: &[ConversationId],
    rolls: &Rolls,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut unknown = Vec::new();
    for chunk in ids.chunks(LIST_LEN_MAX) {
        let found: Vec<Conversation> = query(sql::LOCK_CONVERSATIONS)
            .bind_list(chunk.iter().copied())
            .fetch_all(&mut *tx)
            .await?;
        for conversation in found {
            match rolls.get(conversation.id, conversation.roll_revision) {
                Some(roll) => state.add_conversation(conversation, roll),
                None => unknown.push(conversation),
            }
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let mut members: HashMap<ConversationId, Vec<Member>> = HashMap::new();
    for chunk in unknown.chunks(LIST_LEN_MAX) {
        let ids = chunk.iter().map(|conversation| conversation.id);
        let found: Vec<RollRow> = query(sql::LIST_ROLLS)
            .bind_list(ids)
            .fetch_all(&mut *tx)
            .await?;
        for RollRow(id, member) in found {
            members.entry(id).or_default().push(member);
        }
    }
    for conversation in unknown {
        let roll = Roll::new(members.remove(&conversation.id).unwrap_or_default());
        rolls.put(conversation.id, conversation.roll_revision, roll.clone());
        state.add_conversation(conversation, roll);
    }
    Ok(())
}

async fn load_messages(tx: &mut Tx, needs: &Needs, state: &mut State) -> Result<(), StoreError> {
    if !needs.sends.is_empty() {
        let keys = needs
            .sends
            .iter()
            .map(|(user_id, key)| (*user_id, key.as_str()));
        let found: Vec<Shared> = query_rows(sql::FIND_SENDS)
            .rows(keys)
            .fetch_all(&mut *tx)
            .await?;
        for row in found {
            state.add_send(row.0);
        }
    }
    if !needs.messages.is_empty() {
        let found: Vec<Shared> = query_rows(sql::FIND_MESSAGES)
            .rows(needs.messages.iter().copied())
            .fetch_all(&mut *tx)
            .await?;
        for row in found {
            state.add_message(row.0);
        }
    }
    Ok(())
}

async fn load_pointers(tx: &mut Tx, needs: &Needs, state: &mut State) -> Result<(), StoreError> {
    let mut found: Vec<PointersRow> = Vec::new();
    if !needs.pointers.is_empty() {
        let keys = needs.pointers.iter().copied();
        found = query_rows(sql::FIND_POINTERS)
            .rows(keys)
            .fetch_all(&mut *tx)
            .await?;
    }
    for chunk in needs.readers.chunks(LIST_LEN_MAX) {
        let ids = chunk.iter().copied();
        let furthest = query(sql::LIST_READERS)
            .bind_list(ids)
            .fetch_all(&mut *tx)
            .await?;
        found.extend(furthest);
    }
    for PointersRow(id, user_id, pointers) in found {
        state.add_pointers(id, user_id, pointers);
    }
    Ok(())
}
