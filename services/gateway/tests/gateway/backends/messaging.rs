//! messaging, played: mailboxes open where they are asked to, messages are kept and numbered.

use std::{sync::atomic::Ordering, time::Duration};

use im_proto::messaging::{
    self, AttachRequest, AttachResponse, Message, SendMessageResponse,
    attach_request::{Action, Open},
    attach_response::{Delivery, delivery::Content},
    batch_send_messages_response::{self, result::Outcome},
    messaging_internal_service_server::MessagingInternalService,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request as Rpc, Response as Answer, Status, Streaming, async_trait};

use super::Backends;

impl Backends {
    fn opened(&self, open: Open) -> AttachResponse {
        // Like the real one: from the present position, or from where the client asks.
        let cursor = if open.cursor.is_empty() {
            "1.0".to_owned()
        } else {
            open.cursor.clone()
        };
        let delivery = Delivery {
            connection_id: open.connection_id.clone(),
            content: Some(Content::OpenedCursor(cursor)),
        };
        self.credits
            .lock()
            .unwrap()
            .insert(open.connection_id.clone(), open.credit);
        self.opens.lock().unwrap().push(open);
        AttachResponse {
            deliveries: vec![delivery],
        }
    }
}

#[async_trait]
impl MessagingInternalService for Backends {
    type AttachStream = ReceiverStream<Result<AttachResponse, Status>>;

    async fn batch_send_messages(
        &self,
        request: Rpc<messaging::BatchSendMessagesRequest>,
    ) -> Result<Answer<messaging::BatchSendMessagesResponse>, Status> {
        let messages = request.into_inner().messages;
        self.send_calls.lock().unwrap().push(messages.len());
        let delay = u64::try_from(self.send_delay_ms.load(Ordering::SeqCst)).unwrap();
        tokio::time::sleep(Duration::from_millis(delay)).await;
        let mut sent = self.sent.lock().unwrap();
        let results = messages.into_iter().map(|client| {
            let request = client.request.clone().unwrap();
            let outcome = if request.text == "forbidden" {
                Outcome::Error(refusal())
            } else {
                let seq = i64::try_from(sent.len()).unwrap() + 1;
                let message = Message {
                    seq,
                    text: request.text,
                    ..Message::default()
                };
                Outcome::Response(SendMessageResponse {
                    message: Some(message),
                    duplicate: false,
                })
            };
            sent.push(client);
            batch_send_messages_response::Result {
                outcome: Some(outcome),
            }
        });
        let results = results.collect();
        Ok(Answer::new(messaging::BatchSendMessagesResponse {
            results,
        }))
    }

    async fn attach(
        &self,
        request: Rpc<Streaming<AttachRequest>>,
    ) -> Result<Answer<Self::AttachStream>, Status> {
        if self.is_attach_broken.load(Ordering::SeqCst) {
            return Err(Status::unavailable("not now"));
        }
        let (sender, receiver) = mpsc::channel(64);
        *self.deliveries.lock().unwrap() = Some(sender);
        let backends = self.clone();
        let mut requests = request.into_inner();
        #[expect(clippy::disallowed_methods, reason = "ends with its stream")]
        tokio::spawn(async move {
            while let Ok(Some(AttachRequest {
                action: Some(action),
            })) = requests.message().await
            {
                match action {
                    Action::Open(open) => {
                        let response = backends.opened(open);
                        let sender = backends.deliveries.lock().unwrap().clone();
                        let Some(sender) = sender else { return };
                        if sender.send(Ok(response)).await.is_err() {
                            return;
                        }
                    }
                    Action::CloseConnectionId(id) => backends.detached.lock().unwrap().push(id),
                    Action::Credit(credit) => {
                        let mut credits = backends.credits.lock().unwrap();
                        *credits.entry(credit.connection_id).or_default() += credit.entries;
                    }
                }
            }
        });
        Ok(Answer::new(ReceiverStream::new(receiver)))
    }

    async fn publish_typing(
        &self,
        request: Rpc<messaging::PublishTypingRequest>,
    ) -> Result<Answer<messaging::PublishTypingResponse>, Status> {
        self.typed.lock().unwrap().push(request.into_inner());
        Ok(Answer::new(messaging::PublishTypingResponse {}))
    }

    async fn batch_acknowledge(
        &self,
        request: Rpc<messaging::BatchAcknowledgeRequest>,
    ) -> Result<Answer<messaging::BatchAcknowledgeResponse>, Status> {
        let acknowledgements = request.into_inner().acknowledgements.into_iter();
        self.acknowledged
            .lock()
            .unwrap()
            .extend(acknowledgements.map(|ack| (ack.user_id, ack.cursor)));
        Ok(Answer::new(messaging::BatchAcknowledgeResponse {}))
    }
}

fn refusal() -> im_proto::google::rpc::Status {
    let status = im_runtime::error::simple_status(
        im_runtime::error::ErrorKind::PermissionDenied,
        "NOT_A_CONTACT",
        "not a contact",
    );
    prost::Message::decode(status.details()).unwrap()
}
