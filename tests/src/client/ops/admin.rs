//! What administrators do.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Operation;

/// Sets a policy value for a scope: `{}` for everybody, `{"level": "SITE", "siteId": …}`, ….
pub fn set_policy(key: &str, value: &str, scope: &Value) -> Operation {
    let message = json!({ "key": key, "value": value, "scope": scope });
    let path = format!("/v1/policy/values/{key}");
    Operation::post("im.auth.v1.PolicyService/SetPolicyValue", path, message)
        .by(Method::PUT)
        .in_path(&["key"])
        .answers("value")
}

/// Why a value is what it is for a person.
pub fn explain_policy(user_id: &str, site_id: &str, key: &str) -> Operation {
    let path = format!("/v1/policy:explain?userId={user_id}&siteId={site_id}&key={key}");
    let message = json!({ "userId": user_id, "siteId": site_id, "key": key });
    Operation::get("im.auth.v1.PolicyService/ExplainPolicy", path, message)
}

/// Makes a site that answers at these addresses.
pub fn create_site(id: &str, addresses: &Value) -> Operation {
    let site = json!({ "id": id, "name": id, "addresses": addresses, "storeIds": ["local"] });
    let rpc = "im.auth.v1.SiteService/CreateSite";
    let mut operation = Operation::post(rpc, "/v1/admin/sites", json!({ "site": site }));
    operation.body = Some(site);
    operation.answers("site")
}

/// Makes a role.
pub fn create_role(name: &str, permissions: &[&str]) -> Operation {
    let message = json!({ "name": name, "permissions": permissions });
    Operation::post(
        "im.auth.v1.RoleService/CreateRole",
        "/v1/admin/roles",
        message,
    )
    .answers("role")
}

/// Gives a person a role.
pub fn grant_role(user_id: &str, role_id: &str) -> Operation {
    let path = format!("/v1/admin/users/{user_id}/roles/{role_id}");
    let message = json!({ "userId": user_id, "roleId": role_id });
    Operation::get("im.auth.v1.RoleService/GrantRole", path, message).by(Method::PUT)
}

fn user_act(rpc: &'static str, act: &str, user_id: &str) -> Operation {
    let path = format!("/v1/admin/users/{user_id}:{act}");
    Operation::post(rpc, path, json!({ "userId": user_id }))
        .in_path(&["userId"])
        .answers("user")
}

/// Lets a waiting account in.
pub fn approve_user(user_id: &str) -> Operation {
    user_act(
        "im.auth.v1.UserAdminService/ApproveUser",
        "approve",
        user_id,
    )
}

/// Bars an account.
pub fn suspend_user(user_id: &str) -> Operation {
    user_act(
        "im.auth.v1.UserAdminService/SuspendUser",
        "suspend",
        user_id,
    )
}

/// Lets it in again.
pub fn reinstate_user(user_id: &str) -> Operation {
    user_act(
        "im.auth.v1.UserAdminService/ReinstateUser",
        "reinstate",
        user_id,
    )
}

/// Keeps something out: kind `USERNAME`, `ADDRESS` or `DEVICE`.
pub fn create_ban(kind: &str, value: &str) -> Operation {
    let message = json!({ "kind": kind, "value": value, "reason": "a test" });
    Operation::post("im.auth.v1.BanService/CreateBan", "/v1/admin/bans", message).answers("ban")
}

/// The newest entries of the audit log whose action begins so.
pub fn audit(action_prefix: &str) -> Operation {
    let path = format!("/v1/admin/audit?actionPrefix={action_prefix}");
    let message = json!({ "actionPrefix": action_prefix });
    Operation::get("im.auth.v1.AuditService/ListAuditEntries", path, message)
}
