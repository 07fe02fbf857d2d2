//! Services behind the gateway, played: they note what arrives and answer what they were told.

mod auth;
mod messaging;
mod presence;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicUsize},
    },
};

use axum::{body::Body, extract::State};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use im_proto::{
    auth::{RedeemTicketResponse, auth_internal_service_server::AuthInternalServiceServer},
    messaging::{
        AttachResponse, Batch, ClientMessage, Entry, Message, PublishTypingRequest,
        attach_request::Open,
        attach_response::{Delivery, delivery::Content},
        entry::Payload,
        messaging_internal_service_server::MessagingInternalServiceServer,
    },
    presence::{
        Connection, WatchRequest, WatchResponse,
        presence_internal_service_server::PresenceInternalServiceServer, watch_response::View,
    },
};
use tokio::sync::mpsc;
use tonic::{
    Status,
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
    pub(crate) tickets: Mutex<HashMap<String, RedeemTicketResponse>>,
    pub(crate) ticket_context: Mutex<Option<HeaderMap>>,
    pub(crate) epoch: AtomicI64,
    pub(crate) places_max: Mutex<Option<usize>>,
    pub(crate) places_per_user_max: Mutex<Option<usize>>,
    /// How many places were asked for with each call.
    pub(crate) place_calls: Mutex<Vec<usize>>,
    pub(crate) places: Mutex<HashMap<String, Connection>>,
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
    pub(crate) sent: Mutex<Vec<ClientMessage>>,
    pub(crate) typed: Mutex<Vec<PublishTypingRequest>>,
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
