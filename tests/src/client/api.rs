//! Calling the API over one of the transports.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tonic::transport::Channel;

use super::grpc::GrpcStream;
use super::grpc_web::WebStream;
use super::sse::SseStream;
use super::{Events, Failure, Listen, Operation, grpc, grpc_web, ops};
use crate::{HttpClient, Stream};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How calls and the stream travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// gRPC, the stream by `Connect`.
    Grpc,
    /// gRPC-Web over HTTP/1.1, the stream by `Listen`.
    GrpcWeb,
    /// HTTP/JSON, the stream by WebSocket.
    WebSocket,
    /// HTTP/JSON, the stream by server-sent events.
    Sse,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Grpc, Self::GrpcWeb, Self::WebSocket, Self::Sse];

    /// Whether the client can say something on the stream itself.
    pub const fn is_two_way(self) -> bool {
        matches!(self, Self::Grpc | Self::WebSocket)
    }
}

/// The API at one address, with or without somebody's token. A clone shares the connections.
#[derive(Debug, Clone)]
pub struct Api {
    /// How it is called.
    pub transport: Transport,
    base: String,
    headers: Vec<(String, String)>,
    client: reqwest::Client,
    channel: Channel,
}

impl Api {
    /// The API at `base`, such as `http://127.0.0.1:8080` or, for a site with a path, with it.
    ///
    /// # Panics
    /// When the client cannot be made or `base` is no address.
    pub fn new(base: &str, transport: Transport) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        // No timeout for the whole answer: streams have none.
        let client = reqwest::Client::builder()
            .connect_timeout(REQUEST_TIMEOUT)
            .no_proxy()
            .build();
        Self {
            transport,
            channel: grpc::channel(&base),
            client: client.expect("the HTTP client"),
            base,
            headers: Vec::new(),
        }
    }

    /// HTTP/JSON with WebSocket, as most tests use it.
    pub fn http(base: &str) -> Self {
        Self::new(base, Transport::WebSocket)
    }

    /// The same at another address, with connections of its own.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        let headers = self.headers.clone();
        Self {
            headers,
            ..Self::new(base, self.transport)
        }
    }

    /// The same over another transport.
    #[must_use]
    pub fn over(&self, transport: Transport) -> Self {
        let mut api = self.clone();
        api.transport = transport;
        api
    }

    /// The same with a header (with gRPC: metadata), in place of an earlier one of that name.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut api = self.clone();
        api.headers.retain(|(known, _)| known != name);
        api.headers.push((name.to_owned(), value.to_owned()));
        api
    }

    /// The same with an access token.
    #[must_use]
    pub fn with_token(&self, access_token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {access_token}"))
    }

    /// The access token, if there is one.
    pub fn token(&self) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(name, _)| name == "authorization")?;
        value.strip_prefix("Bearer ")
    }

    /// The same without a token.
    #[must_use]
    pub fn without_token(&self) -> Self {
        let mut api = self.clone();
        api.headers.retain(|(name, _)| name != "authorization");
        api
    }

    /// Where it is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A client for HTTP/JSON with the same headers, for what has no operation.
    pub fn json(&self) -> HttpClient {
        let mut client = HttpClient::new(&self.base);
        for (name, value) in &self.headers {
            client = client.with_header(name, value);
        }
        client
    }

    /// Calls, and expects success.
    ///
    /// # Panics
    /// When it is refused, with the refusal.
    pub async fn ok(&self, operation: Operation) -> Value {
        let called = operation.path.clone();
        let answer = self.call(operation).await;
        answer.unwrap_or_else(|failure| panic!("{called}: {failure:?}"))
    }

    /// Calls, and expects a refusal.
    ///
    /// # Panics
    /// When it succeeds.
    pub async fn refused(&self, operation: Operation) -> Failure {
        let called = operation.path.clone();
        let answer = self.call(operation).await;
        answer.expect_err(&format!("{called} should be refused"))
    }

    /// Calls; the response has the shape of the rpc's over every transport.
    ///
    /// # Errors
    /// When it is refused. With gRPC and through [`Api::try_call`] also when nobody answers.
    ///
    /// # Panics
    /// When nobody answers over HTTP.
    pub async fn call(&self, operation: Operation) -> Result<Value, Failure> {
        self.try_call(&operation).await.unwrap_or_else(|error| {
            panic!("{} {}: {error:?}", self.base, operation.path);
        })
    }

    /// [`Api::call`] to a server that may be away.
    ///
    /// # Errors
    /// The outer one when nobody answers, the inner one when it is refused.
    pub async fn try_call(&self, operation: &Operation) -> reqwest::Result<Result<Value, Failure>> {
        match self.transport {
            Transport::Grpc => Ok(grpc::call(&self.channel, &self.headers, operation).await),
            Transport::GrpcWeb => {
                Ok(grpc_web::call(&self.client, &self.base, &self.headers, operation).await)
            }
            Transport::WebSocket | Transport::Sse => self.call_json(operation).await,
        }
    }

    async fn call_json(&self, operation: &Operation) -> reqwest::Result<Result<Value, Failure>> {
        let mut request = self
            .request(operation.method.clone(), &operation.path)
            .timeout(REQUEST_TIMEOUT);
        if let Some(body) = &operation.body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let is_success = answer.status().is_success();
        let bytes = answer.bytes().await?;
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(&bytes);
            panic!("{}: no JSON: {text}", operation.path)
        });
        Ok(if is_success {
            Ok(operation.response(body))
        } else {
            Err(Failure::of_json(&body))
        })
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }

    /// Opens the stream. Over HTTP with a ticket, so that no token is in the address.
    ///
    /// # Errors
    /// When it is refused before it stands; a refusal on the stream is its first frame.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn listen(&self, options: Listen) -> Result<Events, Failure> {
        match self.transport {
            Transport::Grpc => {
                let hello = options.hello();
                let stream = GrpcStream::connect(&self.channel, &self.headers, hello).await?;
                let mut events = Events::grpc(stream);
                events.watch_first(&options).await;
                Ok(events)
            }
            Transport::GrpcWeb => {
                let request = options.request();
                let (client, base) = (&self.client, &self.base);
                let stream = WebStream::listen(client, base, &self.headers, &request).await?;
                Ok(Events::grpc_web(stream, self.clone()))
            }
            Transport::WebSocket => {
                let path = self.stream_path(&options).await?;
                let mut events = Events::web_socket(self.web_socket(&path).await?);
                events.watch_first(&options).await;
                Ok(events)
            }
            Transport::Sse => {
                let mut path = self.stream_path(&options).await?;
                // What is said beside a stream needs one that stands.
                path.extend(["&watch=", &options.watch.join(",")]);
                let stream = SseStream::connect(self.request(Method::GET, &path)).await?;
                Ok(Events::sse(stream, self.clone()))
            }
        }
    }

    async fn stream_path(&self, options: &Listen) -> Result<String, Failure> {
        let answer = self.call(ops::ticket()).await?;
        let ticket = answer["ticket"].as_str().expect("a ticket");
        Ok(options.path(ticket))
    }

    /// Opens a WebSocket at a path.
    ///
    /// # Errors
    /// When it is refused by an HTTP status.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn web_socket(&self, path: &str) -> Result<Stream, Failure> {
        let url = format!("{}{path}", self.base.replacen("http", "ws", 1));
        let mut request = url.as_str().into_client_request().expect("an address");
        for (name, value) in self.headers.iter().filter(|(name, _)| name == "host") {
            let name: http::HeaderName = name.parse().expect("a header's name");
            request
                .headers_mut()
                .insert(name, value.parse().expect("a header's value"));
        }
        Stream::try_connect(request)
            .await
            .map_err(|(status, message)| {
                let status = status.unwrap_or_else(|| panic!("{url}: {message}"));
                Failure {
                    code: i32::from(status),
                    message,
                    ..Failure::default()
                }
            })
    }
}
