//! `MessageService`.

use im_proto::messaging as proto;
use im_proto::messaging::message_service_server::MessageService;
use im_types::PageSize;
use tonic::{Request, Response, Status, async_trait};

use super::caller::{Callers, refuse};
use super::convert::{self, conversation_id};
use crate::domain::{ClientKey, Emoji};
use crate::error::Error;
use crate::ports::HistoryRange;
use crate::usecase::{Intent, Person, Sent};

pub(super) struct Messages(pub(super) Callers);

/// What a client wants to send.
pub(super) fn intent(request: proto::SendMessageRequest) -> Result<Intent, Error> {
    Ok(Intent {
        conversation_id: conversation_id(&request.conversation_id)?,
        client_key: ClientKey::parse(&request.client_key).map_err(Error::value("client_key"))?,
        text: Error::text(request.text)?,
        reply_to_seq: request.reply_to_seq,
    })
}

/// What a sender is answered.
pub(super) fn answer(sent: &Sent) -> proto::SendMessageResponse {
    let message = convert::message(&sent.message, sent.message.sender_id);
    proto::SendMessageResponse {
        message: Some(message),
        duplicate: sent.is_duplicate,
    }
}

impl Messages {
    async fn list(
        &self,
        person: &Person,
        request: &proto::ListMessagesRequest,
    ) -> Result<proto::ListMessagesResponse, Error> {
        let id = conversation_id(&request.conversation_id)?;
        let size = PageSize::parse(request.page_size, 50, 200)
            .map_err(|error| Error::invalid("page_size", error))?;
        let range = match (request.before_seq, request.after_seq) {
            (0, 0) => HistoryRange::Before(i64::MAX),
            (before @ 1.., 0) => HistoryRange::Before(before),
            (0, after @ 1..) => HistoryRange::After(after),
            (..0, _) => return Err(Error::invalid("before_seq", "must not be negative")),
            (_, ..0) => return Err(Error::invalid("after_seq", "must not be negative")),
            (1.., 1..) => {
                return Err(Error::invalid(
                    "after_seq",
                    "must not be set beside before_seq",
                ));
            }
        };
        let page = self
            .0
            .core()
            .history(person, id, range, size.as_usize())
            .await?;
        let messages = page.messages.iter();
        Ok(proto::ListMessagesResponse {
            messages: messages
                .map(|message| convert::message(message, person.user_id))
                .collect(),
            has_more: page.has_more,
            first_available_seq: page.first_available_seq,
        })
    }

    async fn edit(
        &self,
        person: &Person,
        request: proto::EditMessageRequest,
    ) -> Result<proto::Message, Error> {
        let id = conversation_id(&request.conversation_id)?;
        let text = Error::text(request.text)?;
        let message = self.0.core().edit(person, id, request.seq, text).await?;
        Ok(convert::message(&message, person.user_id))
    }

    async fn delete(
        &self,
        person: &Person,
        request: &proto::DeleteMessageRequest,
    ) -> Result<proto::Message, Error> {
        let id = conversation_id(&request.conversation_id)?;
        let message = self.0.core().delete(person, id, request.seq).await?;
        Ok(convert::message(&message, person.user_id))
    }

    async fn react(
        &self,
        person: &Person,
        (conversation, seq, emoji): (&str, i64, &str),
        is_given: bool,
    ) -> Result<proto::Message, Error> {
        let id = conversation_id(conversation)?;
        let emoji = Emoji::parse(emoji).map_err(Error::value("emoji"))?;
        let message = self
            .0
            .core()
            .react(person, (id, seq), emoji, is_given)
            .await?;
        Ok(convert::message(&message, person.user_id))
    }
}

#[async_trait]
impl MessageService for Messages {
    async fn send_message(
        &self,
        request: Request<proto::SendMessageRequest>,
    ) -> Result<Response<proto::SendMessageResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        let intent = intent(request).map_err(refuse)?;
        let sent = self.0.core().send(&person, intent).await.map_err(refuse)?;
        Ok(Response::new(answer(&sent)))
    }

    async fn list_messages(
        &self,
        request: Request<proto::ListMessagesRequest>,
    ) -> Result<Response<proto::ListMessagesResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        self.list(&person, &request)
            .await
            .map(Response::new)
            .map_err(refuse)
    }

    async fn edit_message(
        &self,
        request: Request<proto::EditMessageRequest>,
    ) -> Result<Response<proto::EditMessageResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        let message = Some(self.edit(&person, request).await.map_err(refuse)?);
        Ok(Response::new(proto::EditMessageResponse { message }))
    }

    async fn delete_message(
        &self,
        request: Request<proto::DeleteMessageRequest>,
    ) -> Result<Response<proto::DeleteMessageResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        let message = Some(self.delete(&person, &request).await.map_err(refuse)?);
        Ok(Response::new(proto::DeleteMessageResponse { message }))
    }

    async fn add_reaction(
        &self,
        request: Request<proto::AddReactionRequest>,
    ) -> Result<Response<proto::AddReactionResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        let about = (
            request.conversation_id.as_str(),
            request.seq,
            request.emoji.as_str(),
        );
        let message = Some(self.react(&person, about, true).await.map_err(refuse)?);
        Ok(Response::new(proto::AddReactionResponse { message }))
    }

    async fn remove_reaction(
        &self,
        request: Request<proto::RemoveReactionRequest>,
    ) -> Result<Response<proto::RemoveReactionResponse>, Status> {
        let (person, request) = self.0.admit(request).await?;
        let about = (
            request.conversation_id.as_str(),
            request.seq,
            request.emoji.as_str(),
        );
        let message = Some(self.react(&person, about, false).await.map_err(refuse)?);
        Ok(Response::new(proto::RemoveReactionResponse { message }))
    }
}
