//! A gateway on a port of its own.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use im_bus::EventBus;
use im_directory::{Directory, testing::FixedAuth};
use im_gateway::{Deps, GatewaySettings, Service, build};
use im_proto::auth::RedeemTicketResponse;
use im_runtime::{
    lifecycle::Tasks,
    rpc::{ClientLayers, RpcChannel},
    telemetry::Metrics,
};
use im_types::{Clock, Ids, NodeId, SessionId, SiteId, UserId};
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::{
    auth::PlayedAuth,
    backends::Backends,
    raw::{self, Reply},
};

const LIMIT: Duration = Duration::from_secs(10);

/// A gateway with everything around it.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) service: Service,
    pub(crate) backends: Backends,
    pub(crate) auth: FixedAuth,
    pub(crate) bus: EventBus,
    pub(crate) tasks: Tasks,
    ids: Ids,
}

/// A person with a session.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    pub(crate) site_id: SiteId,
    pub(crate) token: String,
}

impl Person {
    pub(crate) fn authorization(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut GatewaySettings)) -> Self {
        let (clock, tasks, bus) = (Clock::system(), Tasks::new(), EventBus::in_process());
        let ids = Ids::system(clock.clone());
        let auth = FixedAuth::new(clock.clone());
        auth.add_site(&SiteId::parse("b").unwrap());
        let directory = Directory::start(PlayedAuth(auth.clone()), &bus, clock.clone(), &tasks);
        directory.wait_ready(LIMIT).await.unwrap();
        let backends = Backends::default();
        let channel = |routes| RpcChannel::local(routes, &ClientLayers::external());
        let mut settings = GatewaySettings {
            reconnect_spread_ms: 1_000,
            ..Default::default()
        };
        change(&mut settings);
        let deps = Deps {
            auth: channel(backends.auth()),
            presence: channel(backends.presence()),
            messaging: channel(backends.messaging()),
            directory,
            bus: bus.clone(),
            clock,
            ids: ids.clone(),
            tasks: tasks.clone(),
            metrics: Metrics::detached(),
            node_id: ids.new_id::<NodeId>(),
        };
        let service = build(settings, deps).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        service.serve("main", listener);
        let world = Self {
            address,
            service,
            backends,
            auth,
            bus,
            tasks,
            ids,
        };
        eventually("readiness", || world.tasks.readiness().is_ready()).await;
        world
    }

    pub(crate) fn person(&self) -> Person {
        self.person_on("default")
    }

    pub(crate) fn person_on(&self, site: &str) -> Person {
        let user_id = self.ids.new_id::<UserId>();
        let session_id = self.ids.new_id::<SessionId>();
        let site_id = SiteId::parse(site).unwrap();
        self.auth.add_user(user_id, &user_id.to_string());
        let claims = self.auth.claims(user_id, session_id, &site_id);
        let token = self.auth.issue(&claims).expose().clone();
        Person {
            user_id,
            session_id,
            site_id,
            token,
        }
    }

    /// A ticket for a stream.
    pub(crate) fn ticket(&self, person: &Person) -> String {
        let ticket = self.ids.random_token().expose().clone();
        let redeemed = RedeemTicketResponse {
            user_id: person.user_id.to_string(),
            session_id: person.session_id.to_string(),
            site_id: person.site_id.to_string(),
            device_id: format!("dev_{}", &person.session_id.to_string()[4..]),
        };
        self.backends
            .tickets
            .lock()
            .unwrap()
            .insert(ticket.clone(), redeemed);
        ticket
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        raw::request(self.address, &format!("GET {path}"), &[], b"").await
    }

    /// A call with a token and perhaps a body.
    pub(crate) async fn call(&self, head: &str, person: &Person, body: &str) -> Reply {
        let authorization = person.authorization();
        let headers = [("authorization", authorization.as_str())];
        raw::request(self.address, head, &headers, body.as_bytes()).await
    }

    pub(crate) async fn socket(&self, person: &Person, cursor: &str) -> Socket {
        let ticket = self.ticket(person);
        let path = format!("/v1/stream?ticket={ticket}&cursor={cursor}");
        Socket::open(self.address, &path, None).await
    }

    /// Stops the gateway and checks that nothing is left.
    pub(crate) async fn stop(self) {
        self.tasks.begin_shutdown();
        assert!(
            self.tasks.wait(LIMIT).await,
            "{} tasks are left",
            self.tasks.count()
        );
    }
}

/// A client on a WebSocket.
pub(crate) struct Socket(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn open(address: SocketAddr, path: &str, protocol: Option<&str>) -> Self {
        let mut request = format!("ws://{address}{path}")
            .into_client_request()
            .unwrap();
        if let Some(protocol) = protocol {
            request
                .headers_mut()
                .insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        Self(socket)
    }

    /// The next data message; `None` when the socket has closed.
    pub(crate) async fn message(&mut self) -> Option<Message> {
        loop {
            match timeout(LIMIT, self.0.next()).await.expect("a message") {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(message)) => return Some(message),
            }
        }
    }

    /// The next frame as JSON.
    pub(crate) async fn frame(&mut self) -> Option<Value> {
        let message = self.message().await?;
        Some(serde_json::from_str(message.to_text().unwrap()).unwrap())
    }

    /// The content of the next frame, which has this key.
    pub(crate) async fn expect(&mut self, key: &str) -> Value {
        let mut frame = self
            .frame()
            .await
            .unwrap_or_else(|| panic!("closed instead of {key}"));
        let content = frame
            .get_mut(key)
            .unwrap_or_else(|| panic!("{key} was not the key"));
        content.take()
    }

    pub(crate) async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }
}

/// Waits for what will be so.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < until, "{what} did not come");
        sleep(Duration::from_millis(5)).await;
    }
}
