//! The calls that the gateway answers itself.

use std::sync::{Arc, OnceLock, Weak};

use im_proto::{
    auth::CreateTicketRequest,
    gateway::{
        ConnectRequest, ConnectResponse, CreateStreamTicketRequest, CreateStreamTicketResponse,
        ListenRequest, ListenResponse, UpdateStreamRequest, UpdateStreamResponse, client_frame,
        stream_service_server::StreamService,
    },
};
use im_runtime::{error::status, rpc::RequestContext};
use im_types::Timestamp;
use tokio_stream::Empty;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::translate;
use crate::{edge::Caller, error::GatewayError, service::Gateway};

/// `im.gateway.v1.StreamService`.
///
/// The gateway holds its routes and these hold the gateway, hence the weak way back.
#[derive(Clone, Default)]
pub(crate) struct StreamRpcs {
    gateway: Arc<OnceLock<Weak<Gateway>>>,
}

impl StreamRpcs {
    /// To be called once, when the gateway is built.
    pub(crate) fn serve(&self, gateway: &Arc<Gateway>) {
        let _only_once = self.gateway.set(Arc::downgrade(gateway));
    }

    fn gateway(&self) -> Result<Arc<Gateway>, Status> {
        let gateway = self.gateway.get().and_then(Weak::upgrade);
        gateway.ok_or_else(|| status(&GatewayError::Draining))
    }
}

/// Who calls; the proxy has verified it.
fn caller<T>(request: &Request<T>) -> Result<Caller, Status> {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.ok_or_else(|| status(&GatewayError::SessionRevoked))
}

#[async_trait]
impl StreamService for StreamRpcs {
    // Streams do not come here: crate::stream answers them without tonic's buffers, which are more
    // than all else that a stream at rest needs.
    type ConnectStream = Empty<Result<ConnectResponse, Status>>;
    type ListenStream = Empty<Result<ListenResponse, Status>>;

    async fn create_stream_ticket(
        &self,
        request: Request<CreateStreamTicketRequest>,
    ) -> Result<Response<CreateStreamTicketResponse>, Status> {
        let gateway = self.gateway()?;
        let context = RequestContext::from_request(&request);
        let mut auth = gateway.auth.clone();
        let answer = auth
            .create_ticket(context.request(CreateTicketRequest {}))
            .await;
        let ticket = answer
            .map_err(|error| translate("auth", error))?
            .into_inner();
        let expires_at = ticket
            .expire_time
            .and_then(|time| Timestamp::from_seconds_nanos(time.seconds, time.nanos))
            .unwrap_or(Timestamp::EPOCH);
        let left = expires_at.since(gateway.clock.now());
        Ok(Response::new(CreateStreamTicketResponse {
            ticket: ticket.ticket,
            expires_in: i32::try_from(left.as_millis().div_ceil(1_000)).unwrap_or(i32::MAX),
        }))
    }

    async fn connect(
        &self,
        _: Request<Streaming<ConnectRequest>>,
    ) -> Result<Response<Self::ConnectStream>, Status> {
        Err(status(&GatewayError::MethodNotServed))
    }

    async fn listen(
        &self,
        _: Request<ListenRequest>,
    ) -> Result<Response<Self::ListenStream>, Status> {
        Err(status(&GatewayError::MethodNotServed))
    }

    async fn update_stream(
        &self,
        request: Request<UpdateStreamRequest>,
    ) -> Result<Response<UpdateStreamResponse>, Status> {
        use client_frame::Frame;
        let caller = caller(&request)?;
        let frame = request.into_inner().frame.unwrap_or_default();
        let is_allowed = matches!(
            frame.frame,
            Some(Frame::Watch(_) | Frame::Typing(_) | Frame::Ack(_) | Frame::Activity(_))
        );
        if !is_allowed {
            return Err(status(&GatewayError::FrameNotAllowed));
        }
        self.gateway()?.node.update(caller.session_id, frame);
        Ok(Response::new(UpdateStreamResponse {}))
    }
}
