//! Group commit: requests that wait together are written together.
//!
//! A lane takes whatever has come while its last transaction ran. Alone, a request waits for
//! nobody; under load the cost of a commit is shared by all that came meanwhile.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use im_directory::Directory;
use im_runtime::lifecycle::Tasks;
use im_types::{Clock, SiteId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::core::Aftermath;
use crate::domain::{Command, Limits, Outcome, Refusal};
use crate::error::{Error, SharedFault};
use crate::metrics::MessagingMetrics;
use crate::ports::{Store, StoreFault};

/// After the stop was asked for, a lane goes on until nothing has come for this long.
const LINGER: Duration = Duration::from_millis(1_500);

type Result_ = Result<Outcome, Refusal>;

/// Requests of one caller for one lane.
struct Job {
    commands: Vec<Command>,
    reply: oneshot::Sender<Vec<Result<Result_, SharedFault>>>,
    places: Places,
    queued_at: Instant,
}

/// Places in the queue, given back when dropped.
struct Places {
    permit: OwnedSemaphorePermit,
    metrics: MessagingMetrics,
}

impl Places {
    fn new(permit: OwnedSemaphorePermit, metrics: &MessagingMetrics) -> Self {
        metrics.queued(permit.num_permits());
        Self {
            permit,
            metrics: metrics.clone(),
        }
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        self.metrics.answered(self.permit.num_permits());
    }
}

/// Settings of the writer.
#[derive(Debug, Clone, Copy)]
pub struct WriterOptions {
    /// Transactions at once.
    pub lanes: usize,
    /// Commands in one transaction; a caller's own are never split.
    pub batch_commands_max: usize,
    /// Commands that may wait or be under way.
    pub queue_commands_max: usize,
    /// See [`Limits::receipt_members_max`].
    pub receipt_members_max: usize,
}

/// The way to the store for everything that changes something. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Writer {
    lanes: Arc<[mpsc::Sender<Job>]>,
    places: Arc<Semaphore>,
    metrics: MessagingMetrics,
}

impl Writer {
    /// Starts the lanes as tasks of `tasks`.
    pub(super) fn start(
        options: WriterOptions,
        (store, directory, aftermath): (&Arc<dyn Store>, &Directory, &Arc<Aftermath>),
        metrics: &MessagingMetrics,
        tasks: &Tasks,
    ) -> Self {
        let lanes = (0..options.lanes.max(1)).map(|_| {
            let (sender, receiver) = mpsc::channel(options.queue_commands_max.max(1));
            let lane = Lane {
                store: Arc::clone(store),
                directory: directory.clone(),
                clock: directory.clock().clone(),
                aftermath: Arc::clone(aftermath),
                metrics: metrics.clone(),
                options,
            };
            tasks.spawn(
                "messaging.writer",
                lane.run(receiver, tasks.shutdown_token()),
            );
            sender
        });
        let places = Arc::new(Semaphore::new(options.queue_commands_max));
        Self {
            lanes: lanes.collect(),
            places,
            metrics: metrics.clone(),
        }
    }

    /// Runs one command.
    pub async fn run(&self, command: Command) -> Result<Outcome, Error> {
        let mut results = self.run_all(vec![command]).await?;
        results.pop().unwrap_or(Err(Error::Stopping))
    }

    /// Runs commands; each stands or falls by itself, unless it is answered for all that they
    /// were not taken.
    pub async fn run_all(
        &self,
        commands: Vec<Command>,
    ) -> Result<Vec<Result<Outcome, Error>>, Error> {
        let count = u32::try_from(commands.len()).map_err(|_| Error::Overloaded)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        if let [lane] = &*self.lanes {
            return self.submit(lane, commands).await;
        }
        let mut by_lane: Vec<(Vec<usize>, Vec<Command>)> =
            self.lanes.iter().map(|_| Default::default()).collect();
        for (place, command) in commands.into_iter().enumerate() {
            let lane = lane_of(&command, by_lane.len());
            if let Some((places, part)) = by_lane.get_mut(lane) {
                places.push(place);
                part.push(command);
            }
        }
        let parts = self
            .lanes
            .iter()
            .zip(by_lane)
            .filter(|(_, (places, _))| !places.is_empty());
        let parts = parts.map(|(lane, (places, part))| async move {
            let results = self.submit(lane, part).await?;
            Ok::<_, Error>(places.into_iter().zip(results).collect::<Vec<_>>())
        });
        let mut results: Vec<(usize, Result<Outcome, Error>)> =
            try_join_all(parts).await?.into_iter().flatten().collect();
        results.sort_by_key(|(place, _)| *place);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }

    async fn submit(
        &self,
        lane: &mpsc::Sender<Job>,
        commands: Vec<Command>,
    ) -> Result<Vec<Result<Outcome, Error>>, Error> {
        let count = u32::try_from(commands.len()).map_err(|_| Error::Overloaded)?;
        let places = Arc::clone(&self.places).try_acquire_many_owned(count);
        let places = places.map_err(|_| Error::Overloaded)?;
        let places = Places::new(places, &self.metrics);
        let (reply, answer) = oneshot::channel();
        let job = Job {
            commands,
            reply,
            places,
            queued_at: Instant::now(),
        };
        lane.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Error::Stopping,
        })?;
        let results = answer.await.map_err(|_| Error::Stopping)?;
        let flatten = |result: Result<Result_, SharedFault>| match result {
            Ok(result) => result.map_err(Error::Refused),
            Err(fault) => Err(Error::Store(fault)),
        };
        Ok(results.into_iter().map(flatten).collect())
    }
}

/// Commands of one conversation go through one lane, so that lanes seldom wait for each other.
fn lane_of(command: &Command, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    match command {
        Command::CreateDirect(create) => create.pair.hash(&mut hasher),
        Command::CreateGroup(create) => create.actor_id.hash(&mut hasher),
        other => other.conversation_id().hash(&mut hasher),
    }
    usize::try_from(hasher.finish() % u64::try_from(lanes.max(1)).unwrap_or(1)).unwrap_or(0)
}

struct Lane {
    store: Arc<dyn Store>,
    directory: Directory,
    clock: Clock,
    aftermath: Arc<Aftermath>,
    metrics: MessagingMetrics,
    options: WriterOptions,
}

impl Lane {
    async fn run(self, mut receiver: mpsc::Receiver<Job>, shutdown: CancellationToken) {
        loop {
            let next = tokio::select! {
                biased;
                job = receiver.recv() => job,
                () = shutdown.cancelled() => {
                    let late = tokio::time::timeout(LINGER, receiver.recv()).await;
                    late.unwrap_or_default()
                }
            };
            let Some(first) = next else { break };
            let mut jobs = vec![first];
            let mut count = jobs.iter().map(|job| job.commands.len()).sum::<usize>();
            while count < self.options.batch_commands_max {
                let Ok(job) = receiver.try_recv() else { break };
                count += job.commands.len();
                jobs.push(job);
            }
            self.commit(jobs, count).await;
        }
    }

    async fn commit(&self, jobs: Vec<Job>, count: usize) {
        let mut commands = Vec::with_capacity(count);
        let mut callers = Vec::with_capacity(jobs.len());
        for mut job in jobs {
            self.metrics.waited(job.queued_at.elapsed().as_secs_f64());
            callers.push((job.commands.len(), job.reply, job.places));
            commands.append(&mut job.commands);
        }
        let mut results = self.commit_all(&commands).await.into_iter();
        for (count, reply, places) in callers {
            drop(places);
            // A caller that has gone does not want to know.
            let _gone = reply.send(results.by_ref().take(count).collect());
        }
    }

    /// A batch that the database refuses is tried again command by command, so that one command
    /// that cannot be written harms no other.
    async fn commit_all(&self, commands: &[Command]) -> Vec<Result<Result_, SharedFault>> {
        match self.commit_once(commands).await {
            Ok(results) => results.into_iter().map(Ok).collect(),
            Err(StoreFault::Broken(_)) if commands.len() > 1 => {
                let mut results = Vec::with_capacity(commands.len());
                for command in commands {
                    let alone = self.commit_once(std::slice::from_ref(command)).await;
                    results.push(match alone {
                        Ok(mut only) => Ok(only.pop().unwrap_or(Err(Refusal::Stale))),
                        Err(fault) => Err(fault.into()),
                    });
                }
                results
            }
            Err(fault) => {
                let fault = SharedFault::from(fault);
                commands.iter().map(|_| Err(fault.clone())).collect()
            }
        }
    }

    async fn commit_once(&self, commands: &[Command]) -> Result<Vec<Result_>, StoreFault> {
        let policy = self.directory.site_policy(&SiteId::default());
        let limits = Limits {
            fanout_members_max: usize::try_from(policy.fanout_members_max()).unwrap_or(usize::MAX),
            receipt_members_max: self.options.receipt_members_max,
        };
        let begin = Instant::now();
        let committed = self
            .store
            .commit(commands, limits, self.clock.now())
            .await?;
        let seconds = begin.elapsed().as_secs_f64();
        self.metrics.committed(commands.len(), seconds);
        self.aftermath.tell(committed.entries, committed.rolls);
        Ok(committed.results)
    }
}
