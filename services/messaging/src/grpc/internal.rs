//! `MessagingInternalService`: what gateways ask in the name of their clients.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use im_directory::UserFacts;
use im_policy::Permission;
use im_proto::google::rpc::Status as RpcStatus;
use im_proto::messaging as proto;
use im_proto::messaging::batch_send_messages_response::Result as SendResult;
use im_proto::messaging::batch_send_messages_response::result::Outcome;
use im_proto::messaging::messaging_internal_service_server::MessagingInternalService;
use im_runtime::error::status;
use im_runtime::lifecycle::Tasks;
use im_types::{SessionId, SiteId, UserId};
use prost::Message as _;
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::attach::{AttachLimits, Attachment};
use super::caller::refuse;
use super::convert::{conversation_id, parse_id};
use super::messages::{answer, intent};
use crate::error::Error;
use crate::usecase::{Core, Intent, Person};

/// Messages of one call.
const MESSAGES_MAX: usize = 512;
/// Acknowledgements of one call.
const ACKNOWLEDGEMENTS_MAX: usize = 1_000;

/// The internal service.
pub struct Internal {
    core: Arc<Core>,
    limits: AttachLimits,
    tasks: Tasks,
}

/// An error as it stands in an answer about many.
pub(super) fn rpc_status(error: &Error) -> RpcStatus {
    let status: Status = status(error);
    // The details are that message, whole; without them there are at least code and text.
    RpcStatus::decode(status.details()).unwrap_or_else(|_| RpcStatus {
        code: i32::from(status.code()),
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}

impl Internal {
    /// The service over the operations; its streams are tasks of `tasks`.
    pub const fn new(core: Arc<Core>, limits: AttachLimits, tasks: Tasks) -> Self {
        Self {
            core,
            limits,
            tasks,
        }
    }

    /// The person in whose name a gateway asks. It has verified the session; here it is seen
    /// whether that has ended since.
    fn person(
        &self,
        facts: &HashMap<UserId, Arc<UserFacts>>,
        user_id: UserId,
        site_id: SiteId,
    ) -> Result<Person, Error> {
        let facts = facts.get(&user_id).filter(|facts| facts.is_active);
        let facts = facts.ok_or(Error::SenderInactive(user_id))?;
        let directory = self.core.directory();
        Ok(Person {
            user_id,
            policy: directory.policy(&site_id, facts),
            site_id,
            is_moderator: directory
                .permissions(facts)
                .contains(Permission::MessagesModerate),
        })
    }

    fn addressed(
        &self,
        facts: &HashMap<UserId, Arc<UserFacts>>,
        message: proto::ClientMessage,
    ) -> Result<(Person, Intent), Error> {
        let user_id = parse_id("user_id", &message.user_id, UserId::parse)?;
        let session_id = parse_id("session_id", &message.session_id, SessionId::parse)?;
        if self.core.directory().is_revoked(session_id) {
            return Err(im_directory::AuthnError::SessionRevoked.into());
        }
        let site_id = parse_site(&message.site_id)?;
        let request = message
            .request
            .ok_or_else(|| Error::invalid("request", "must be set"))?;
        Ok((self.person(facts, user_id, site_id)?, intent(request)?))
    }

    async fn send_all(
        &self,
        messages: Vec<proto::ClientMessage>,
    ) -> Result<Vec<SendResult>, Error> {
        let mut senders: Vec<UserId> = messages
            .iter()
            .filter_map(|message| UserId::parse(&message.user_id).ok())
            .collect();
        senders.sort_unstable();
        senders.dedup();
        let facts = self.core.directory().users(&senders).await?;
        let intents = messages
            .into_iter()
            .map(|message| self.addressed(&facts, message));
        let results = self.core.send_all(intents.collect()).await;
        let outcome = |result: Result<crate::usecase::Sent, Error>| match result {
            Ok(sent) => Outcome::Response(answer(&sent)),
            Err(error) => Outcome::Error(rpc_status(&error)),
        };
        let results = results.into_iter().map(|result| SendResult {
            outcome: Some(outcome(result)),
        });
        Ok(results.collect())
    }

    async fn typing(&self, request: &proto::PublishTypingRequest) -> Result<(), Error> {
        let user_id = parse_id("user_id", &request.user_id, UserId::parse)?;
        let site_id = parse_site(&request.site_id)?;
        let facts = self.core.directory().users(&[user_id]).await?;
        let person = self.person(&facts, user_id, site_id)?;
        self.core
            .publish_typing(&person, conversation_id(&request.conversation_id)?)
            .await
    }
}

fn parse_site(text: &str) -> Result<SiteId, Error> {
    SiteId::parse(text).map_err(|error| Error::invalid("site_id", error))
}

type Deliveries = Pin<Box<dyn Stream<Item = Result<proto::AttachResponse, Status>> + Send>>;

#[async_trait]
impl MessagingInternalService for Internal {
    type AttachStream = Deliveries;

    async fn batch_send_messages(
        &self,
        request: Request<proto::BatchSendMessagesRequest>,
    ) -> Result<Response<proto::BatchSendMessagesResponse>, Status> {
        let messages = request.into_inner().messages;
        if messages.len() > MESSAGES_MAX {
            return Err(refuse(Error::invalid("messages", "must be at most 512")));
        }
        let results = self.send_all(messages).await.map_err(refuse)?;
        Ok(Response::new(proto::BatchSendMessagesResponse { results }))
    }

    async fn attach(
        &self,
        request: Request<Streaming<proto::AttachRequest>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        let stream = Attachment::start(
            Arc::clone(&self.core),
            self.limits,
            request.into_inner(),
            &self.tasks,
        );
        Ok(Response::new(Box::pin(stream)))
    }

    async fn publish_typing(
        &self,
        request: Request<proto::PublishTypingRequest>,
    ) -> Result<Response<proto::PublishTypingResponse>, Status> {
        self.typing(&request.into_inner()).await.map_err(refuse)?;
        Ok(Response::new(proto::PublishTypingResponse {}))
    }

    async fn batch_acknowledge(
        &self,
        request: Request<proto::BatchAcknowledgeRequest>,
    ) -> Result<Response<proto::BatchAcknowledgeResponse>, Status> {
        let acknowledgements = request.into_inner().acknowledgements;
        if acknowledgements.len() > ACKNOWLEDGEMENTS_MAX {
            return Err(refuse(Error::invalid(
                "acknowledgements",
                "must be at most 1000",
            )));
        }
        for told in acknowledgements {
            if let Ok(user_id) = UserId::parse(&told.user_id) {
                self.core.acknowledge(user_id, &told.cursor);
            }
        }
        Ok(Response::new(proto::BatchAcknowledgeResponse {}))
    }
}
