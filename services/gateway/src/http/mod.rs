//! Everything that is not gRPC: JSON calls, streams for browsers, pages for people and probes.

pub(crate) mod errors;
pub(crate) mod openapi;
mod pages;
pub(crate) mod template;
pub(crate) mod transcode;

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::{
    edge::Visit,
    error::GatewayError,
    grpc::{Access, access},
    service::Gateway,
    stream,
};
use transcode::{BodyRule, Lookup, Route};

/// What leaves the gateway.
pub(crate) type HttpResponse = Response<Body>;

const JSON: &str = "application/json";
/// Query parameters of one request.
const QUERY_MAX: usize = 600;

/// Answers an HTTP request.
pub(crate) async fn serve(
    gateway: Arc<Gateway>,
    visit: Visit,
    request: Request<Body>,
) -> HttpResponse {
    let path = request.uri().path();
    if path == stream::PATH && matches!(*request.method(), Method::GET | Method::CONNECT) {
        return stream::serve(gateway, visit, request).await;
    }
    if let Some(page) = pages::find(&gateway, request.method(), request.headers(), path) {
        return page;
    }
    match gateway.routes.find(request.method(), path) {
        Lookup::Found(route, values) => {
            match call(&gateway, &visit, &route, &values, request).await {
                Ok(answer) => json_response(StatusCode::OK, answer.into()),
                Err(Failure::Own(error)) => errors::refuse(&error),
                Err(Failure::Status(status)) => errors::from_status(&status),
            }
        }
        Lookup::OtherMethods(methods) => {
            let allow = methods.into_iter().collect::<Vec<_>>().join(", ");
            errors::refuse(&GatewayError::MethodNotAllowed { allow })
        }
        Lookup::Nothing => pages::lead(request.method(), request.headers(), path)
            .unwrap_or_else(|| errors::refuse(&GatewayError::RouteNotFound)),
    }
}

/// Why a call has no answer. The gateway's own errors may have an HTTP status of their own.
enum Failure {
    Own(GatewayError),
    Status(Box<tonic::Status>),
}

impl From<GatewayError> for Failure {
    fn from(error: GatewayError) -> Self {
        Self::Own(error)
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        Self::Status(Box::new(status))
    }
}

async fn call(
    gateway: &Gateway,
    visit: &Visit,
    route: &Route,
    values: &[String],
    request: Request<Body>,
) -> Result<Vec<u8>, Failure> {
    let (parts, body) = request.into_parts();
    let rpc_path = route.rpc_path.as_str();
    let mut context = visit.context(&parts.headers);
    let mut caller = None;
    match access(rpc_path) {
        Access::Open => {
            gateway.rates.open_call(visit.client_address)?;
            context.bearer = None;
        }
        needed => caller = Some(gateway.authenticate(&context, needed).await?),
    }
    let query = query(&parts.uri)?;
    let body = match route.body {
        BodyRule::None => Bytes::new(),
        BodyRule::All | BodyRule::Field(_) => read(body, gateway.settings.body_bytes_max).await?,
    };
    let message = transcode::message(route, values, &query, &body)?;
    let mut rpc = context.request(message);
    rpc.extensions_mut().insert(visit.clone());
    if let Some(caller) = caller {
        rpc.extensions_mut().insert(caller);
    }
    let answer = gateway
        .backends
        .of(rpc_path)
        .unary(route.rpc_path.clone(), rpc)
        .await?;
    Ok(transcode::json(route, answer)?)
}

/// Names and values of a query, unescaped.
pub(crate) fn query(uri: &http::Uri) -> Result<Vec<(String, String)>, GatewayError> {
    let refuse = |description: &str| GatewayError::ParameterInvalid {
        field: "query".to_owned(),
        description: description.to_owned(),
    };
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|error| refuse(&error.body_text()))?
        .0;
    if pairs.len() > QUERY_MAX {
        return Err(refuse("too many parameters"));
    }
    Ok(pairs)
}

async fn read(body: Body, bytes_max: usize) -> Result<Bytes, GatewayError> {
    let collected = Limited::new(body, bytes_max).collect().await;
    collected
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                GatewayError::BodyTooLarge { bytes_max }
            } else {
                GatewayError::BodyIncomplete
            }
        })
}

/// A response with a JSON body.
pub(crate) fn json_response(status: StatusCode, body: Bytes) -> HttpResponse {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}
