//! The services on the wire: thin, only words are changed here.

mod attach;
mod caller;
mod conversations;
mod convert;
mod internal;
mod mailboxes;
mod messages;
mod presence;

pub use attach::AttachLimits;
pub use internal::Internal;
pub use presence::PresenceClient;

use std::sync::Arc;

use im_directory::TokenVerifier;
use im_proto::messaging::conversation_service_server::ConversationServiceServer;
use im_proto::messaging::mailbox_service_server::MailboxServiceServer;
use im_proto::messaging::message_service_server::MessageServiceServer;
use im_proto::messaging::messaging_internal_service_server::MessagingInternalServiceServer;
use im_runtime::lifecycle::Tasks;
use tonic::service::Routes;

use crate::usecase::Core;
use caller::Callers;

/// All services of messaging, public and internal.
pub fn routes(
    core: &Arc<Core>,
    verifier: &TokenVerifier,
    limits: AttachLimits,
    tasks: &Tasks,
) -> Routes {
    let callers = Callers::new(Arc::clone(core), verifier.clone());
    let internal = Internal::new(Arc::clone(core), limits, tasks.clone());
    // The default of `Routes` carries a fallback and could not be merged with others.
    Routes::from(axum::Router::new())
        .add_service(ConversationServiceServer::new(
            conversations::Conversations(callers.clone()),
        ))
        .add_service(MessageServiceServer::new(messages::Messages(
            callers.clone(),
        )))
        .add_service(MailboxServiceServer::new(mailboxes::Mailboxes(callers)))
        .add_service(MessagingInternalServiceServer::new(internal))
}
