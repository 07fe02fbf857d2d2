//! Connections: accepted within limits, encrypted where configured, ended in good order.

use std::{pin::Pin, sync::Arc, time::Duration};

use http::Request;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{Certificate, Peer, handle::handle};
use crate::service::Gateway;

/// Rest after a failed accept: the reason (no file descriptors) does not go at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Streams that one HTTP/2 client may begin and take back before it is cut off.
const RESET_STREAMS_MAX: usize = 100;
/// Streams at once on one HTTP/2 connection.
const CONCURRENT_STREAMS_MAX: u32 = 1_000;
/// Header fields of one request.
const HEADERS_MAX: usize = 100;
/// How long a dead peer may go unnoticed on TCP and HTTP/2.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// An open port.
pub(crate) struct Port {
    /// What sites call it.
    pub(crate) name: Arc<str>,
    /// The socket.
    pub(crate) listener: TcpListener,
    /// With encryption.
    pub(crate) certificate: Option<Arc<Certificate>>,
}

/// Accepts until shutdown. Each connection is a task of its own.
pub(crate) async fn serve(gateway: Arc<Gateway>, port: Port) {
    let soft = gateway.tasks.shutdown_token();
    let builder = Arc::new(builder(&gateway));
    loop {
        let accepted = tokio::select! {
            () = soft.cancelled() => return,
            accepted = port.listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, listener = %port.name, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Over the limit the connection is closed without a word: an answer would cost more than
        // the place it is refused.
        let Some(place) = gateway.connections.admit(address.ip().to_canonical()) else {
            gateway.metrics.refused("TOO_MANY_CONNECTIONS");
            continue;
        };
        let connection = Connection {
            gateway: Arc::clone(&gateway),
            builder: Arc::clone(&builder),
            peer: Peer {
                address,
                listener: Arc::clone(&port.name),
                is_encrypted: port.certificate.is_some(),
                place: Arc::new(place),
            },
            soft: soft.clone(),
        };
        let tls = port.certificate.as_ref().map(|it| it.acceptor());
        gateway
            .tasks
            .spawn("connection", Box::pin(connection.run(stream, tls)));
    }
}

fn builder(gateway: &Gateway) -> Builder<TokioExecutor> {
    let settings = &gateway.settings;
    let head_timeout = Duration::from_millis(settings.head_timeout_ms);
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(settings.header_bytes_max);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(settings.header_bytes_max).unwrap_or(u32::MAX))
        .max_concurrent_streams(CONCURRENT_STREAMS_MAX)
        .max_pending_accept_reset_streams(RESET_STREAMS_MAX)
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .enable_connect_protocol();
    builder
}

struct Connection {
    gateway: Arc<Gateway>,
    builder: Arc<Builder<TokioExecutor>>,
    peer: Peer,
    soft: CancellationToken,
}

impl Connection {
    async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        self.gateway.metrics.connection(1);
        // Both only make things better; a connection without them works.
        let _no_delay = stream.set_nodelay(true);
        super::socket::bound_silence(&stream, KEEPALIVE_INTERVAL + KEEPALIVE_TIMEOUT);
        // Boxed, so that a connection takes the room of its own kind only, and of its present phase.
        match tls {
            None => Box::pin(self.serve(stream)).await,
            Some(acceptor) => {
                if let Some(serving) = self.handshake(acceptor, stream).await {
                    serving.await;
                }
            }
        }
        self.gateway.metrics.connection(-1);
    }

    /// Agrees on encryption; then what is left to do, if that has come about.
    async fn handshake(
        &self,
        acceptor: TlsAcceptor,
        stream: TcpStream,
    ) -> Option<Pin<Box<impl Future<Output = ()>>>> {
        let limit = Duration::from_millis(self.gateway.settings.head_timeout_ms);
        match timeout(limit, Box::pin(acceptor.accept(stream))).await {
            Ok(Ok(stream)) => return Some(Box::pin(self.serve(stream))),
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_elapsed) => tracing::debug!("TLS handshake took too long"),
        }
        None
    }

    async fn serve<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (gateway, peer) = (Arc::clone(&self.gateway), self.peer.clone());
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let (gateway, peer) = (Arc::clone(&gateway), peer.clone());
            // Boxed, for a transport keeps the place of this future as long as the answer lasts,
            // and an answer may be a stream.
            Box::pin(async move {
                Ok::<_, std::convert::Infallible>(handle(gateway, peer, request).await)
            })
        });
        let connection = self
            .builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.soft.cancelled() => {
                // Open calls end; open streams are told to go by their own tasks.
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    }
}
