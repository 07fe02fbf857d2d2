//! A messaging service on a fresh database, with an auth and a presence that do as told.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use im_bus::EventBus;
use im_directory::Directory;
use im_directory::testing::FixedAuth;
use im_messaging::domain::Verdict;
use im_messaging::domain::command::Unreachable;
use im_messaging::ports::{Answer, Presence, PresenceFault, RosterChanges, Store};
use im_messaging::store::{MIGRATIONS, SqlStore};
use im_messaging::{Deps, MessagingSettings, Service, build_on};
use im_policy::{Key, Scope};
use im_proto::messaging as proto;
use im_proto::messaging::attach_request::{Action, Credit, Open};
use im_proto::messaging::attach_response::Delivery;
use im_proto::messaging::attach_response::delivery::Content;
use im_proto::messaging::conversation_service_client::ConversationServiceClient;
use im_proto::messaging::mailbox_service_client::MailboxServiceClient;
use im_proto::messaging::message_service_client::MessageServiceClient;
use im_proto::messaging::messaging_internal_service_client::MessagingInternalServiceClient;
use im_runtime::lifecycle::Tasks;
use im_runtime::rpc::{
    ClientLayers, InternalKey, RequestContext, RpcChannel, ServerLayers, ServiceIdentity,
};
use im_store::testing::{TestDatabase, sqlite_temp};
use im_store::{Database, Engine};
use im_types::{Clock, Ids, SessionId, SiteId, UserId};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;

/// Lets everybody reach everybody, but for the pairs that are named.
#[derive(Debug, Default)]
pub(crate) struct FakePresence {
    refused: Mutex<HashSet<(UserId, UserId)>>,
    roster: Mutex<Vec<(UserId, Arc<[u8]>)>>,
    pub(crate) is_away: AtomicBool,
    pub(crate) questions: AtomicUsize,
}

impl FakePresence {
    pub(crate) fn refuse(&self, sender: UserId, other: UserId) {
        self.refused.lock().unwrap().insert((sender, other));
    }

    pub(crate) fn change_roster(&self, owner: UserId, contact: &im_proto::presence::Contact) {
        use prost::Message as _;
        self.roster
            .lock()
            .unwrap()
            .push((owner, contact.encode_to_vec().into()));
    }
}

impl Presence for FakePresence {
    fn check_reach<'a>(
        &'a self,
        sender_id: UserId,
        _site_id: &'a SiteId,
        user_ids: &'a [UserId],
    ) -> Answer<'a, Vec<Verdict>, PresenceFault> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        let refused = self.refused.lock().unwrap();
        let verdict = |user_id: &UserId| {
            let is_open = !refused.contains(&(sender_id, *user_id));
            is_open.then_some(()).ok_or(Unreachable::NotAContact)
        };
        let answer = if self.is_away.load(Ordering::SeqCst) {
            Err(PresenceFault("away".into()))
        } else {
            Ok(user_ids.iter().map(verdict).collect())
        };
        std::future::ready(answer).boxed()
    }

    fn roster_changes(&self, after_position: i64) -> Answer<'_, RosterChanges, PresenceFault> {
        let roster = self.roster.lock().unwrap();
        let changes: Vec<_> = roster
            .iter()
            .skip(usize::try_from(after_position).unwrap())
            .cloned()
            .collect();
        let position = after_position + i64::try_from(changes.len()).unwrap();
        std::future::ready(Ok(RosterChanges { position, changes })).boxed()
    }
}

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

/// One process.
pub(crate) struct Replica {
    pub(crate) service: Service,
    pub(crate) channel: RpcChannel,
    pub(crate) tasks: Tasks,
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.tasks.stop_now();
    }
}

impl Replica {
    pub(crate) fn conversations(&self) -> ConversationServiceClient<RpcChannel> {
        ConversationServiceClient::new(self.channel.clone())
    }

    pub(crate) fn messages(&self) -> MessageServiceClient<RpcChannel> {
        MessageServiceClient::new(self.channel.clone())
    }

    pub(crate) fn mailboxes(&self) -> MailboxServiceClient<RpcChannel> {
        MailboxServiceClient::new(self.channel.clone())
    }

    pub(crate) fn internal(&self) -> MessagingInternalServiceClient<RpcChannel> {
        MessagingInternalServiceClient::new(self.channel.clone())
    }

    pub(crate) async fn direct(&self, one: &Caller, other: &Caller) -> String {
        let request = proto::CreateConversationRequest {
            kind: proto::conversation::Kind::Direct.into(),
            member_ids: vec![other.user_id.to_string()],
            ..Default::default()
        };
        let answer = self
            .conversations()
            .create_conversation(one.ask(request))
            .await
            .unwrap();
        answer.into_inner().conversation.unwrap().id
    }

    pub(crate) async fn group(&self, owner: &Caller, others: &[&Caller], title: &str) -> String {
        let request = proto::CreateConversationRequest {
            kind: proto::conversation::Kind::Group.into(),
            member_ids: others
                .iter()
                .map(|other| other.user_id.to_string())
                .collect(),
            title: title.to_owned(),
            ..Default::default()
        };
        let answer = self
            .conversations()
            .create_conversation(owner.ask(request))
            .await
            .unwrap();
        answer.into_inner().conversation.unwrap().id
    }

    pub(crate) async fn send(
        &self,
        sender: &Caller,
        conversation_id: &str,
        key: &str,
        text: &str,
    ) -> Result<proto::SendMessageResponse, tonic::Status> {
        let request = proto::SendMessageRequest {
            conversation_id: conversation_id.to_owned(),
            client_key: key.to_owned(),
            text: text.to_owned(),
            reply_to_seq: 0,
        };
        let answer = self.messages().send_message(sender.ask(request)).await?;
        Ok(answer.into_inner())
    }

    pub(crate) async fn conversation(&self, caller: &Caller, id: &str) -> proto::Conversation {
        let request = proto::GetConversationRequest {
            conversation_id: id.to_owned(),
        };
        let answer = self
            .conversations()
            .get_conversation(caller.ask(request))
            .await
            .unwrap();
        answer.into_inner().conversation.unwrap()
    }

    pub(crate) async fn mark_read(
        &self,
        caller: &Caller,
        id: &str,
        seq: i64,
    ) -> Result<proto::Conversation, tonic::Status> {
        let request = proto::MarkReadRequest {
            conversation_id: id.to_owned(),
            seq,
        };
        let answer = self.conversations().mark_read(caller.ask(request)).await?;
        Ok(answer.into_inner().conversation.unwrap())
    }

    pub(crate) async fn history(
        &self,
        caller: &Caller,
        id: &str,
        (before_seq, after_seq, page_size): (i64, i64, i32),
    ) -> Result<proto::ListMessagesResponse, tonic::Status> {
        let conversation_id = id.to_owned();
        let request = proto::ListMessagesRequest {
            conversation_id,
            before_seq,
            after_seq,
            page_size,
        };
        Ok(self
            .messages()
            .list_messages(caller.ask(request))
            .await?
            .into_inner())
    }

    pub(crate) async fn list(
        &self,
        reader: &Caller,
        cursor: &str,
    ) -> Result<proto::ListEntriesResponse, tonic::Status> {
        let request = proto::ListEntriesRequest {
            cursor: cursor.to_owned(),
            page_size: 0,
        };
        let answer = self.mailboxes().list_entries(reader.ask(request)).await?;
        Ok(answer.into_inner())
    }
}

/// A node's stream with messaging, as a gateway holds it.
pub(crate) struct Node {
    requests: mpsc::Sender<proto::AttachRequest>,
    deliveries: tonic::Streaming<proto::AttachResponse>,
    waiting: VecDeque<Delivery>,
}

impl Node {
    pub(crate) async fn attach(replica: &Replica) -> Self {
        let (requests, taken) = mpsc::channel(1_024);
        let deliveries = replica
            .internal()
            .attach(ReceiverStream::new(taken))
            .await
            .unwrap();
        Self {
            requests,
            deliveries: deliveries.into_inner(),
            waiting: VecDeque::new(),
        }
    }

    async fn ask(&self, action: Action) {
        self.requests
            .send(proto::AttachRequest {
                action: Some(action),
            })
            .await
            .unwrap();
    }

    /// Begins to read; answers the cursor, or the reason why not.
    pub(crate) async fn open(
        &mut self,
        connection: &str,
        user_id: UserId,
        cursor: &str,
        credit: i32,
    ) -> Result<String, String> {
        let (connection_id, cursor) = (connection.to_owned(), cursor.to_owned());
        let user_id = user_id.to_string();
        self.ask(Action::Open(Open {
            connection_id,
            user_id,
            cursor,
            credit,
        }))
        .await;
        match self.next().await {
            (_, Content::OpenedCursor(cursor)) => Ok(cursor),
            (_, Content::Error(error)) => Err(reason_of(&error)),
            (_, Content::Batch(batch)) => panic!("{batch:?} before the cursor"),
        }
    }

    pub(crate) async fn credit(&self, connection: &str, entries: i32) {
        let connection_id = connection.to_owned();
        self.ask(Action::Credit(Credit {
            connection_id,
            entries,
        }))
        .await;
    }

    pub(crate) async fn close(&self, connection: &str) {
        self.ask(Action::CloseConnectionId(connection.to_owned()))
            .await;
    }

    /// The next delivery; fails after five seconds.
    pub(crate) async fn next(&mut self) -> (String, Content) {
        while self.waiting.is_empty() {
            let answer = tokio::time::timeout(Duration::from_secs(5), self.deliveries.message());
            let answer = answer.await.expect("something comes within 5 s").unwrap();
            self.waiting
                .extend(answer.expect("the stream goes on").deliveries);
        }
        let delivery = self.waiting.pop_front().unwrap();
        (delivery.connection_id, delivery.content.unwrap())
    }

    /// The next entries of the only connection, so many of them.
    pub(crate) async fn entries(&mut self, count: usize) -> Vec<proto::Entry> {
        let mut entries = Vec::new();
        while entries.len() < count {
            match self.next().await {
                (_, Content::Batch(batch)) => entries.extend(batch.entries),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(entries.len(), count, "{entries:#?}");
        entries
    }

    /// Nothing comes for a while.
    pub(crate) async fn expect_silence(&mut self, length: Duration) {
        assert!(self.waiting.is_empty(), "{:?}", self.waiting);
        if let Ok(answer) = tokio::time::timeout(length, self.deliveries.message()).await {
            panic!("{answer:?}");
        }
    }

    /// Whether the stream ends within five seconds.
    pub(crate) async fn ends(&mut self) -> bool {
        let end = async { while let Ok(Some(_)) = self.deliveries.message().await {} };
        tokio::time::timeout(Duration::from_secs(5), end)
            .await
            .is_ok()
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
