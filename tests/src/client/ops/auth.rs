//! Getting in, people, policy.

use serde_json::{Value, json};

use crate::client::Operation;

/// Public options of the address.
pub fn site() -> Operation {
    Operation::get("im.auth.v1.AuthService/GetSite", "/v1/site", json!({})).answers("site")
}

/// A new account with a name and a password.
pub fn register(username: &str, password: &str) -> Operation {
    let message = json!({ "username": username, "password": password });
    register_as(message)
}

/// A new account with all that can be said.
pub fn register_as(message: Value) -> Operation {
    Operation::post(
        "im.auth.v1.AuthService/Register",
        "/v1/auth:register",
        message,
    )
}

/// Signing in.
pub fn login(username: &str, password: &str) -> Operation {
    login_as(json!({ "username": username, "password": password }))
}

/// Signing in with device, site password, …
pub fn login_as(message: Value) -> Operation {
    Operation::post("im.auth.v1.AuthService/Login", "/v1/auth:login", message)
}

/// New tokens for a refresh token.
pub fn refresh(refresh_token: &str) -> Operation {
    let message = json!({ "refreshToken": refresh_token });
    Operation::post(
        "im.auth.v1.AuthService/Refresh",
        "/v1/auth:refresh",
        message,
    )
}

/// Ends the caller's session.
pub fn logout() -> Operation {
    Operation::post(
        "im.auth.v1.AuthService/Logout",
        "/v1/auth:logout",
        json!({}),
    )
}

/// Replaces the caller's password.
pub fn change_password(old_password: &str, new_password: &str) -> Operation {
    let message = json!({ "oldPassword": old_password, "newPassword": new_password });
    Operation::post(
        "im.auth.v1.AuthService/ChangePassword",
        "/v1/auth:changePassword",
        message,
    )
}

/// Makes the first administrator.
pub fn claim(token: &str, username: &str, password: &str) -> Operation {
    let message = json!({ "token": token, "username": username, "password": password });
    let rpc = "im.auth.v1.AuthService/ClaimFirstAdministrator";
    Operation::post(rpc, "/v1/auth:claimFirstAdministrator", message)
}

/// A person's profile; `me` is the caller's.
pub fn user(user_id: &str) -> Operation {
    let path = format!("/v1/users/{user_id}");
    let message = json!({ "userId": user_id });
    Operation::get("im.auth.v1.UserService/GetUser", path, message).answers("user")
}

/// A page of the directory.
pub fn users(query: &str, page_size: u32, page_token: &str) -> Operation {
    let path = format!("/v1/users?query={query}&pageSize={page_size}&pageToken={page_token}");
    let message = json!({ "query": query, "pageSize": page_size, "pageToken": page_token });
    Operation::get("im.auth.v1.UserService/ListUsers", path, message)
}

/// The values that count for the caller.
pub fn policy() -> Operation {
    Operation::get(
        "im.auth.v1.PolicyService/GetPolicy",
        "/v1/policy",
        json!({}),
    )
}

/// The caller's sessions.
pub fn sessions() -> Operation {
    Operation::get(
        "im.auth.v1.SessionService/ListSessions",
        "/v1/sessions",
        json!({}),
    )
}

/// Ends a session.
pub fn revoke_session(session_id: &str) -> Operation {
    let path = format!("/v1/sessions/{session_id}");
    let message = json!({ "sessionId": session_id });
    Operation::delete("im.auth.v1.SessionService/RevokeSession", path, message)
}

/// A one-time ticket for the stream.
pub fn ticket() -> Operation {
    let rpc = "im.gateway.v1.StreamService/CreateStreamTicket";
    Operation::post(rpc, "/v1/stream:ticket", json!({}))
}

/// Says a frame beside a one-way stream.
pub fn update_stream(frame: &Value) -> Operation {
    let rpc = "im.gateway.v1.StreamService/UpdateStream";
    Operation::post(rpc, "/v1/stream:update", json!({ "frame": frame }))
}
