//! A gateway node that reads mailboxes.

use std::collections::VecDeque;
use std::time::Duration;

use im_proto::messaging as proto;
use im_proto::messaging::attach_request::{Action, Credit, Open};
use im_proto::messaging::attach_response::Delivery;
use im_proto::messaging::attach_response::delivery::Content;
use im_types::UserId;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{Replica, reason_of};

/// A node's stream with messaging, as a gateway holds it.
pub(crate) struct Node {
    requests: mpsc::Sender<proto::AttachRequest>,
    deliveries: tonic::Streaming<proto::AttachResponse>,
    waiting: VecDeque<Delivery>,
}

impl Node {
    pub(crate) async fn attach(replica: &Replica) -> Self {
        let (requests, taken) = mpsc::channel(1_024);
        let deliveries = replica
            .internal()
            .attach(ReceiverStream::new(taken))
            .await
            .unwrap();
        Self {
            requests,
            deliveries: deliveries.into_inner(),
            waiting: VecDeque::new(),
        }
    }

    async fn ask(&self, action: Action) {
        self.requests
            .send(proto::AttachRequest {
                action: Some(action),
            })
            .await
            .unwrap();
    }

    /// Begins to read; answers the cursor, or the reason why not.
    pub(crate) async fn open(
        &mut self,
        connection: &str,
        user_id: UserId,
        cursor: &str,
        credit: i32,
    ) -> Result<String, String> {
        let (connection_id, cursor) = (connection.to_owned(), cursor.to_owned());
        let user_id = user_id.to_string();
        self.ask(Action::Open(Open {
            connection_id,
            user_id,
            cursor,
            credit,
        }))
        .await;
        match self.next().await {
            (_, Content::OpenedCursor(cursor)) => Ok(cursor),
            (_, Content::Error(error)) => Err(reason_of(&error)),
            (_, Content::Batch(batch)) => panic!("{batch:?} before the cursor"),
        }
    }

    pub(crate) async fn credit(&self, connection: &str, entries: i32) {
        let connection_id = connection.to_owned();
        self.ask(Action::Credit(Credit {
            connection_id,
            entries,
        }))
        .await;
    }

    pub(crate) async fn close(&self, connection: &str) {
        self.ask(Action::CloseConnectionId(connection.to_owned()))
            .await;
    }

    /// The next delivery; fails after five seconds.
    pub(crate) async fn next(&mut self) -> (String, Content) {
        while self.waiting.is_empty() {
            let answer = tokio::time::timeout(Duration::from_secs(5), self.deliveries.message());
            let answer = answer.await.expect("something comes within 5 s").unwrap();
            self.waiting
                .extend(answer.expect("the stream goes on").deliveries);
        }
        let delivery = self.waiting.pop_front().unwrap();
        (delivery.connection_id, delivery.content.unwrap())
    }

    /// The next entries of the only connection, so many of them.
    pub(crate) async fn entries(&mut self, count: usize) -> Vec<proto::Entry> {
        let mut entries = Vec::new();
        while entries.len() < count {
            match self.next().await {
                (_, Content::Batch(batch)) => entries.extend(batch.entries),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(entries.len(), count, "{entries:#?}");
        entries
    }

    /// Nothing comes for a while.
    pub(crate) async fn expect_silence(&mut self, length: Duration) {
        assert!(self.waiting.is_empty(), "{:?}", self.waiting);
        if let Ok(answer) = tokio::time::timeout(length, self.deliveries.message()).await {
            panic!("{answer:?}");
        }
    }

    /// Whether the stream ends within five seconds.
    pub(crate) async fn ends(&mut self) -> bool {
        let end = async { while let Ok(Some(_)) = self.deliveries.message().await {} };
        tokio::time::timeout(Duration::from_secs(5), end)
            .await
            .is_ok()
    }
}
