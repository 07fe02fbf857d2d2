//! Contacts and presence.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Operation;

/// Asks a person to become a contact.
pub fn request_contact(user_id: &str) -> Operation {
    let message = json!({ "userId": user_id });
    Operation::post(
        "im.presence.v1.ContactService/CreateContact",
        "/v1/contacts",
        message,
    )
    .answers("contact")
}

/// The roster.
pub fn contacts() -> Operation {
    Operation::get(
        "im.presence.v1.ContactService/ListContacts",
        "/v1/contacts",
        json!({}),
    )
}

fn contact_act(rpc: &'static str, act: &str, user_id: &str) -> Operation {
    let path = format!("/v1/contacts/{user_id}:{act}");
    Operation::post(rpc, path, json!({ "userId": user_id })).in_path(&["userId"])
}

/// Accepts a request.
pub fn accept_contact(user_id: &str) -> Operation {
    contact_act(
        "im.presence.v1.ContactService/AcceptContact",
        "accept",
        user_id,
    )
    .answers("contact")
}

/// Declines a request.
pub fn decline_contact(user_id: &str) -> Operation {
    contact_act(
        "im.presence.v1.ContactService/DeclineContact",
        "decline",
        user_id,
    )
}

/// Blocks a person.
pub fn block_contact(user_id: &str) -> Operation {
    contact_act(
        "im.presence.v1.ContactService/BlockContact",
        "block",
        user_id,
    )
    .answers("contact")
}

/// Ends a block.
pub fn unblock_contact(user_id: &str) -> Operation {
    contact_act(
        "im.presence.v1.ContactService/UnblockContact",
        "unblock",
        user_id,
    )
}

/// Changes what only the caller sees of a contact.
pub fn update_contact(user_id: &str, changes: &Value) -> Operation {
    let mut message = changes.clone();
    message["userId"] = json!(user_id);
    let path = format!("/v1/contacts/{user_id}");
    Operation::post("im.presence.v1.ContactService/UpdateContact", path, message)
        .by(Method::PATCH)
        .in_path(&["userId"])
        .answers("contact")
}

/// Ends a contact.
pub fn delete_contact(user_id: &str) -> Operation {
    let path = format!("/v1/contacts/{user_id}");
    let message = json!({ "userId": user_id });
    Operation::delete("im.presence.v1.ContactService/DeleteContact", path, message)
}

/// Says how one wants to be seen.
pub fn set_presence(state: &str, reason: &str) -> Operation {
    let message = json!({ "state": state, "reason": reason });
    Operation::post(
        "im.presence.v1.PresenceService/SetPresence",
        "/v1/presence",
        message,
    )
    .by(Method::PUT)
    .answers("presence")
}

/// How people are.
pub fn presences(user_ids: &[&str]) -> Operation {
    let path = format!("/v1/presence?userIds={}", user_ids.join(","));
    let message = json!({ "userIds": user_ids });
    Operation::get(
        "im.presence.v1.PresenceService/ListPresences",
        path,
        message,
    )
}
