//! One process of the service, called as its neighbours call it.

use im_messaging::Service;
use im_proto::messaging as proto;
use im_proto::messaging::conversation_service_client::ConversationServiceClient;
use im_proto::messaging::mailbox_service_client::MailboxServiceClient;
use im_proto::messaging::message_service_client::MessageServiceClient;
use im_proto::messaging::messaging_internal_service_client::MessagingInternalServiceClient;
use im_runtime::lifecycle::Tasks;
use im_runtime::rpc::RpcChannel;

use super::Caller;

/// One process.
pub(crate) struct Replica {
    pub(crate) service: Service,
    pub(crate) channel: RpcChannel,
    pub(crate) tasks: Tasks,
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.tasks.stop_now();
    }
}

impl Replica {
    pub(crate) fn conversations(&self) -> ConversationServiceClient<RpcChannel> {
        ConversationServiceClient::new(self.channel.clone())
    }

    pub(crate) fn messages(&self) -> MessageServiceClient<RpcChannel> {
        MessageServiceClient::new(self.channel.clone())
    }

    pub(crate) fn mailboxes(&self) -> MailboxServiceClient<RpcChannel> {
        MailboxServiceClient::new(self.channel.clone())
    }

    pub(crate) fn internal(&self) -> MessagingInternalServiceClient<RpcChannel> {
        MessagingInternalServiceClient::new(self.channel.clone())
    }

    pub(crate) async fn direct(&self, one: &Caller, other: &Caller) -> String {
        let request = proto::CreateConversationRequest {
            kind: proto::conversation::Kind::Direct.into(),
            member_ids: vec![other.user_id.to_string()],
            ..Default::default()
        };
        let answer = self
            .conversations()
            .create_conversation(one.ask(request))
            .await
            .unwrap();
        answer.into_inner().conversation.unwrap().id
    }

    pub(crate) async fn group(&self, owner: &Caller, others: &[&Caller], title: &str) -> String {
        let request = proto::CreateConversationRequest {
            kind: proto::conversation::Kind::Group.into(),
            member_ids: others
                .iter()
                .map(|other| other.user_id.to_string())
                .collect(),
            title: title.to_owned(),
            ..Default::default()
        };
        let answer = self
            .conversations()
            .create_conversation(owner.ask(request))
            .await
            .unwrap();
        answer.into_inner().conversation.unwrap().id
    }

    pub(crate) async fn send(
        &self,
        sender: &Caller,
        conversation_id: &str,
        key: &str,
        text: &str,
    ) -> Result<proto::SendMessageResponse, tonic::Status> {
        let request = proto::SendMessageRequest {
            conversation_id: conversation_id.to_owned(),
            client_key: key.to_owned(),
            text: text.to_owned(),
            reply_to_seq: 0,
        };
        let answer = self.messages().send_message(sender.ask(request)).await?;
        Ok(answer.into_inner())
    }

    pub(crate) async fn conversation(&self, caller: &Caller, id: &str) -> proto::Conversation {
        let request = proto::GetConversationRequest {
            conversation_id: id.to_owned(),
        };
        let answer = self
            .conversations()
            .get_conversation(caller.ask(request))
            .await
            .unwrap();
        answer.into_inner().conversation.unwrap()
    }

    pub(crate) async fn mark_read(
        &self,
        caller: &Caller,
        id: &str,
        seq: i64,
    ) -> Result<proto::Conversation, tonic::Status> {
        let request = proto::MarkReadRequest {
            conversation_id: id.to_owned(),
            seq,
        };
        let answer = self.conversations().mark_read(caller.ask(request)).await?;
        Ok(answer.into_inner().conversation.unwrap())
    }

    pub(crate) async fn history(
        &self,
        caller: &Caller,
        id: &str,
        (before_seq, after_seq, page_size): (i64, i64, i32),
    ) -> Result<proto::ListMessagesResponse, tonic::Status> {
        let conversation_id = id.to_owned();
        let request = proto::ListMessagesRequest {
            conversation_id,
            before_seq,
            after_seq,
            page_size,
        };
        Ok(self
            .messages()
            .list_messages(caller.ask(request))
            .await?
            .into_inner())
    }

    pub(crate) async fn list(
        &self,
        reader: &Caller,
        cursor: &str,
    ) -> Result<proto::ListEntriesResponse, tonic::Status> {
        let request = proto::ListEntriesRequest {
            cursor: cursor.to_owned(),
            page_size: 0,
        };
        let answer = self.mailboxes().list_entries(reader.ask(request)).await?;
        Ok(answer.into_inner())
    }
}
