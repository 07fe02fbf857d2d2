//! Services behind the gateway, played: they note what arrives and answer what they were told.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, extract::State};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use im_proto::{
    auth::{
        self,
        auth_internal_service_server::{AuthInternalService, AuthInternalServiceServer},
    },
    messaging::{
        self, AttachRequest, AttachResponse, Batch, Entry, Message, SendMessageResponse,
        attach_request::{Action, Open},
        attach_response::{Delivery, delivery::Content},
        batch_send_messages_response::{self, result::Outcome},
        entry::Payload,
        messaging_internal_service_server::{
            MessagingInternalService, MessagingInternalServiceServer,
        },
    },
    presence::{
        self, Presence, WatchRequest, WatchResponse, open_connections_response,
        presence_internal_service_server::{
            PresenceInternalService, PresenceInternalServiceServer,
        },
        watch_response::View,
    },
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request as Rpc, Response as Answer, Status, Streaming, async_trait,
    service::{AxumRouter, Routes},
};

/// A call of a public rpc as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) message: Bytes,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

type Deliveries = mpsc::Sender<Result<AttachResponse, Status>>;
type Views = mpsc::Sender<Result<WatchResponse, Status>>;

/// All three services. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Backends(Arc<Played>);

#[derive(Default)]
pub(crate) struct Played {
    /// Calls of public rpcs.
    pub(crate) calls: Mutex<Vec<Call>>,
    /// What public rpcs answer: an encoded message, or a status. Empty by default.
    pub(crate) answer: Mutex<Option<Result<Bytes, Status>>>,
    pub(crate) tickets: Mutex<HashMap<String, auth::RedeemTicketResponse>>,
    pub(crate) ticket_context: Mutex<Option<HeaderMap>>,
    pub(crate) epoch: AtomicI64,
    pub(crate) places_max: Mutex<Option<usize>>,
    pub(crate) places: Mutex<HashMap<String, presence::Connection>>,
    pub(crate) drained_beats: AtomicUsize,
    pub(crate) activities: Mutex<Vec<(String, bool)>>,
    pub(crate) watches: Mutex<Vec<WatchRequest>>,
    views: Mutex<Option<Views>>,
    pub(crate) opens: Mutex<Vec<Open>>,
    pub(crate) credits: Mutex<HashMap<String, i32>>,
    pub(crate) detached: Mutex<Vec<String>>,
    deliveries: Mutex<Option<Deliveries>>,
    pub(crate) is_attach_broken: AtomicBool,
    pub(crate) send_calls: Mutex<Vec<usize>>,
    pub(crate) send_delay_ms: AtomicUsize,
    pub(crate) sent: Mutex<Vec<messaging::ClientMessage>>,
    pub(crate) typed: Mutex<Vec<messaging::PublishTypingRequest>>,
    pub(crate) acknowledged: Mutex<HashMap<String, String>>,
}

impl std::ops::Deref for Backends {
    type Target = Played;

    fn deref(&self) -> &Played {
        &self.0
    }
}

pub(crate) fn entry(seq: i64, text: &str) -> Entry {
    let message = Message {
        seq,
        text: text.to_owned(),
        ..Message::default()
    };
    Entry {
        seq,
        kind: 1,
        payload: Some(Payload::Message(message)),
    }
}

impl Backends {
    pub(crate) fn auth(&self) -> Routes {
        self.public()
            .add_service(AuthInternalServiceServer::new(self.clone()))
    }

    pub(crate) fn presence(&self) -> Routes {
        self.public()
            .add_service(PresenceInternalServiceServer::new(self.clone()))
    }

    pub(crate) fn messaging(&self) -> Routes {
        self.public()
            .add_service(MessagingInternalServiceServer::new(self.clone()))
    }

    fn public(&self) -> Routes {
        Routes::from(AxumRouter::new().fallback(answer).with_state(self.clone()))
    }

    /// Delivers entries to the one stream that is open.
    pub(crate) async fn deliver(&self, connection_id: &str, entries: Vec<Entry>) {
        let seq = entries.last().unwrap().seq;
        let batch = Batch {
            entries,
            cursor: format!("1.{seq}"),
        };
        self.deliver_content(connection_id, Content::Batch(batch))
            .await;
    }

    pub(crate) async fn deliver_content(&self, connection_id: &str, content: Content) {
        let sender = self.deliveries.lock().unwrap().clone().unwrap();
        let delivery = Delivery {
            connection_id: connection_id.to_owned(),
            content: Some(content),
        };
        sender
            .send(Ok(AttachResponse {
                deliveries: vec![delivery],
            }))
            .await
            .unwrap();
    }

    pub(crate) async fn show(&self, view: View) {
        let sender = self.views.lock().unwrap().clone().unwrap();
        sender
            .send(Ok(WatchResponse { views: vec![view] }))
            .await
            .unwrap();
    }

    /// Ends the present mailbox stream, as a replica that stops does.
    pub(crate) fn break_attach(&self) {
        drop(self.deliveries.lock().unwrap().take());
    }

    pub(crate) fn last_call(&self) -> Call {
        self.calls.lock().unwrap().last().unwrap().clone()
    }

    fn opened(&self, open: Open) -> AttachResponse {
        // Like the real one: from the present position, or from where the client asks.
        let cursor = if open.cursor.is_empty() {
            "1.0".to_owned()
        } else {
            open.cursor.clone()
        };
        let delivery = Delivery {
            connection_id: open.connection_id.clone(),
            content: Some(Content::OpenedCursor(cursor)),
        };
        self.credits
            .lock()
            .unwrap()
            .insert(open.connection_id.clone(), open.credit);
        self.opens.lock().unwrap().push(open);
        AttachResponse {
            deliveries: vec![delivery],
        }
    }
}

/// Any public rpc.
async fn answer(State(backends): State<Backends>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let message = body.collect().await.unwrap().to_bytes().slice(5..);
    let path = parts.uri.path().to_owned();
    backends.calls.lock().unwrap().push(Call {
        path,
        headers: parts.headers,
        message,
    });
    let answer = backends.answer.lock().unwrap().clone();
    match answer.unwrap_or(Ok(Bytes::new())) {
        Err(status) => status.into_http(),
        Ok(message) => {
            let mut framed = BytesMut::new();
            framed.put_u8(0);
            framed.put_u32(u32::try_from(message.len()).unwrap());
            framed.put(message);
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().unwrap());
            let body = http_body_util::Full::new(framed.freeze())
                .with_trailers(async move { Some(Ok(trailers)) });
            let mut response = Response::new(Body::new(body));
            response
                .headers_mut()
                .insert("content-type", "application/grpc".parse().unwrap());
            response
        }
    }
}

#[async_trait]
impl AuthInternalService for Backends {
    async fn create_ticket(
        &self,
        request: Rpc<auth::CreateTicketRequest>,
    ) -> Result<Answer<auth::CreateTicketResponse>, Status> {
        *self.ticket_context.lock().unwrap() = Some(request.metadata().clone().into_headers());
        Ok(Answer::new(auth::CreateTicketResponse {
            ticket: "ticket-1".to_owned(),
            expire_time: None,
        }))
    }

    async fn redeem_ticket(
        &self,
        request: Rpc<auth::RedeemTicketRequest>,
    ) -> Result<Answer<auth::RedeemTicketResponse>, Status> {
        let ticket = self
            .tickets
            .lock()
            .unwrap()
            .remove(&request.into_inner().ticket);
        ticket
            .map(Answer::new)
            .ok_or_else(|| Status::unauthenticated("no such ticket"))
    }

    async fn list_signing_keys(
        &self,
        _: Rpc<auth::ListSigningKeysRequest>,
    ) -> Result<Answer<auth::ListSigningKeysResponse>, Status> {
        Err(Status::unimplemented("played elsewhere"))
    }

    async fn get_snapshot(
        &self,
        _: Rpc<auth::GetSnapshotRequest>,
    ) -> Result<Answer<auth::GetSnapshotResponse>, Status> {
        Err(Status::unimplemented("played elsewhere"))
    }

    async fn list_changes(
        &self,
        _: Rpc<auth::ListChangesRequest>,
    ) -> Result<Answer<auth::ListChangesResponse>, Status> {
        Err(Status::unimplemented("played elsewhere"))
    }

    async fn batch_get_users(
        &self,
        _: Rpc<auth::BatchGetUsersRequest>,
    ) -> Result<Answer<auth::BatchGetUsersResponse>, Status> {
        Err(Status::unimplemented("played elsewhere"))
    }

    async fn list_common_groups(
        &self,
        _: Rpc<auth::ListCommonGroupsRequest>,
    ) -> Result<Answer<auth::ListCommonGroupsResponse>, Status> {
        Err(Status::unimplemented("played elsewhere"))
    }

    async fn batch_check_sessions(
        &self,
        _: Rpc<auth::BatchCheckSessionsRequest>,
    ) -> Result<Answer<auth::BatchCheckSessionsResponse>, Status> {
        Err(Status::unimplemented("played elsewhere"))
    }
}

#[async_trait]
impl PresenceInternalService for Backends {
    type WatchStream = ReceiverStream<Result<WatchResponse, Status>>;

    async fn open_node(
        &self,
        _: Rpc<presence::OpenNodeRequest>,
    ) -> Result<Answer<presence::OpenNodeResponse>, Status> {
        self.places.lock().unwrap().clear();
        let epoch = self.epoch.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Answer::new(presence::OpenNodeResponse {
            epoch,
            beat_interval_ms: 100,
            lease_ms: 1_000,
        }))
    }

    async fn beat_node(
        &self,
        request: Rpc<presence::BeatNodeRequest>,
    ) -> Result<Answer<presence::BeatNodeResponse>, Status> {
        let request = request.into_inner();
        if request.is_draining {
            self.drained_beats.fetch_add(1, Ordering::SeqCst);
        }
        let is_renewed = request.epoch == self.epoch.load(Ordering::SeqCst);
        Ok(Answer::new(presence::BeatNodeResponse { is_renewed }))
    }

    async fn open_connections(
        &self,
        request: Rpc<presence::OpenConnectionsRequest>,
    ) -> Result<Answer<presence::OpenConnectionsResponse>, Status> {
        let request = request.into_inner();
        let is_present = request.epoch == self.epoch.load(Ordering::SeqCst);
        let places_max = self.places_max.lock().unwrap().unwrap_or(usize::MAX);
        let mut places = self.places.lock().unwrap();
        let results = request.connections.into_iter().map(|connection| {
            let mut result = open_connections_response::Result {
                connection_id: connection.connection_id.clone(),
                ..Default::default()
            };
            if !is_present {
                "LEASE_ENDED".clone_into(&mut result.refused_reason);
            } else if places.len() >= places_max {
                "SITE_FULL".clone_into(&mut result.refused_reason);
                result.limit = i64::try_from(places_max).unwrap();
            } else {
                places.insert(connection.connection_id.clone(), connection);
            }
            result
        });
        let results = results.collect();
        Ok(Answer::new(presence::OpenConnectionsResponse { results }))
    }

    async fn close_connections(
        &self,
        request: Rpc<presence::CloseConnectionsRequest>,
    ) -> Result<Answer<presence::CloseConnectionsResponse>, Status> {
        for id in request.into_inner().connection_ids {
            self.places.lock().unwrap().remove(&id);
        }
        Ok(Answer::new(presence::CloseConnectionsResponse {}))
    }

    async fn report_activity(
        &self,
        request: Rpc<presence::ReportActivityRequest>,
    ) -> Result<Answer<presence::ReportActivityResponse>, Status> {
        let activities = request.into_inner().activities.into_iter();
        let activities = activities.map(|activity| (activity.connection_id, activity.is_idle));
        self.activities.lock().unwrap().extend(activities);
        Ok(Answer::new(presence::ReportActivityResponse {}))
    }

    async fn watch(
        &self,
        request: Rpc<Streaming<WatchRequest>>,
    ) -> Result<Answer<Self::WatchStream>, Status> {
        let (sender, receiver) = mpsc::channel(64);
        *self.views.lock().unwrap() = Some(sender.clone());
        let backends = self.clone();
        let mut requests = request.into_inner();
        #[expect(clippy::disallowed_methods, reason = "ends with its stream")]
        tokio::spawn(async move {
            while let Ok(Some(request)) = requests.message().await {
                let presences = request.user_ids.iter().map(|user_id| Presence {
                    user_id: user_id.clone(),
                    state: 1,
                    ..Presence::default()
                });
                let view = View {
                    connection_id: request.connection_id.clone(),
                    version: request.version,
                    is_snapshot: true,
                    presences: presences.collect(),
                };
                let is_gone = request.user_ids.is_empty();
                backends.watches.lock().unwrap().push(request);
                if !is_gone
                    && sender
                        .send(Ok(WatchResponse { views: vec![view] }))
                        .await
                        .is_err()
                {
                    return;
                }
            }
        });
        Ok(Answer::new(ReceiverStream::new(receiver)))
    }

    async fn check_reach(
        &self,
        _: Rpc<presence::CheckReachRequest>,
    ) -> Result<Answer<presence::CheckReachResponse>, Status> {
        Err(Status::unimplemented("not asked by gateways"))
    }

    async fn list_roster_changes(
        &self,
        _: Rpc<presence::ListRosterChangesRequest>,
    ) -> Result<Answer<presence::ListRosterChangesResponse>, Status> {
        Err(Status::unimplemented("not asked by gateways"))
    }
}

#[async_trait]
impl MessagingInternalService for Backends {
    type AttachStream = ReceiverStream<Result<AttachResponse, Status>>;

    async fn batch_send_messages(
        &self,
        request: Rpc<messaging::BatchSendMessagesRequest>,
    ) -> Result<Answer<messaging::BatchSendMessagesResponse>, Status> {
        let messages = request.into_inner().messages;
        self.send_calls.lock().unwrap().push(messages.len());
        let delay = u64::try_from(self.send_delay_ms.load(Ordering::SeqCst)).unwrap();
        tokio::time::sleep(Duration::from_millis(delay)).await;
        let mut sent = self.sent.lock().unwrap();
        let results = messages.into_iter().map(|client| {
            let request = client.request.clone().unwrap();
            let outcome = if request.text == "forbidden" {
                Outcome::Error(refusal())
            } else {
                let seq = i64::try_from(sent.len()).unwrap() + 1;
                let message = Message {
                    seq,
                    text: request.text,
                    ..Message::default()
                };
                Outcome::Response(SendMessageResponse {
                    message: Some(message),
                    duplicate: false,
                })
            };
            sent.push(client);
            batch_send_messages_response::Result {
                outcome: Some(outcome),
            }
        });
        let results = results.collect();
        Ok(Answer::new(messaging::BatchSendMessagesResponse {
            results,
        }))
    }

    async fn attach(
        &self,
        request: Rpc<Streaming<AttachRequest>>,
    ) -> Result<Answer<Self::AttachStream>, Status> {
        if self.is_attach_broken.load(Ordering::SeqCst) {
            return Err(Status::unavailable("not now"));
        }
        let (sender, receiver) = mpsc::channel(64);
        *self.deliveries.lock().unwrap() = Some(sender);
        let backends = self.clone();
        let mut requests = request.into_inner();
        #[expect(clippy::disallowed_methods, reason = "ends with its stream")]
        tokio::spawn(async move {
            while let Ok(Some(AttachRequest {
                action: Some(action),
            })) = requests.message().await
            {
                match action {
                    Action::Open(open) => {
                        let response = backends.opened(open);
                        let sender = backends.deliveries.lock().unwrap().clone();
                        let Some(sender) = sender else { return };
                        if sender.send(Ok(response)).await.is_err() {
                            return;
                        }
                    }
                    Action::CloseConnectionId(id) => backends.detached.lock().unwrap().push(id),
                    Action::Credit(credit) => {
                        let mut credits = backends.credits.lock().unwrap();
                        *credits.entry(credit.connection_id).or_default() += credit.entries;
                    }
                }
            }
        });
        Ok(Answer::new(ReceiverStream::new(receiver)))
    }

    async fn publish_typing(
        &self,
        request: Rpc<messaging::PublishTypingRequest>,
    ) -> Result<Answer<messaging::PublishTypingResponse>, Status> {
        self.typed.lock().unwrap().push(request.into_inner());
        Ok(Answer::new(messaging::PublishTypingResponse {}))
    }

    async fn batch_acknowledge(
        &self,
        request: Rpc<messaging::BatchAcknowledgeRequest>,
    ) -> Result<Answer<messaging::BatchAcknowledgeResponse>, Status> {
        let acknowledgements = request.into_inner().acknowledgements.into_iter();
        self.acknowledged
            .lock()
            .unwrap()
            .extend(acknowledgements.map(|ack| (ack.user_id, ack.cursor)));
        Ok(Answer::new(messaging::BatchAcknowledgeResponse {}))
    }
}

fn refusal() -> im_proto::google::rpc::Status {
    let status = im_runtime::error::simple_status(
        im_runtime::error::ErrorKind::PermissionDenied,
        "NOT_A_CONTACT",
        "not a contact",
    );
    prost::Message::decode(status.details()).unwrap()
}
