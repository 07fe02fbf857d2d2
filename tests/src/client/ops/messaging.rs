//! Conversations, messages, the mailbox.

use reqwest::Method;
use serde_json::json;

use crate::client::Operation;

/// The conversation with one other person.
pub fn direct(user_id: &str) -> Operation {
    let message = json!({ "kind": "DIRECT", "memberIds": [user_id] });
    create(message)
}

/// A conversation of several people.
pub fn group(title: &str, user_ids: &[&str]) -> Operation {
    create(json!({ "kind": "GROUP", "memberIds": user_ids, "title": title }))
}

fn create(message: serde_json::Value) -> Operation {
    let rpc = "im.messaging.v1.ConversationService/CreateConversation";
    Operation::post(rpc, "/v1/conversations", message).answers("conversation")
}

/// Own conversations.
pub fn conversations() -> Operation {
    let rpc = "im.messaging.v1.ConversationService/ListConversations";
    Operation::get(rpc, "/v1/conversations", json!({}))
}

/// One conversation.
pub fn conversation(id: &str) -> Operation {
    let rpc = "im.messaging.v1.ConversationService/GetConversation";
    let message = json!({ "conversationId": id });
    Operation::get(rpc, format!("/v1/conversations/{id}"), message).answers("conversation")
}

/// Adds people.
pub fn add_members(id: &str, user_ids: &[&str]) -> Operation {
    let rpc = "im.messaging.v1.ConversationService/AddMembers";
    let message = json!({ "conversationId": id, "userIds": user_ids });
    Operation::post(rpc, format!("/v1/conversations/{id}/members"), message)
        .in_path(&["conversationId"])
        .answers("conversation")
}

/// Takes a person out; `me` is the caller.
pub fn remove_member(id: &str, user_id: &str) -> Operation {
    let rpc = "im.messaging.v1.ConversationService/RemoveMember";
    let message = json!({ "conversationId": id, "userId": user_id });
    Operation::delete(
        rpc,
        format!("/v1/conversations/{id}/members/{user_id}"),
        message,
    )
}

/// Moves the caller's read pointer.
pub fn mark_read(id: &str, seq: i64) -> Operation {
    let rpc = "im.messaging.v1.ConversationService/MarkRead";
    let message = json!({ "conversationId": id, "seq": seq });
    Operation::post(rpc, format!("/v1/conversations/{id}:markRead"), message)
        .in_path(&["conversationId"])
        .answers("conversation")
}

/// Sends a message.
pub fn send(id: &str, client_key: &str, text: &str) -> Operation {
    let rpc = "im.messaging.v1.MessageService/SendMessage";
    let message = json!({ "conversationId": id, "clientKey": client_key, "text": text });
    Operation::post(rpc, format!("/v1/conversations/{id}/messages"), message)
        .in_path(&["conversationId"])
}

/// A page of history; the query as `beforeSeq=5&pageSize=2`.
///
/// # Panics
/// When a value of the query is no number.
pub fn history(id: &str, query: &str) -> Operation {
    let rpc = "im.messaging.v1.MessageService/ListMessages";
    let mut message = json!({ "conversationId": id });
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        message[name] = json!(value.parse::<i64>().expect("a number"));
    }
    Operation::get(
        rpc,
        format!("/v1/conversations/{id}/messages?{query}"),
        message,
    )
}

/// Replaces the text of a message.
pub fn edit(id: &str, seq: i64, text: &str) -> Operation {
    let message = json!({ "conversationId": id, "seq": seq, "text": text });
    let path = format!("/v1/conversations/{id}/messages/{seq}");
    Operation::post("im.messaging.v1.MessageService/EditMessage", path, message)
        .by(Method::PATCH)
        .in_path(&["conversationId", "seq"])
        .answers("message")
}

/// Removes the text of a message.
pub fn delete_message(id: &str, seq: i64) -> Operation {
    let message = json!({ "conversationId": id, "seq": seq });
    let path = format!("/v1/conversations/{id}/messages/{seq}");
    Operation::delete(
        "im.messaging.v1.MessageService/DeleteMessage",
        path,
        message,
    )
    .answers("message")
}

/// Gives a reaction.
pub fn react(id: &str, seq: i64, emoji: &str) -> Operation {
    let message = json!({ "conversationId": id, "seq": seq, "emoji": emoji });
    let path = format!("/v1/conversations/{id}/messages/{seq}/reactions");
    Operation::post("im.messaging.v1.MessageService/AddReaction", path, message)
        .in_path(&["conversationId", "seq"])
        .answers("message")
}

/// Takes a reaction back; the emoji as it is in a path, percent-encoded.
pub fn take_reaction(id: &str, seq: i64, emoji: &str, encoded: &str) -> Operation {
    let message = json!({ "conversationId": id, "seq": seq, "emoji": emoji });
    let path = format!("/v1/conversations/{id}/messages/{seq}/reactions/{encoded}");
    Operation::delete(
        "im.messaging.v1.MessageService/RemoveReaction",
        path,
        message,
    )
    .answers("message")
}

/// Mailbox entries after a cursor; empty for the present position.
pub fn entries(cursor: &str, page_size: u32) -> Operation {
    let path = format!("/v1/mailbox?cursor={cursor}&pageSize={page_size}");
    let message = json!({ "cursor": cursor, "pageSize": page_size });
    Operation::get("im.messaging.v1.MailboxService/ListEntries", path, message)
}
