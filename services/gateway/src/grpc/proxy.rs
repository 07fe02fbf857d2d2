//! The way of a gRPC request through the gateway.

use std::{convert::Infallible, sync::Arc};

use http::{HeaderMap, HeaderName, Request, Response, header, request::Parts};
use http_body_util::{BodyStream, Limited, StreamBody};
use im_runtime::{
    error::status,
    rpc::{RequestContext, RpcBody},
};
use tower::{Layer as _, ServiceExt as _};

use super::{Access, access};
use crate::{
    edge::{Caller, Visit},
    error::GatewayError,
    http::HttpResponse,
    service::Gateway,
    stream::StreamRpc,
};

/// What a client may send along; everything else is ours to say.
const FORWARDED: [&str; 7] = [
    "content-type",
    "te",
    "grpc-timeout",
    "grpc-encoding",
    "grpc-accept-encoding",
    "traceparent",
    "tracestate",
];
/// Services for operators and tools, without a token.
const OPERATOR: [&str; 2] = ["/grpc.health.v1.Health/", "/grpc.reflection."];

/// Answers a gRPC or gRPC-Web request.
pub(crate) async fn serve(
    gateway: Arc<Gateway>,
    visit: Visit,
    request: Request<axum::body::Body>,
) -> HttpResponse {
    let is_web = is_grpc_web(request.headers());
    let service = tower::service_fn(move |request: Request<RpcBody>| {
        let (gateway, visit) = (Arc::clone(&gateway), visit.clone());
        async move {
            let response = forward(&gateway, visit, request).await;
            Ok::<_, Infallible>(if is_web {
                unsized_response(response)
            } else {
                response
            })
        }
    });
    let request = request.map(RpcBody::new);
    let answer = if is_web {
        // Only for its own kind: the layer answers 400 to every other HTTP/1 request.
        tonic_web::GrpcWebLayer::new()
            .layer(service)
            .oneshot(request)
            .await
    } else {
        service.oneshot(request).await
    };
    let response = match answer {
        Ok(response) => response,
        Err(never) => match never {},
    };
    response.map(axum::body::Body::new)
}

/// A response that does not say how long it is: the layer adds the trailers to the body but passes
/// the length on, and HTTP/1 would cut them off.
fn unsized_response(mut response: Response<RpcBody>) -> Response<RpcBody> {
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.map(|body| RpcBody::new(StreamBody::new(BodyStream::new(body))))
}

fn is_grpc_web(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| text.starts_with("application/grpc-web"))
}

async fn forward(
    gateway: &Arc<Gateway>,
    visit: Visit,
    request: Request<RpcBody>,
) -> Response<RpcBody> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let (context, caller) = match admit(gateway, &visit, path, &parts.headers).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused.into_http(),
    };
    if let (Some(rpc), Some(caller)) = (StreamRpc::of(path), &caller) {
        return rpc.answer(Arc::clone(gateway), caller.clone(), body).await;
    }
    let backend = gateway.backends.of(path);
    // A stream may say any amount, frame by frame; one message may not.
    let rpc = gateway.methods.get(path);
    let body = if rpc.is_some_and(|rpc| !rpc.is_client_streaming()) {
        RpcBody::new(Limited::new(body, gateway.settings.body_bytes_max))
    } else {
        body
    };
    let mut request = rewritten(&context, parts, body);
    request.extensions_mut().insert(visit);
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    backend.forward(request).await
}

/// Whether the rpc may be called: with what context, and by whom if that has to be known.
async fn admit(
    gateway: &Gateway,
    visit: &Visit,
    path: &str,
    headers: &HeaderMap,
) -> Result<(RequestContext, Option<Caller>), tonic::Status> {
    let mut context = visit.context(headers);
    if OPERATOR.iter().any(|prefix| path.starts_with(prefix)) {
        return Ok((context, None));
    }
    if gateway.methods.get(path).is_none() {
        return Err(status(&GatewayError::MethodNotServed));
    }
    match access(path) {
        // No token is asked for, so none is passed on either.
        Access::Open => {
            let rate = gateway.rates.open_call(visit.client_address);
            rate.map_err(|error| status(&error))?;
            context.bearer = None;
            Ok((context, None))
        }
        needed => {
            let caller = gateway.authenticate(&context, needed).await?;
            Ok((context, Some(caller)))
        }
    }
}

/// The request with metadata of ours in place of the client's.
fn rewritten(context: &RequestContext, parts: Parts, body: RpcBody) -> Request<RpcBody> {
    let mut forwarded = tonic::Request::new(());
    context.attach(&mut forwarded);
    let mut headers = forwarded.into_parts().0.into_headers();
    for name in FORWARDED {
        if let Some(value) = parts.headers.get(name) {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
    }
    let mut request = Request::new(body);
    *request.method_mut() = parts.method;
    *request.uri_mut() = parts.uri;
    *request.version_mut() = http::Version::HTTP_2;
    *request.headers_mut() = headers;
    request
}
