//! The streams of clients: one engine, two kinds of transport.

mod answers;
mod engine;
mod frame;
mod grpc;
mod messages;
mod sse;
mod transport;
mod websocket;

use std::sync::Arc;

use axum::{body::Body, extract::FromRequestParts as _, extract::ws::WebSocketUpgrade};
use http::{Request, header};
use im_proto::auth::RedeemTicketRequest;
use im_runtime::error::status;
use im_types::{DeviceId, SessionId, SiteId, UserId};

use crate::{
    edge::{Caller, Place, Visit},
    error::GatewayError,
    grpc::{Access, translate},
    http::{HttpResponse, errors, query},
    node::Wanted,
    service::Gateway,
};
use engine::Plan;
pub(crate) use grpc::StreamRpc;

/// Where streams are.
pub(crate) const PATH: &str = "/v1/stream";
const LAST_EVENT_ID: &str = "last-event-id";

/// What the query of a stream says.
#[derive(Debug, Default)]
struct Query {
    ticket: Option<String>,
    cursor: String,
    watch: Vec<String>,
    is_idle: bool,
}

/// Answers `GET /v1/stream`: a WebSocket or server-sent events.
pub(crate) async fn serve(
    gateway: Arc<Gateway>,
    visit: Visit,
    request: Request<Body>,
) -> HttpResponse {
    let (mut parts, _body) = request.into_parts();
    let query = match read_query(&parts.uri) {
        Ok(query) => query,
        Err(error) => return errors::refuse(&error),
    };
    let caller = match caller(&gateway, &visit, &parts.headers, query.ticket.as_deref()).await {
        Ok(caller) => caller,
        Err(status) => return errors::from_status(&status),
    };
    if let Err(refused) = gateway.rates.user(caller.user_id) {
        return errors::refuse(&refused);
    }
    let place = parts.extensions.get::<Arc<Place>>().cloned();
    let mut wanted = Wanted {
        cursor: query.cursor,
        is_idle: query.is_idle,
    };
    let plan = |wanted| Plan {
        caller,
        wanted,
        watch: query.watch,
        place,
    };
    let accepts = parts
        .headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accepts.is_some_and(|accepts| accepts.contains("text/event-stream")) {
        // The browser's own memory of the last event is newer than the address of the page.
        let last = parts
            .headers
            .get(LAST_EVENT_ID)
            .and_then(|value| value.to_str().ok());
        if let Some(last) = last.filter(|last| !last.is_empty()) {
            last.clone_into(&mut wanted.cursor);
        }
        return sse::serve(gateway, plan(wanted));
    }
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => websocket::serve(gateway, upgrade, plan(wanted)),
        Err(_no_upgrade) => errors::refuse(&GatewayError::UpgradeRequired),
    }
}

fn read_query(uri: &http::Uri) -> Result<Query, GatewayError> {
    let mut read = Query::default();
    for (name, value) in query(uri)? {
        match name.as_str() {
            "ticket" => read.ticket = Some(value),
            "cursor" => read.cursor = value,
            "idle" => read.is_idle = value == "true",
            "watch" => {
                let ids = value.split(',').filter(|id| !id.is_empty());
                read.watch.extend(ids.map(str::to_owned));
            }
            _ => {
                return Err(GatewayError::ParameterInvalid {
                    field: name,
                    description: "there is no such parameter".to_owned(),
                });
            }
        }
    }
    Ok(read)
}

/// Whose stream it is: by ticket, or by token for clients that can send one.
async fn caller(
    gateway: &Gateway,
    visit: &Visit,
    headers: &http::HeaderMap,
    ticket: Option<&str>,
) -> Result<Caller, tonic::Status> {
    let context = visit.context(headers);
    let Some(ticket) = ticket else {
        return gateway.authenticate(&context, Access::Session).await;
    };
    let request = context.request(RedeemTicketRequest {
        ticket: ticket.to_owned(),
    });
    let redeemed = gateway.auth.clone().redeem_ticket(request).await;
    let redeemed = redeemed
        .map_err(|error| translate("auth", error))?
        .into_inner();
    let invalid = || status(&GatewayError::TicketInvalid);
    let site_id = SiteId::parse(&redeemed.site_id).map_err(|_invalid| invalid())?;
    if site_id != visit.site_id {
        return Err(invalid());
    }
    Ok(Caller {
        user_id: UserId::parse(&redeemed.user_id).map_err(|_invalid| invalid())?,
        session_id: SessionId::parse(&redeemed.session_id).map_err(|_invalid| invalid())?,
        device_id: DeviceId::parse(&redeemed.device_id).map_err(|_invalid| invalid())?,
        site_id,
    })
}
