//! Streams outlive their tokens, so whether the session is still good is watched here: told by the
//! directory within a moment, and asked every few seconds besides.

use std::{collections::HashSet, sync::Arc, time::Duration};

use im_directory::DirectoryChange;
use im_runtime::error::status;
use im_types::{SessionId, UserId};
use tokio::time::sleep;

use super::{Node, Slot};
use crate::{
    error::GatewayError,
    session::{End, Fault},
};

/// Hears of ended sessions and of people who may not use the system any more.
pub(super) async fn run(node: Arc<Node>) {
    let soft = node.parts.tasks.shutdown_token();
    let mut changes = node.parts.directory.subscribe();
    loop {
        let change = tokio::select! {
            change = changes.recv() => change,
            () = soft.cancelled() => return,
        };
        match change {
            Some(DirectoryChange::SessionRevoked { session_id, .. }) => {
                end_all(node.registry.of_session(session_id));
            }
            Some(DirectoryChange::User(user_id)) => check_user(&node, user_id).await,
            Some(DirectoryChange::Everything) => check_sessions(&node).await,
            Some(DirectoryChange::Snapshot | DirectoryChange::Group(_)) => {}
            None => return,
        }
    }
}

/// Asks about all sessions now and then.
pub(super) async fn run_checks(node: Arc<Node>) {
    let soft = node.parts.tasks.shutdown_token();
    let interval = Duration::from_millis(node.parts.settings.session_check_ms);
    loop {
        tokio::select! {
            () = sleep(interval) => check_sessions(&node).await,
            () = soft.cancelled() => return,
        }
    }
}

async fn check_user(node: &Node, user_id: UserId) {
    let slots = node.registry.of_user(user_id);
    if slots.is_empty() {
        return;
    }
    match node.parts.directory.user(user_id).await {
        Ok(Some(facts)) if facts.is_active => {}
        Ok(_) => end_all(slots),
        // The next round finds out.
        Err(error) => tracing::warn!(%error, "a person could not be checked"),
    }
}

async fn check_sessions(node: &Node) {
    let sessions: HashSet<SessionId> = node
        .registry
        .all()
        .iter()
        .map(|slot| slot.caller.session_id)
        .collect();
    if sessions.is_empty() {
        return;
    }
    let sessions: Vec<SessionId> = sessions.into_iter().collect();
    match node.parts.directory.ended_sessions(&sessions).await {
        Ok(ended) => {
            for session_id in ended {
                end_all(node.registry.of_session(session_id));
            }
        }
        Err(error) => tracing::warn!(%error, "sessions could not be checked"),
    }
}

fn end_all(slots: Vec<Arc<Slot>>) {
    let fault = Fault::of(&status(&GatewayError::SessionRevoked));
    for slot in slots {
        slot.end(End::Failed(fault.clone()));
    }
}
