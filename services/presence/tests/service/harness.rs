//! Instances of the service over one database, with an auth of given facts.

mod node;
mod stream;

use std::time::Duration;

use im_bus::EventBus;
use im_directory::Directory;
use im_directory::testing::FixedAuth;
use im_policy::{Key, Scope};
use im_presence::config::PresenceSettings;
use im_presence::{Deps, build};
use im_proto::presence as proto;
use im_proto::presence::contact_service_client::ContactServiceClient;
use im_proto::presence::presence_internal_service_client::PresenceInternalServiceClient;
use im_proto::presence::presence_service_client::PresenceServiceClient;
use im_runtime::error::ReasonedStatus;
use im_runtime::lifecycle::Tasks;
use im_runtime::rpc::{ClientLayers, InternalKey, RpcChannel, ServerLayers, ServiceIdentity};
use im_store::Database;
use im_store::testing::{TestDatabase, sqlite_temp};
use im_types::{Clock, Ids, NodeId, SessionId, SiteId, Timestamp, UserId};
use tonic::Status;

pub(crate) use self::node::Node;
pub(crate) use self::stream::Stream;
pub(crate) use proto::presence::State;

/// Where the mock clock begins: a whole minute, so that rounding shows.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_700_000_040_000_000);

/// What all instances of a test share.
pub(crate) struct World {
    pub(crate) auth: FixedAuth,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) bus: EventBus,
    database: Database,
    /// Removed when the world ends.
    home: Option<TestDatabase>,
}

impl World {
    /// Over a SQLite file, with a clock that stands still until it is advanced.
    pub(crate) async fn mock() -> Self {
        let home = sqlite_temp().await;
        let mut world = Self::over(home.database(), Clock::mock(START));
        world.home = Some(home);
        world
    }

    /// Over a database of the test.
    pub(crate) fn over(database: Database, clock: Clock) -> Self {
        Self {
            auth: FixedAuth::new(clock.clone()),
            ids: Ids::system(clock.clone()),
            bus: EventBus::in_process(),
            clock,
            database,
            home: None,
        }
    }

    /// Somebody new.
    pub(crate) fn user(&self, name: &str) -> UserId {
        let user_id = self.ids.new_id();
        self.auth.add_user(user_id, name);
        user_id
    }

    pub(crate) fn set(&self, key: Key, value: &str) {
        self.auth.set_policy(&Scope::Global, key, value);
    }

    /// One more replica.
    pub(crate) async fn start(&self) -> Instance {
        let directory = self.auth.directory().await;
        let tasks = Tasks::new();
        let deps = Deps {
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            database: self.database.clone(),
            bus: self.bus.clone(),
            directory: directory.clone(),
            tasks: tasks.clone(),
        };
        let service = build(PresenceSettings::default(), deps).await.unwrap();
        let key = InternalKey::random();
        let routes = ServerLayers::internal(key.clone(), self.clock.clone()).wrap(service.routes);
        let identity = ServiceIdentity::new("gateway", key, self.clock.clone());
        let channel = RpcChannel::local(routes, &ClientLayers::internal(identity));
        Instance {
            contacts: ContactServiceClient::new(channel.clone()),
            presences: PresenceServiceClient::new(channel.clone()),
            internal: PresenceInternalServiceClient::new(channel),
            auth: self.auth.clone(),
            ids: self.ids.clone(),
            directory,
            tasks,
        }
    }
}

/// A replica.
#[derive(Clone)]
pub(crate) struct Instance {
    pub(crate) contacts: ContactServiceClient<RpcChannel>,
    pub(crate) presences: PresenceServiceClient<RpcChannel>,
    pub(crate) internal: PresenceInternalServiceClient<RpcChannel>,
    pub(crate) ids: Ids,
    pub(crate) directory: Directory,
    auth: FixedAuth,
    tasks: Tasks,
}

impl Instance {
    /// Ends all tasks; whatever had to be written is.
    pub(crate) async fn stop(&self) {
        self.tasks.begin_shutdown();
        assert!(
            self.tasks.wait(Duration::from_secs(10)).await,
            "tasks are left"
        );
    }

    /// A request of somebody on the default site.
    pub(crate) fn by<T>(&self, user_id: UserId, message: T) -> tonic::Request<T> {
        let session = SessionId::from_uuid(user_id.as_uuid());
        self.auth
            .context(user_id, session, &SiteId::default())
            .request(message)
    }

    /// The mirror learns what the test's auth has changed.
    pub(crate) async fn publish(&self) {
        self.auth.publish(&self.directory).await;
    }

    pub(crate) async fn ask(
        &self,
        user_id: UserId,
        peer: UserId,
    ) -> Result<proto::Contact, Status> {
        let message = proto::CreateContactRequest {
            user_id: peer.to_string(),
            note: "hi".to_owned(),
        };
        let request = self.by(user_id, message);
        let answer = self.contacts.clone().create_contact(request).await?;
        Ok(answer.into_inner().contact.unwrap())
    }

    pub(crate) async fn accept(
        &self,
        user_id: UserId,
        peer: UserId,
    ) -> Result<proto::Contact, Status> {
        let request = self.by(
            user_id,
            proto::AcceptContactRequest {
                user_id: peer.to_string(),
            },
        );
        let answer = self.contacts.clone().accept_contact(request).await?;
        Ok(answer.into_inner().contact.unwrap())
    }

    pub(crate) async fn befriend(&self, a: UserId, b: UserId) {
        self.ask(a, b).await.unwrap();
        self.accept(b, a).await.unwrap();
    }

    pub(crate) async fn block(&self, user_id: UserId, peer: UserId) -> proto::Contact {
        let request = self.by(
            user_id,
            proto::BlockContactRequest {
                user_id: peer.to_string(),
            },
        );
        let answer = self.contacts.clone().block_contact(request).await.unwrap();
        answer.into_inner().contact.unwrap()
    }

    pub(crate) async fn hide(&self, user_id: UserId, peer: UserId, is_hidden: bool) {
        let message = proto::UpdateContactRequest {
            user_id: peer.to_string(),
            is_hidden_from: Some(is_hidden),
            ..Default::default()
        };
        self.contacts
            .clone()
            .update_contact(self.by(user_id, message))
            .await
            .unwrap();
    }

    pub(crate) async fn roster(&self, user_id: UserId) -> Vec<proto::Contact> {
        let request = self.by(user_id, proto::ListContactsRequest::default());
        self.contacts
            .clone()
            .list_contacts(request)
            .await
            .unwrap()
            .into_inner()
            .contacts
    }

    pub(crate) async fn set(&self, user_id: UserId, state: State) {
        let message = proto::SetPresenceRequest {
            state: state.into(),
            ..Default::default()
        };
        self.presences
            .clone()
            .set_presence(self.by(user_id, message))
            .await
            .unwrap();
    }

    /// How one person is, as another one is told.
    pub(crate) async fn look(&self, viewer: UserId, subject: UserId) -> proto::Presence {
        let message = proto::ListPresencesRequest {
            user_ids: vec![subject.to_string()],
        };
        let answer = self
            .presences
            .clone()
            .list_presences(self.by(viewer, message))
            .await;
        answer.unwrap().into_inner().presences.remove(0)
    }

    pub(crate) async fn reach(&self, sender: UserId, others: &[UserId]) -> Vec<String> {
        let message = proto::CheckReachRequest {
            sender_id: sender.to_string(),
            site_id: "default".to_owned(),
            user_ids: others.iter().map(ToString::to_string).collect(),
        };
        let answer = self
            .internal
            .clone()
            .check_reach(message)
            .await
            .unwrap()
            .into_inner();
        answer
            .verdicts
            .into_iter()
            .map(|verdict| verdict.refused_reason)
            .collect()
    }

    /// A gateway node with its lease.
    pub(crate) async fn node(&self) -> Node {
        let node_id: NodeId = self.ids.new_id();
        self.node_again(node_id).await
    }

    pub(crate) async fn node_again(&self, node_id: NodeId) -> Node {
        let request = proto::OpenNodeRequest {
            node_id: node_id.to_string(),
        };
        let terms = self
            .internal
            .clone()
            .open_node(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!((terms.beat_interval_ms, terms.lease_ms), (5_000, 15_000));
        Node {
            instance: self.clone(),
            node_id,
            epoch: terms.epoch,
        }
    }
}

/// The reason of a refusal.
pub(crate) fn reason<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    ReasonedStatus::of(&result.unwrap_err()).reason.unwrap()
}

/// Waits until something is so, at most ten seconds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let is_in_time = tokio::time::timeout(Duration::from_secs(10), async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(is_in_time.await.is_ok(), "{what}");
}
