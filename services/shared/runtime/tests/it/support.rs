//! A service without a .proto and the two ways to reach it.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, extract::Request, routing::post};
use im_runtime::{
    lifecycle::Tasks,
    rpc::{
        ClientLayers, InternalKey, PeerService, RemoteConfig, RpcBody, RpcChannel, ServerLayers,
        ServiceIdentity, scope,
    },
    serve::{GrpcServer, ServerLimits},
};
use im_types::{Clock, Timestamp};
use tokio::net::TcpListener;
use tonic::{Status, client::Grpc, codegen::http::uri::PathAndQuery, service::Routes};
use tonic_prost::ProstCodec;

/// Limit of every wait in these tests.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);
pub(crate) const NOW_S: i64 = 1_800_000_000;

pub(crate) fn clock() -> Clock {
    Clock::mock(Timestamp::from_millis(NOW_S * 1000))
}

/// `/im.test.v1.TestService/<Method>`, each String → String.
pub(crate) fn test_routes() -> Routes {
    let router = Router::new()
        .route(
            "/im.test.v1.TestService/Peer",
            unary(|request| async move {
                let peer = request.extensions().get::<PeerService>().cloned();
                Ok(peer.map_or_else(|| "nobody".to_owned(), |peer| peer.0))
            }),
        )
        .route(
            "/im.test.v1.TestService/Sleep",
            unary(|_request| async {
                std::future::pending::<()>().await;
                Err(Status::internal("unreachable"))
            }),
        )
        .route(
            "/im.test.v1.TestService/Panic",
            unary(|request| async move {
                assert!(request.get_ref().is_empty(), "secret detail");
                Ok(String::new())
            }),
        )
        .route(
            "/im.test.v1.TestService/Scope",
            unary(|request| async move {
                let header = |name| {
                    let value = request
                        .metadata()
                        .get(name)
                        .and_then(|value| value.to_str().ok());
                    value.unwrap_or("-").to_owned()
                };
                let left = scope::deadline().map(|at| at - tokio::time::Instant::now());
                let left_ms = left.map_or(0, |left| left.as_millis());
                let id = scope::request_id().unwrap_or_else(|| "-".into());
                Ok(format!("{id} {left_ms} {}", header("traceparent")))
            }),
        );
    Routes::from(router)
}

/// Calls `Scope` on `next` while serving `Relay`.
pub(crate) fn relay_routes(next: RpcChannel) -> Routes {
    let relay = unary(move |_request| {
        let next = next.clone();
        async move { call(next, "Scope", "", |_| {}).await }
    });
    Routes::from(Router::new().route("/im.test.v1.TestService/Relay", relay))
}

fn unary<F, Fut>(handler: F) -> axum::routing::MethodRouter
where
    F: Fn(tonic::Request<String>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<String, Status>> + Send + 'static,
{
    post(move |request: Request| {
        let handler = handler.clone();
        async move {
            let service = tower::service_fn(move |request: tonic::Request<String>| {
                let answer = handler(request);
                async move { answer.await.map(tonic::Response::new) }
            });
            let codec = ProstCodec::<String, String>::default();
            tonic::server::Grpc::new(codec)
                .unary(service, request.map(RpcBody::new))
                .await
        }
    })
}

/// Calls a method of the test service.
pub(crate) async fn call(
    channel: RpcChannel,
    method: &str,
    text: &str,
    edit: impl FnOnce(&mut tonic::Request<String>),
) -> Result<String, Status> {
    let mut client = Grpc::new(channel);
    client.ready().await.map_err(Status::from_error)?;
    let path: PathAndQuery = format!("/im.test.v1.TestService/{method}").parse().unwrap();
    let mut request = tonic::Request::new(text.to_owned());
    edit(&mut request);
    let codec = ProstCodec::<String, String>::default();
    client
        .unary(request, path, codec)
        .await
        .map(tonic::Response::into_inner)
}

pub(crate) fn identity(key: &InternalKey) -> ServiceIdentity {
    ServiceIdentity::new("gateway", key.clone(), clock())
}

/// The same routes behind the same layers, in this process and behind a port.
pub(crate) async fn both(
    routes: Routes,
    server: &ServerLayers,
    client: &ClientLayers,
    tasks: &Tasks,
) -> [(&'static str, RpcChannel); 2] {
    let address = serve(routes.clone(), server, tasks).await;
    let remote = remote(&[address], client, tasks);
    [
        ("local", RpcChannel::local(server.wrap(routes), client)),
        ("remote", remote),
    ]
}

pub(crate) async fn serve(routes: Routes, layers: &ServerLayers, tasks: &Tasks) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = GrpcServer::new(
        routes,
        descriptor_set(),
        layers,
        ServerLimits::default(),
        tasks,
    )
    .unwrap();
    server.spawn(listener, tasks);
    address
}

pub(crate) fn remote(addresses: &[SocketAddr], layers: &ClientLayers, tasks: &Tasks) -> RpcChannel {
    let urls = addresses
        .iter()
        .map(|address| format!("http://{address}"))
        .collect();
    let mut config = RemoteConfig::new(urls);
    config.resolve_interval = Duration::from_millis(50);
    RpcChannel::remote(&config, layers, tasks).unwrap()
}

/// Any descriptor set will do; reflection's own is at hand.
pub(crate) fn descriptor_set() -> &'static [u8] {
    tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET
}

pub(crate) async fn stop(tasks: Tasks) {
    tasks.stop_now();
    assert!(tasks.wait(LIMIT).await, "tasks are left");
}
