//! A service of its own for each test.

use std::sync::Arc;
use std::time::Duration;

use im_bus::EventBus;
use im_proto::auth as proto;
use im_proto::auth::auth_internal_service_client::AuthInternalServiceClient;
use im_proto::auth::auth_service_client::AuthServiceClient;
use im_proto::auth::session_service_client::SessionServiceClient;
use im_proto::auth::user_admin_service_client::UserAdminServiceClient;
use im_proto::auth::user_service_client::UserServiceClient;
use im_runtime::error::ReasonedStatus;
use im_runtime::lifecycle::Tasks;
use im_runtime::rpc::{ClientLayers, RequestContext, RpcChannel, ServerLayers};
use im_store::testing::{TestDatabase, databases};
use im_types::{Clock, Ids, Secret, Timestamp};
use tonic::{Response, Status};

use crate::build::build_with_stores;
use crate::config::AuthSettings;
use crate::ports::IdentityStore;
use crate::usecase::App;
use crate::{Deps, Service};

pub(super) const PASSWORD: &str = "correct horse battery";

/// A running auth with a clock that stands still.
pub(super) struct Auth {
    pub(super) app: Arc<App>,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    pub(super) bus: EventBus,
    pub(super) first_admin_token: Option<Secret<String>>,
    channel: RpcChannel,
    database: TestDatabase,
}

/// Cheap passwords: tests are about what happens, not about how long it takes.
pub(super) fn settings() -> AuthSettings {
    AuthSettings {
        password_memory_kib: 32,
        password_passes: 1,
        password_threads: 2,
        ..AuthSettings::default()
    }
}

/// One auth for each engine at hand.
pub(super) async fn every_engine() -> Vec<Auth> {
    every_engine_with(settings(), &[]).await
}

pub(super) async fn every_engine_with(
    settings: AuthSettings,
    stores: &[Arc<dyn IdentityStore>],
) -> Vec<Auth> {
    let mut all = Vec::new();
    for database in databases().await {
        let clock = Clock::mock(Timestamp::from_millis(1_800_000_000_000));
        all.push(Auth::start(database, clock, settings.clone(), stores.to_vec()).await);
    }
    all
}

impl Auth {
    async fn start(
        database: TestDatabase,
        clock: Clock,
        settings: AuthSettings,
        stores: Vec<Arc<dyn IdentityStore>>,
    ) -> Self {
        let (tasks, bus) = (Tasks::new(), EventBus::in_process());
        let deps = Deps {
            clock: clock.clone(),
            ids: Ids::system(clock.clone()),
            database: database.database(),
            bus: bus.clone(),
            tasks: tasks.clone(),
        };
        let service = build_with_stores(settings, deps, stores).await.unwrap();
        let Service {
            routes,
            first_admin_token,
            app,
        } = service;
        let routes = ServerLayers::public().wrap(routes);
        let channel = RpcChannel::local(routes, &ClientLayers::external());
        Self {
            app,
            clock,
            tasks,
            bus,
            first_admin_token,
            channel,
            database,
        }
    }

    /// Another process on the same database, with the same bus.
    pub(super) async fn replica(&self) -> (Arc<App>, RpcChannel) {
        let deps = Deps {
            clock: self.clock.clone(),
            ids: Ids::system(self.clock.clone()),
            database: self.database.database(),
            bus: self.bus.clone(),
            tasks: self.tasks.clone(),
        };
        let service = build_with_stores(settings(), deps, Vec::new())
            .await
            .unwrap();
        let routes = ServerLayers::public().wrap(service.routes);
        (
            service.app,
            RpcChannel::local(routes, &ClientLayers::external()),
        )
    }

    /// For clients of other services.
    pub(super) fn channel(&self) -> RpcChannel {
        self.channel.clone()
    }

    pub(super) fn auth(&self) -> AuthServiceClient<RpcChannel> {
        AuthServiceClient::new(self.channel.clone())
    }

    pub(super) fn users(&self) -> UserServiceClient<RpcChannel> {
        UserServiceClient::new(self.channel.clone())
    }

    pub(super) fn sessions(&self) -> SessionServiceClient<RpcChannel> {
        SessionServiceClient::new(self.channel.clone())
    }

    pub(super) fn admin(&self) -> UserAdminServiceClient<RpcChannel> {
        UserAdminServiceClient::new(self.channel.clone())
    }

    pub(super) fn internal(&self) -> AuthInternalServiceClient<RpcChannel> {
        AuthInternalServiceClient::new(self.channel.clone())
    }

    pub(super) async fn register(&self, username: &str) -> Result<proto::User, Status> {
        let request = proto::RegisterRequest {
            username: username.to_owned(),
            password: PASSWORD.to_owned(),
            ..proto::RegisterRequest::default()
        };
        let answer = self.auth().register(from_here(request)).await?;
        Ok(answer.into_inner().user.unwrap())
    }

    pub(super) async fn login(
        &self,
        username: &str,
        password: &str,
    ) -> Result<proto::LoginResponse, Status> {
        let request = proto::LoginRequest {
            username: username.to_owned(),
            password: password.to_owned(),
            device_name: "test".to_owned(),
            ..proto::LoginRequest::default()
        };
        self.auth()
            .login(from_here(request))
            .await
            .map(Response::into_inner)
    }

    /// Signs somebody up and in.
    pub(super) async fn newcomer(&self, username: &str) -> proto::LoginResponse {
        self.register(username).await.unwrap();
        self.login(username, PASSWORD).await.unwrap()
    }

    /// Makes the first administrator and signs them in.
    pub(super) async fn administrator(&self) -> proto::LoginResponse {
        let request = proto::ClaimFirstAdministratorRequest {
            token: self.first_admin_token.as_ref().unwrap().expose().clone(),
            username: "boss".to_owned(),
            password: PASSWORD.to_owned(),
            display_name: String::new(),
        };
        self.auth()
            .claim_first_administrator(from_here(request))
            .await
            .unwrap();
        self.login("boss", PASSWORD).await.unwrap()
    }

    /// Sets a policy value as its use case would: in the database, with a numbered change.
    pub(super) async fn set_policy(&self, key: &str, value: &str) {
        let mut unit = self.app.begin().await.unwrap();
        im_store::query(
            "INSERT INTO policy_values (key, level, scope_id, value, updated_at_us)
             VALUES ($1, 'global', '', $2, 0)
             ON CONFLICT (key, level, scope_id) DO UPDATE SET value = excluded.value",
        )
        .bind(key)
        .bind(value)
        .execute(unit.tx())
        .await
        .unwrap();
        unit.change(crate::domain::change::Change::Snapshot);
        self.app.commit(unit).await.unwrap();
    }

    /// The actions in the audit log, the oldest first.
    pub(super) async fn audit(&self) -> Vec<(String, String)> {
        struct Line(String, String);
        impl im_store::FromRow for Line {
            fn from_row(row: &im_store::Row) -> Result<Self, im_store::StoreError> {
                Ok(Self(row.get_text("action")?, row.get_text("detail")?))
            }
        }
        let lines: Vec<Line> =
            im_store::query("SELECT action, detail FROM audit_entries ORDER BY seq")
                .fetch_all(&*self.database)
                .await
                .unwrap();
        lines.into_iter().map(|line| (line.0, line.1)).collect()
    }

    pub(super) fn database(&self) -> &im_store::Database {
        &self.database
    }

    /// Ends the workers; nothing may be left.
    pub(super) async fn stop(self) {
        self.tasks.stop_now();
        assert!(
            self.tasks.wait(Duration::from_secs(5)).await,
            "a task did not end"
        );
    }
}

fn context(bearer: Option<&str>) -> RequestContext {
    RequestContext {
        site: Some("default".to_owned()),
        client_address: Some([192, 0, 2, 7].into()),
        bearer: bearer.map(Into::into),
        ..RequestContext::default()
    }
}

/// A request from the usual client address on the default site.
pub(super) fn from_here<T>(message: T) -> tonic::Request<T> {
    context(None).request(message)
}

/// The same, signed in.
pub(super) fn signed_in<T>(login: &proto::LoginResponse, message: T) -> tonic::Request<T> {
    context(Some(&login.access_token)).request(message)
}

/// The reason of a refusal.
pub(super) fn reason<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    reasoned(result).reason.unwrap_or_default()
}

pub(super) fn reasoned<T: std::fmt::Debug>(result: Result<T, Status>) -> ReasonedStatus {
    ReasonedStatus::of(&result.expect_err("a refusal"))
}
