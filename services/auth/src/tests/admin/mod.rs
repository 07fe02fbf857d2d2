//! The administration and groups, over their rpcs.

mod audit;
mod bans;
mod group_members;
mod groups;
mod invites;
mod policy;
mod roles;
mod sites;

use im_proto::auth as proto;
use im_proto::auth::audit_service_client::AuditServiceClient;
use im_proto::auth::ban_service_client::BanServiceClient;
use im_proto::auth::group_service_client::GroupServiceClient;
use im_proto::auth::invite_service_client::InviteServiceClient;
use im_proto::auth::policy_scope::Level;
use im_proto::auth::policy_service_client::PolicyServiceClient;
use im_proto::auth::role_service_client::RoleServiceClient;
use im_proto::auth::site_service_client::SiteServiceClient;
use im_runtime::rpc::RpcChannel;

use super::harness::{Auth, signed_in};

type Login = proto::LoginResponse;

fn policies(auth: &Auth) -> PolicyServiceClient<RpcChannel> {
    PolicyServiceClient::new(auth.channel())
}

fn sites(auth: &Auth) -> SiteServiceClient<RpcChannel> {
    SiteServiceClient::new(auth.channel())
}

fn roles(auth: &Auth) -> RoleServiceClient<RpcChannel> {
    RoleServiceClient::new(auth.channel())
}

fn groups(auth: &Auth) -> GroupServiceClient<RpcChannel> {
    GroupServiceClient::new(auth.channel())
}

fn bans(auth: &Auth) -> BanServiceClient<RpcChannel> {
    BanServiceClient::new(auth.channel())
}

fn invites(auth: &Auth) -> InviteServiceClient<RpcChannel> {
    InviteServiceClient::new(auth.channel())
}

fn audit(auth: &Auth) -> AuditServiceClient<RpcChannel> {
    AuditServiceClient::new(auth.channel())
}

fn id_of(login: &Login) -> String {
    login.user.clone().unwrap().id
}

fn of_site(site: &str) -> proto::PolicyScope {
    let (level, site_id) = (Level::Site.into(), site.to_owned());
    proto::PolicyScope {
        level,
        site_id,
        role_id: String::new(),
    }
}

fn of_role(role: &str) -> proto::PolicyScope {
    let (level, role_id) = (Level::Role.into(), role.to_owned());
    proto::PolicyScope {
        level,
        site_id: String::new(),
        role_id,
    }
}

fn set(key: &str, value: &str, scope: Option<proto::PolicyScope>) -> proto::SetPolicyValueRequest {
    proto::SetPolicyValueRequest {
        key: key.to_owned(),
        value: value.to_owned(),
        scope,
    }
}

async fn new_role(auth: &Auth, boss: &Login, name: &str, permissions: &[&str]) -> String {
    let request = proto::CreateRoleRequest {
        name: name.to_owned(),
        permissions: permissions
            .iter()
            .map(|&permission| permission.to_owned())
            .collect(),
    };
    let made = roles(auth)
        .create_role(signed_in(boss, request))
        .await
        .unwrap();
    made.into_inner().role.unwrap().id
}

async fn grant(auth: &Auth, boss: &Login, user: &Login, role_id: &str) {
    let request = proto::GrantRoleRequest {
        user_id: id_of(user),
        role_id: role_id.to_owned(),
    };
    roles(auth)
        .grant_role(signed_in(boss, request))
        .await
        .unwrap();
}

/// The feed of changes for mirrors, as pairs of kind and reference.
async fn changes(auth: &Auth, after_revision: i64) -> Vec<(proto::change::Kind, String)> {
    let request = proto::ListChangesRequest {
        after_revision,
        limit: 0,
    };
    let answer = auth
        .internal()
        .list_changes(request)
        .await
        .unwrap()
        .into_inner();
    answer
        .changes
        .into_iter()
        .map(|change| (change.kind(), change.r#ref))
        .collect()
}

async fn revision(auth: &Auth) -> i64 {
    let request = proto::ListChangesRequest {
        after_revision: 0,
        limit: 1,
    };
    auth.internal()
        .list_changes(request)
        .await
        .unwrap()
        .into_inner()
        .revision
}
