//! Tickets and renewals come in storms: after a restart everybody reconnects at once. So those that
//! come while a transaction is under way go into the next one together: one commit for hundreds.

use std::collections::{HashMap, HashSet};

use im_types::{SessionId, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::domain::session::Ticket;
use crate::store::{NewTicket, Renewal, SessionBatch, SqlStore};

/// Requests that wait for the next transaction.
const QUEUE_MAX: usize = 4_096;
/// Requests in one transaction.
const BATCH_MAX: usize = 512;

/// Why a batch failed; the worker has logged it.
#[derive(Debug, Clone, Copy)]
struct Failed;

type Answer<T> = oneshot::Sender<Result<T, Failed>>;

#[derive(Debug)]
enum Request {
    Put(NewTicket, Answer<()>),
    Take(Vec<u8>, Answer<Option<Ticket>>),
    Renew(Renewal, Answer<bool>),
}

/// The way to the lane. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SessionLane {
    requests: mpsc::Sender<Request>,
}

/// The lane itself, to be run as a task.
#[derive(Debug)]
pub struct SessionLaneWorker {
    store: SqlStore,
    requests: mpsc::Receiver<Request>,
}

impl SessionLane {
    /// A lane and its worker.
    pub fn new(store: SqlStore) -> (Self, SessionLaneWorker) {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        (
            Self { requests: sender },
            SessionLaneWorker {
                store,
                requests: receiver,
            },
        )
    }

    async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.requests
            .send(request(answer))
            .await
            .map_err(|_closed| Error::Stopping)?;
        match answered.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Failed)) => Err(Error::LaneFailed),
            Err(_closed) => Err(Error::Stopping),
        }
    }

    /// Stores a ticket.
    pub(super) async fn put(&self, ticket: NewTicket) -> Result<(), Error> {
        self.ask(|answer| Request::Put(ticket, answer)).await
    }

    /// Uses a ticket up; `None` if there is none of this hash.
    pub(super) async fn take(&self, hash: Vec<u8>) -> Result<Option<Ticket>, Error> {
        self.ask(|answer| Request::Take(hash, answer)).await
    }

    /// Replaces a refresh token; `false` if somebody else has used it meanwhile.
    pub(super) async fn renew(&self, renewal: Renewal) -> Result<bool, Error> {
        self.ask(|answer| Request::Renew(renewal, answer)).await
    }
}

/// Whom to answer.
#[derive(Default)]
struct Answers {
    put: Vec<Answer<()>>,
    take: Vec<(Vec<u8>, Answer<Option<Ticket>>)>,
    renew: Vec<(SessionId, Answer<bool>)>,
}

/// What a batch has come to.
struct Done {
    taken: HashMap<Vec<u8>, Ticket>,
    renewed: HashSet<SessionId>,
}

impl SessionLaneWorker {
    /// Works until all ways to the lane are gone. After `soft` what waits is still done, after
    /// `hard` nothing.
    pub async fn run(mut self, soft: CancellationToken, hard: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let work = async {
            loop {
                let received = self.requests.recv_many(&mut batch, BATCH_MAX);
                match soft.run_until_cancelled(received).await {
                    Some(0) => return,
                    Some(_) => work(&self.store, &mut batch).await,
                    None => break,
                }
            }
            // Whoever comes later is told that the process stops.
            self.requests.close();
            while self.requests.recv_many(&mut batch, BATCH_MAX).await > 0 {
                work(&self.store, &mut batch).await;
            }
        };
        hard.run_until_cancelled(work).await;
    }
}

async fn work(store: &SqlStore, requests: &mut Vec<Request>) {
    let (batch, answers) = sort(requests);
    match run(store, batch).await {
        Ok(done) => answers.send(done),
        Err(error) => {
            tracing::warn!(%error, "tickets and renewals cannot be stored");
            answers.fail();
        }
    }
}

fn sort(requests: &mut Vec<Request>) -> (SessionBatch, Answers) {
    let (mut batch, mut answers) = (SessionBatch::default(), Answers::default());
    let mut seen = HashSet::new();
    for request in requests.drain(..) {
        match request {
            Request::Put(ticket, answer) => {
                batch.put.push(ticket);
                answers.put.push(answer);
            }
            Request::Take(hash, answer) => {
                batch.take.push(hash.clone());
                answers.take.push((hash, answer));
            }
            Request::Renew(renewal, answer) if seen.insert(renewal.session_id) => {
                answers.renew.push((renewal.session_id, answer));
                batch.renew.push(renewal);
            }
            // The same session a second time: the same token was used twice.
            Request::Renew(_, answer) => give(answer, Ok(false)),
        }
    }
    (batch, answers)
}

/// One transaction. Tickets of sessions that have ended meanwhile are worth nothing.
async fn run(store: &SqlStore, batch: SessionBatch) -> Result<Done, Error> {
    let done = store.run_session_batch(batch).await?;
    let sessions: Vec<SessionId> = done.taken.iter().map(|t| t.ticket.session_id).collect();
    let live = if sessions.is_empty() {
        Vec::new()
    } else {
        // Expired ones are the cleaner's business; what counts is that nobody has ended them.
        store
            .find_live_sessions(&sessions, Timestamp::EPOCH)
            .await?
    };
    let live: HashSet<SessionId> = live.into_iter().collect();
    let taken = done
        .taken
        .into_iter()
        .filter(|t| live.contains(&t.ticket.session_id));
    Ok(Done {
        taken: taken.map(|taken| (taken.hash, taken.ticket)).collect(),
        renewed: done.renewed.into_iter().collect(),
    })
}

impl Answers {
    fn send(self, mut done: Done) {
        for answer in self.put {
            give(answer, Ok(()));
        }
        for (hash, answer) in self.take {
            give(answer, Ok(done.taken.remove(&hash)));
        }
        for (session, answer) in self.renew {
            give(answer, Ok(done.renewed.contains(&session)));
        }
    }

    fn fail(self) {
        self.put
            .into_iter()
            .for_each(|answer| give(answer, Err(Failed)));
        self.take
            .into_iter()
            .for_each(|(_, answer)| give(answer, Err(Failed)));
        self.renew
            .into_iter()
            .for_each(|(_, answer)| give(answer, Err(Failed)));
    }
}

/// Whoever asked may have gone away; a ticket then simply expires.
fn give<T>(answer: Answer<T>, value: Result<T, Failed>) {
    let _gone = answer.send(value);
}
