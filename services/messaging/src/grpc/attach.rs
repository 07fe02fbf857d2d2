//! One stream with the readers of one gateway node.
//!
//! A reader takes as much as it has credit for, so a slow one costs a place in a table and nothing
//! else. Reading from the database and taking from memory go on side by side; of one reader there
//! is never more than one of them under way, so its entries stay in order.

mod readers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use futures_util::{FutureExt as _, Stream};
use im_proto::messaging as proto;
use im_proto::messaging::attach_request::{Action, Open};
use im_proto::messaging::attach_response::Delivery;
use im_proto::messaging::attach_response::delivery::Content;
use im_runtime::lifecycle::Tasks;
use im_types::UserId;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

use self::readers::{Readers, Step};
use super::convert::{entry, parse_id};
use super::internal::rpc_status;
use crate::domain::{Cursor, Entry};
use crate::error::Error;
use crate::hub::ReaderKey;
use crate::metrics::Source;
use crate::ports::{MailboxRange, StoreFault};
use crate::usecase::Core;

/// Answers that may wait for the node; it is not asked for more before they are taken.
const ANSWERS_WAITING_MAX: usize = 4;
/// Entries of one reader taken at a time.
const ENTRIES_PER_TURN: usize = 200;
/// Readers served with one answer.
const DELIVERIES_PER_ANSWER: usize = 256;
/// Readers for whom the database is read with one statement.
const READERS_PER_READ: usize = 32;
/// How often it is looked for slow readers, and a failed read is tried again.
const TICK: Duration = Duration::from_secs(1);

/// Limits of a stream.
#[derive(Debug, Clone, Copy)]
pub struct AttachLimits {
    /// How long a reader may leave waiting what came for it.
    pub slow_reader_timeout: Duration,
}

/// What was read from the database.
enum Read {
    /// Where the mailboxes of new readers stand.
    Opened(
        Vec<(ReaderKey, String)>,
        Result<Vec<(UserId, MailboxRange)>, StoreFault>,
    ),
    /// Where the mailboxes stand of readers whose next entry was not there.
    Checked(
        Vec<ReaderKey>,
        Result<Vec<(UserId, MailboxRange)>, StoreFault>,
    ),
    /// Entries of readers that were behind.
    Entries(Vec<ReaderKey>, Result<Vec<(UserId, Entry)>, StoreFault>),
}

/// One stream of one node.
pub(super) struct Attachment {
    core: Arc<Core>,
    readers: Readers,
    answers: mpsc::Sender<Result<proto::AttachResponse, Status>>,
    reads: FuturesUnordered<BoxFuture<'static, Read>>,
    limits: AttachLimits,
}

impl Attachment {
    /// Starts the stream's task and answers what goes to the node.
    pub(super) fn start(
        core: Arc<Core>,
        limits: AttachLimits,
        requests: Streaming<proto::AttachRequest>,
        tasks: &Tasks,
    ) -> impl Stream<Item = Result<proto::AttachResponse, Status>> + use<> {
        let (answers, taken) = mpsc::channel(ANSWERS_WAITING_MAX);
        let readers = Readers::new(Arc::clone(core.hub()), core.metrics().clone());
        let attachment = Self {
            core,
            readers,
            answers,
            reads: FuturesUnordered::new(),
            limits,
        };
        tasks.spawn(
            "messaging.attach",
            attachment.run(requests, tasks.shutdown_token()),
        );
        ReceiverStream::new(taken)
    }

    /// Until the node goes, or the process stops: the node then attaches elsewhere.
    async fn run(
        mut self,
        mut requests: Streaming<proto::AttachRequest>,
        shutdown: CancellationToken,
    ) {
        self.core.metrics().stream_opened();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let inbox = Arc::clone(self.readers.inbox());
        loop {
            let is_alive = tokio::select! {
                biased;
                () = shutdown.cancelled() => false,
                () = self.answers.closed() => false,
                request = requests.next() => match request {
                    Some(Ok(request)) => self.obey(request).await,
                    Some(Err(_)) | None => false,
                },
                Some(read) = self.reads.next(), if !self.reads.is_empty() => self.apply(read).await,
                () = inbox.changed() => self.serve().await,
                _ = tick.tick() => self.look_for_slow_readers().await,
            };
            if !is_alive {
                break;
            }
        }
        self.core.metrics().stream_ended();
    }

    async fn obey(&mut self, request: proto::AttachRequest) -> bool {
        match request.action {
            Some(Action::Open(open)) => self.open(open).await,
            Some(Action::CloseConnectionId(connection_id)) => {
                self.readers.close(&connection_id);
                true
            }
            Some(Action::Credit(credit)) => {
                self.readers
                    .add_credit(&credit.connection_id, credit.entries);
                true
            }
            None => true,
        }
    }

    /// The reader is woken from now on; then it is read where its mailbox stands.
    async fn open(&mut self, open: Open) -> bool {
        let user_id = match parse_id("user_id", &open.user_id, UserId::parse) {
            Ok(user_id) => user_id,
            Err(error) => return self.fail(open.connection_id, &error).await,
        };
        let key = self.readers.open(open.connection_id, user_id, open.credit);
        self.read_positions(vec![(key, user_id, open.cursor)]);
        true
    }

    fn read_positions(&mut self, opening: Vec<(ReaderKey, UserId, String)>) {
        let store = Arc::clone(self.core.store());
        let user_ids: Vec<UserId> = opening.iter().map(|(_, user_id, _)| *user_id).collect();
        let opening = opening
            .into_iter()
            .map(|(key, _, cursor)| (key, cursor))
            .collect();
        self.reads
            .push(async move { Read::Opened(opening, store.mailboxes(&user_ids).await) }.boxed());
    }

    /// The next entry of these readers was not found: it has been pruned, or is not to be seen yet.
    fn check_positions(&mut self, lost: &[(ReaderKey, UserId)]) {
        let store = Arc::clone(self.core.store());
        let (keys, user_ids): (Vec<ReaderKey>, Vec<UserId>) = lost.iter().copied().unzip();
        self.reads
            .push(async move { Read::Checked(keys, store.mailboxes(&user_ids).await) }.boxed());
    }

    async fn checked(&mut self, keys: Vec<ReaderKey>, ranges: &[(UserId, MailboxRange)]) -> bool {
        for key in keys {
            let (Some((connection_id, user_id)), Some(cursor)) =
                (self.readers.of(key), self.readers.cursor_of(key))
            else {
                continue;
            };
            match self.core.place(user_id, &cursor, range_of(user_id, ranges)) {
                Ok(_) => self.readers.retry_later(vec![key]),
                Err(error) => {
                    self.readers.take_away(key);
                    if !self.fail(connection_id, &error).await {
                        return false;
                    }
                }
            }
        }
        true
    }

    async fn apply(&mut self, read: Read) -> bool {
        match read {
            Read::Opened(opening, Ok(ranges)) => {
                let mut deliveries = Vec::with_capacity(opening.len());
                for (key, cursor) in opening {
                    deliveries.extend(self.opened(key, &cursor, &ranges));
                }
                self.send(deliveries).await && self.serve().await
            }
            Read::Opened(opening, Err(fault)) => {
                let error = Error::from(fault);
                for (key, _) in opening {
                    let gone = self.readers.take_away(key);
                    if let Some(connection_id) = gone
                        && !self.fail(connection_id, &error).await
                    {
                        return false;
                    }
                }
                true
            }
            Read::Entries(keys, Ok(entries)) => {
                let (deliveries, lost) = self.readers.apply(&keys, &entries, delivery);
                self.count(Source::Database, &deliveries);
                if !lost.is_empty() {
                    self.check_positions(&lost);
                }
                self.send(deliveries).await && self.serve().await
            }
            Read::Checked(keys, Ok(ranges)) => self.checked(keys, &ranges).await,
            Read::Checked(keys, Err(_)) => {
                self.readers.retry_later(keys);
                true
            }
            Read::Entries(keys, Err(fault)) => {
                // Tried again with the next tick.
                tracing::warn!(error = %Error::from(fault), "mailboxes cannot be read");
                self.readers.retry_later(keys);
                true
            }
        }
    }

    fn opened(
        &mut self,
        key: ReaderKey,
        cursor: &str,
        ranges: &[(UserId, MailboxRange)],
    ) -> Option<Delivery> {
        let (connection_id, user_id) = self.readers.of(key)?;
        let range = range_of(user_id, ranges);
        let content = match self.core.place(user_id, cursor, range) {
            Ok(cursor) => {
                self.readers.start(key, cursor, range.last_seq);
                Content::OpenedCursor(cursor.encode())
            }
            Err(error) => {
                self.readers.take_away(key);
                Content::Error(rpc_status(&error))
            }
        };
        Some(Delivery {
            connection_id,
            content: Some(content),
        })
    }

    /// Gives those who were woken what they have room for.
    async fn serve(&mut self) -> bool {
        loop {
            let woken = self.readers.woken(DELIVERIES_PER_ANSWER);
            if woken.is_empty() {
                return true;
            }
            let mut deliveries = Vec::with_capacity(woken.len());
            let mut behind = Vec::new();
            for key in woken {
                match self.readers.step(key, ENTRIES_PER_TURN) {
                    Step::Entries(about, entries, cursor) => {
                        deliveries.push(delivery(about, &entries, cursor));
                    }
                    Step::Behind(user_id, position) => behind.push((key, user_id, position)),
                    Step::Nothing => {}
                }
            }
            self.count(Source::Memory, &deliveries);
            self.read_entries(behind);
            if !self.send(deliveries).await {
                return false;
            }
        }
    }

    /// A statement names no mailbox twice, so a second reader of one gets a statement of its own.
    fn read_entries(&mut self, mut behind: Vec<(ReaderKey, UserId, i64)>) {
        while !behind.is_empty() {
            let mut after: BTreeMap<UserId, i64> = BTreeMap::new();
            let mut keys = Vec::new();
            behind.retain(|(key, user_id, position)| {
                let is_later = keys.len() >= READERS_PER_READ || after.contains_key(user_id);
                if !is_later {
                    after.insert(*user_id, *position);
                    keys.push(*key);
                }
                is_later
            });
            let after: Vec<(UserId, i64)> = after.into_iter().collect();
            let store = Arc::clone(self.core.store());
            let read =
                async move { Read::Entries(keys, store.entries(&after, ENTRIES_PER_TURN).await) };
            self.reads.push(read.boxed());
        }
    }

    fn count(&self, source: Source, deliveries: &[Delivery]) {
        let batch = |delivery: &Delivery| match &delivery.content {
            Some(Content::Batch(batch)) => batch.entries.len(),
            _ => 0,
        };
        let entries = deliveries.iter().map(batch).sum();
        if entries > 0 {
            self.core.metrics().delivered(source, entries);
        }
    }

    async fn look_for_slow_readers(&mut self) -> bool {
        for connection_id in self.readers.slow(self.limits.slow_reader_timeout) {
            if !self.fail(connection_id, &Error::SlowReader).await {
                return false;
            }
        }
        self.readers.wake_failed();
        self.serve().await
    }

    async fn fail(&mut self, connection_id: String, error: &Error) -> bool {
        let content = Some(Content::Error(rpc_status(error)));
        self.send(vec![Delivery {
            connection_id,
            content,
        }])
        .await
    }

    async fn send(&mut self, deliveries: Vec<Delivery>) -> bool {
        if deliveries.is_empty() {
            return true;
        }
        self.answers
            .send(Ok(proto::AttachResponse { deliveries }))
            .await
            .is_ok()
    }
}

fn delivery(
    (connection_id, user_id): (String, UserId),
    entries: &[Entry],
    cursor: Cursor,
) -> Delivery {
    let batch = proto::Batch {
        entries: entries.iter().map(|line| entry(line, user_id)).collect(),
        cursor: cursor.encode(),
    };
    Delivery {
        connection_id,
        content: Some(Content::Batch(batch)),
    }
}

fn range_of(user_id: UserId, ranges: &[(UserId, MailboxRange)]) -> MailboxRange {
    let range = ranges.iter().find(|(owner, _)| *owner == user_id);
    range.map_or(MailboxRange::EMPTY, |(_, range)| *range)
}
