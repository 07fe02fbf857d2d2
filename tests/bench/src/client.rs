//! Calls of the public API.

use std::time::Duration;

use anyhow::Context as _;
use im_proto::{
    auth::{LoginRequest, LoginResponse, RegisterRequest, auth_service_client::AuthServiceClient},
    gateway::{CreateStreamTicketRequest, stream_service_client::StreamServiceClient},
    messaging::{
        CreateConversationRequest, conversation::Kind,
        conversation_service_client::ConversationServiceClient,
    },
    presence::{
        AcceptContactRequest, CreateContactRequest, SetPresenceRequest,
        contact_service_client::ContactServiceClient, presence::State,
        presence_service_client::PresenceServiceClient,
    },
};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Uri},
};

/// How long an answer may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse battery staple 1";

/// A connection of its own to the server; the network is used with the first call.
pub(crate) fn channel(address: &str) -> anyhow::Result<Channel> {
    let origin: Uri = address.parse().context("the server's address")?;
    Ok(Channel::builder(origin).tcp_nodelay(true).connect_lazy())
}

/// An access token as metadata.
pub(crate) fn bearer(access_token: &str) -> anyhow::Result<MetadataValue<Ascii>> {
    MetadataValue::try_from(format!("Bearer {access_token}")).context("the access token")
}

/// A request of somebody.
pub(crate) fn request<T>(token: &MetadataValue<Ascii>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", token.clone());
    request.set_timeout(CALL_TIMEOUT);
    request
}

/// Calls over one connection.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    channel: Channel,
}

impl Api {
    pub(crate) fn new(address: &str) -> anyhow::Result<Self> {
        Ok(Self {
            channel: channel(address)?,
        })
    }

    pub(crate) async fn register(&self, username: &str) -> Result<(), Status> {
        let message = RegisterRequest {
            username: username.to_owned(),
            password: PASSWORD.to_owned(),
            ..RegisterRequest::default()
        };
        let mut client = AuthServiceClient::new(self.channel.clone());
        client.register(Request::new(message)).await.map(drop)
    }

    pub(crate) async fn login(&self, username: &str) -> Result<LoginResponse, Status> {
        let message = LoginRequest {
            username: username.to_owned(),
            password: PASSWORD.to_owned(),
            ..LoginRequest::default()
        };
        let mut client = AuthServiceClient::new(self.channel.clone());
        let answer = client.login(Request::new(message)).await?;
        Ok(answer.into_inner())
    }

    pub(crate) async fn ask(
        &self,
        token: &MetadataValue<Ascii>,
        user_id: &str,
    ) -> Result<(), Status> {
        let message = CreateContactRequest {
            user_id: user_id.to_owned(),
            note: String::new(),
        };
        let mut client = ContactServiceClient::new(self.channel.clone());
        client
            .create_contact(request(token, message))
            .await
            .map(drop)
    }

    pub(crate) async fn accept(
        &self,
        token: &MetadataValue<Ascii>,
        user_id: &str,
    ) -> Result<(), Status> {
        let message = AcceptContactRequest {
            user_id: user_id.to_owned(),
        };
        let mut client = ContactServiceClient::new(self.channel.clone());
        client
            .accept_contact(request(token, message))
            .await
            .map(drop)
    }

    /// The id of the conversation with one other person.
    pub(crate) async fn direct(
        &self,
        token: &MetadataValue<Ascii>,
        user_id: &str,
    ) -> anyhow::Result<String> {
        let message = CreateConversationRequest {
            kind: Kind::Direct.into(),
            member_ids: vec![user_id.to_owned()],
            ..CreateConversationRequest::default()
        };
        let mut client = ConversationServiceClient::new(self.channel.clone());
        let answer = client.create_conversation(request(token, message)).await?;
        let conversation = answer.into_inner().conversation;
        Ok(conversation.context("an answer without conversation")?.id)
    }

    /// Chooses BUSY for this reason.
    pub(crate) async fn set_busy(
        &self,
        token: &MetadataValue<Ascii>,
        reason: String,
    ) -> Result<(), Status> {
        let message = SetPresenceRequest {
            state: State::Busy.into(),
            reason,
            ..SetPresenceRequest::default()
        };
        let mut client = PresenceServiceClient::new(self.channel.clone());
        client.set_presence(request(token, message)).await.map(drop)
    }

    pub(crate) async fn ticket(&self, token: &MetadataValue<Ascii>) -> Result<String, Status> {
        let mut client = StreamServiceClient::new(self.channel.clone());
        let answer = client
            .create_stream_ticket(request(token, CreateStreamTicketRequest {}))
            .await?;
        Ok(answer.into_inner().ticket)
    }
}
