//! The one channel type.

use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use tonic::service::Routes;
use tower::{Service, ServiceExt as _, util::BoxCloneSyncService};

use super::{BoxError, ClientLayers, RemoteConfig, RemoteError, client::ClientService, remote};
use crate::lifecycle::Tasks;

/// The body of requests and responses on an [`RpcChannel`].
pub type RpcBody = tonic::body::Body;

/// A way to a service, in this process or elsewhere. Generated clients take it as it is:
/// `AuthServiceClient::new(channel)`. Cloning is cheap and shares the connections.
#[derive(Debug, Clone)]
pub struct RpcChannel {
    inner: BoxCloneSyncService<Request<RpcBody>, Response<RpcBody>, BoxError>,
}

impl RpcChannel {
    /// To services in this process. `routes` come from [`super::ServerLayers::wrap`].
    pub fn local(routes: Routes, layers: &ClientLayers) -> Self {
        let routes = routes.prepare();
        let service = tower::service_fn(move |mut request: Request<RpcBody>| {
            // A network would not carry them either; what must arrive is a header.
            request.extensions_mut().clear();
            routes.clone().oneshot(request)
        });
        Self::layered(service, layers)
    }

    /// To services elsewhere. Connects on the first call and again after every loss; several
    /// addresses share the load. The task that watches them belongs to `tasks`.
    pub fn remote(
        config: &RemoteConfig,
        layers: &ClientLayers,
        tasks: &Tasks,
    ) -> Result<Self, RemoteError> {
        Ok(Self::layered(remote::channel(config, tasks)?, layers))
    }

    fn layered<S>(service: S, layers: &ClientLayers) -> Self
    where
        S: Service<Request<RpcBody>, Response = Response<RpcBody>>,
        S: Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        Self {
            inner: BoxCloneSyncService::new(ClientService::new(service, layers.clone())),
        }
    }
}

impl Service<Request<RpcBody>> for RpcChannel {
    type Response = Response<RpcBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<RpcBody>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<RpcBody>) -> Self::Future {
        self.inner.call(request)
    }
}
