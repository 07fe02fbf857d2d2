//! A messaging service on a fresh database, with an auth and a presence that do as told.

mod node;
mod presence;
mod replica;

use std::sync::Arc;
use std::time::Duration;

use im_bus::EventBus;
use im_directory::Directory;
use im_directory::testing::FixedAuth;
use im_messaging::ports::{Presence, Store};
use im_messaging::store::{MIGRATIONS, SqlStore};
use im_messaging::{Deps, MessagingSettings, build_on};
use im_policy::{Key, Scope};
use im_proto::messaging as proto;
use im_runtime::lifecycle::Tasks;
use im_runtime::rpc::{
    ClientLayers, InternalKey, RequestContext, RpcChannel, ServerLayers, ServiceIdentity,
};
use im_store::testing::{TestDatabase, sqlite_temp};
use im_store::{Database, Engine};
use im_types::{Clock, Ids, SessionId, SiteId, UserId};
use tonic::Request;

pub(crate) use node::Node;
pub(crate) use presence::FakePresence;
pub(crate) use replica::Replica;

/// What several replicas share.
pub(crate) struct World {
    pub(crate) auth: FixedAuth,
    pub(crate) directory: Directory,
    pub(crate) presence: Arc<FakePresence>,
    pub(crate) bus: EventBus,
    pub(crate) database: TestDatabase,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(sqlite_temp().await).await
    }

    pub(crate) async fn on(database: TestDatabase) -> Self {
        Self::at(database, Clock::system()).await
    }

    pub(crate) async fn at(database: TestDatabase, clock: Clock) -> Self {
        let auth = FixedAuth::new(clock.clone());
        Self {
            directory: auth.directory().await,
            auth,
            presence: Arc::default(),
            bus: EventBus::in_process(),
            database: database.migrated(&MIGRATIONS).await,
            ids: Ids::seeded(clock.clone(), 1),
            clock,
        }
    }

    pub(crate) async fn user(&self, name: &str) -> Caller {
        let user_id = self.ids.new_id();
        self.auth.add_user(user_id, name);
        self.auth.publish(&self.directory).await;
        let session_id = self.ids.new_id();
        let context = self.auth.context(user_id, session_id, &SiteId::default());
        Caller {
            user_id,
            session_id,
            context,
        }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::new(SqlStore::new(self.database.database()))
    }

    pub(crate) async fn set_policy(&self, key: Key, value: &str) {
        self.auth.set_policy(&Scope::Global, key, value);
        self.auth.publish(&self.directory).await;
    }

    pub(crate) async fn replica(&self) -> Replica {
        self.replica_with(&settings(), self.database.database())
            .await
    }

    pub(crate) async fn replica_with(
        &self,
        settings: &MessagingSettings,
        database: Database,
    ) -> Replica {
        let lanes = if database.engine() == Engine::Sqlite {
            1
        } else {
            4
        };
        let store: Arc<dyn Store> = Arc::new(SqlStore::new(database));
        self.replica_on(settings, lanes, store, &self.bus).await
    }

    pub(crate) async fn replica_on(
        &self,
        settings: &MessagingSettings,
        lanes: u32,
        store: Arc<dyn Store>,
        bus: &EventBus,
    ) -> Replica {
        let tasks = Tasks::new();
        let key = InternalKey::random();
        let deps = Deps {
            ids: self.ids.clone(),
            database: self.database.database(),
            bus: bus.clone(),
            directory: self.directory.clone(),
            // Not used: the ports are given.
            presence: RpcChannel::local(
                tonic::service::Routes::default(),
                &ClientLayers::external(),
            ),
            tasks: tasks.clone(),
        };
        let presence: Arc<dyn Presence> = Arc::clone(&self.presence) as _;
        let service = build_on(settings, lanes, (store, presence), deps)
            .await
            .unwrap();
        let layers = ServerLayers::internal(key.clone(), self.clock.clone());
        let identity = ServiceIdentity::new("gateway", key, self.clock.clone());
        let routes = layers.wrap(service.routes.clone());
        let channel = RpcChannel::local(routes, &ClientLayers::internal(identity));
        Replica {
            service,
            channel,
            tasks,
        }
    }
}

/// Settings with short intervals.
pub(crate) fn settings() -> MessagingSettings {
    MessagingSettings {
        poll_interval_ms: 200,
        coalesce_interval_ms: 50,
        roster_interval_ms: 100,
        ..MessagingSettings::default()
    }
}

/// The texts of entries that carry messages.
pub(crate) fn texts(entries: &[proto::Entry]) -> Vec<String> {
    let text = |entry: &proto::Entry| match &entry.payload {
        Some(proto::entry::Payload::Message(message)) => Some(message.text.clone()),
        _ => None,
    };
    entries.iter().filter_map(text).collect()
}

/// The reason in a status within an answer.
pub(crate) fn reason_of(error: &im_proto::google::rpc::Status) -> String {
    use prost::Message as _;
    let status = tonic::Status::with_details(
        error.code.into(),
        error.message.clone(),
        error.encode_to_vec().into(),
    );
    reason(&status)
}

/// Somebody with a session.
pub(crate) struct Caller {
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    pub(crate) context: RequestContext,
}

impl Caller {
    pub(crate) fn ask<T>(&self, message: T) -> Request<T> {
        self.context.request(message)
    }
}

/// Waits until something holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come to hold within 5 s");
}

/// The reason that a status carries.
pub(crate) fn reason(status: &tonic::Status) -> String {
    im_runtime::error::ReasonedStatus::of(status)
        .reason
        .unwrap_or_default()
}
