//! Behaviour §4 with the user tables of other applications: real databases, through the real call.
//! SQLite always takes part; PostgreSQL and `MariaDB` if the test command names a server.

mod administration;
mod applications;
mod database;
mod directory;
mod groups;
mod identities;
mod two_stores;

use std::collections::HashMap;

use im_proto::auth as proto;
use im_proto::auth::identity_service_client::IdentityServiceClient;
use im_proto::auth::identity_store_service_client::IdentityStoreServiceClient;
use im_proto::auth::site_service_client::SiteServiceClient;
use im_runtime::rpc::{RequestContext, RpcChannel};
use tonic::{Response, Status};

use self::database::ForeignDatabase;
use super::harness::{Auth, signed_in};

type Login = proto::LoginResponse;

/// The password of everybody in the tables.
const SECRET: &str = "Secret123";

fn stores(auth: &Auth) -> IdentityStoreServiceClient<RpcChannel> {
    IdentityStoreServiceClient::new(auth.channel())
}

fn identities(auth: &Auth) -> IdentityServiceClient<RpcChannel> {
    IdentityServiceClient::new(auth.channel())
}

/// A store on a database, by a preset.
fn store_on(
    id: &str,
    preset: &str,
    database: &ForeignDatabase,
) -> proto::CreateIdentityStoreRequest {
    let (driver, url) = database.reached();
    let settings = [("driver", driver), ("tls", "off")];
    proto::CreateIdentityStoreRequest {
        store: Some(proto::IdentityStore {
            id: id.to_owned(),
            kind: proto::identity_store::Kind::Sql.into(),
            name: format!("Store {id}"),
            preset: preset.to_owned(),
            settings: settings
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            enabled: true,
            ..Default::default()
        }),
        secrets: HashMap::from([("url".to_owned(), url)]),
    }
}

async fn create(
    auth: &Auth,
    boss: &Login,
    request: proto::CreateIdentityStoreRequest,
) -> Result<proto::IdentityStore, Status> {
    let made = stores(auth)
        .create_identity_store(signed_in(boss, request))
        .await?;
    Ok(made.into_inner().store.unwrap())
}

async fn update(auth: &Auth, boss: &Login, store: proto::IdentityStore) {
    let request = proto::UpdateIdentityStoreRequest {
        store: Some(store),
        secrets: HashMap::new(),
    };
    stores(auth)
        .update_identity_store(signed_in(boss, request))
        .await
        .unwrap();
}

/// Lets a site ask these stores; makes the site if need be.
async fn list_at(auth: &Auth, boss: &Login, site: &str, stores: &[&str]) {
    let address = proto::site::Address {
        host: format!("{site}.example"),
        ..Default::default()
    };
    let site = proto::Site {
        id: site.to_owned(),
        name: site.to_owned(),
        addresses: if site == "default" {
            Vec::new()
        } else {
            vec![address]
        },
        store_ids: stores.iter().map(|&id| id.to_owned()).collect(),
        ..Default::default()
    };
    let mut sites = SiteServiceClient::new(auth.channel());
    let create = proto::CreateSiteRequest {
        site: Some(site.clone()),
    };
    if sites.create_site(signed_in(boss, create)).await.is_err() {
        let update = proto::UpdateSiteRequest { site: Some(site) };
        sites.update_site(signed_in(boss, update)).await.unwrap();
    }
}

/// Signs in at a site.
async fn login_at(auth: &Auth, site: &str, username: &str) -> Result<Login, Status> {
    let request = proto::LoginRequest {
        username: username.to_owned(),
        password: SECRET.to_owned(),
        ..Default::default()
    };
    let context = RequestContext {
        site: Some(site.to_owned()),
        client_address: Some([192, 0, 2, 7].into()),
        ..RequestContext::default()
    };
    auth.auth()
        .login(context.request(request))
        .await
        .map(Response::into_inner)
}

fn user_of(login: &Login) -> proto::User {
    login.user.clone().unwrap()
}
