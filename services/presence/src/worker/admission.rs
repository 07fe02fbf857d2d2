//! The one task of a replica that lets connections in and out. Whatever waits while one transaction
//! runs goes into the next one, so a storm of connections costs few commits and no artificial wait.

use std::collections::VecDeque;
use std::sync::Arc;

use im_runtime::error::ServiceError as _;
use im_types::{Clock, ConnectionId};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::PresenceSettings;
use crate::domain::admission::Refused;
use crate::error::Error;
use crate::metrics::PresenceMetrics;
use crate::ports::{AdmissionBatch, AdmissionOutcome, Store};
use crate::usecase::AdmissionCommand;

/// Most connections in one transaction.
const CONNECTIONS_MAX: usize = 1_000;

/// See the module.
pub struct Admission {
    /// Where places are kept.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Clock,
    /// How long moving places are kept.
    pub settings: Arc<PresenceSettings>,
    /// Where outcomes are counted.
    pub metrics: PresenceMetrics,
    /// What is asked for.
    pub commands: mpsc::Receiver<AdmissionCommand>,
}

impl Admission {
    /// Runs until shutdown; what was asked for by then is done.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                let next = shutdown.run_until_cancelled(self.commands.recv()).await;
                match next {
                    Some(Some(command)) => waiting.push_back(command),
                    Some(None) => return,
                    None => {
                        self.commands.close();
                        match self.commands.recv().await {
                            Some(command) => waiting.push_back(command),
                            None => return,
                        }
                    }
                }
            }
            while let Ok(command) = self.commands.try_recv() {
                waiting.push_back(command);
                if waiting.len() >= CONNECTIONS_MAX {
                    break;
                }
            }
            let batch = take_batch(&mut waiting);
            self.serve(batch).await;
        }
    }

    async fn serve(&self, mut commands: Vec<AdmissionCommand>) {
        let mut batch = AdmissionBatch::default();
        for command in &mut commands {
            match command {
                AdmissionCommand::Open { applicants, .. } => {
                    batch.applicants.extend(applicants.iter().cloned());
                }
                AdmissionCommand::Close { leavers, .. } => batch.leavers.push(leavers.clone()),
            }
        }
        let now = self.clock.now();
        let outcome = self
            .store
            .admit(&batch, now, now + self.settings.moving_kept())
            .await;
        if commands.len() == 1 || outcome.is_ok() {
            self.count(batch.applicants.len(), &outcome);
            answer(commands, outcome);
            return;
        }
        // One bad item must not spoil the others' turn.
        for command in commands {
            Box::pin(self.serve(vec![command])).await;
        }
    }

    fn count(&self, asked: usize, outcome: &Result<AdmissionOutcome, Error>) {
        match outcome {
            Ok(outcome) => {
                for result in &outcome.results {
                    self.metrics.admitted(result.err().map(Refused::reason), 1);
                }
            }
            Err(error) => self.metrics.admitted(Some(error.reason()), asked),
        }
    }
}

/// The commands of one transaction, in order. Leavers are let out before anybody is let in, so a
/// connection's end must not share a batch with its beginning.
fn take_batch(waiting: &mut VecDeque<AdmissionCommand>) -> Vec<AdmissionCommand> {
    let mut batch = Vec::new();
    let mut opened: Vec<ConnectionId> = Vec::new();
    let mut connection_count = 0;
    while let Some(command) = waiting.front() {
        let (len, is_in_order) = match command {
            AdmissionCommand::Open { applicants, .. } => (applicants.len(), true),
            AdmissionCommand::Close { leavers, .. } => {
                let ids = &leavers.connection_ids;
                (ids.len(), !ids.iter().any(|id| opened.contains(id)))
            }
        };
        let is_too_much = !batch.is_empty() && connection_count + len > CONNECTIONS_MAX;
        if is_too_much || !is_in_order {
            break;
        }
        connection_count += len;
        if let AdmissionCommand::Open { applicants, .. } = command {
            opened.extend(applicants.iter().map(|applicant| applicant.connection_id));
        }
        batch.extend(waiting.pop_front());
    }
    batch
}

fn answer(commands: Vec<AdmissionCommand>, outcome: Result<AdmissionOutcome, Error>) {
    let AdmissionOutcome {
        results,
        departures,
    } = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return refuse(commands, error),
    };
    let mut results = results.into_iter();
    let mut departures = departures.into_iter();
    for command in commands {
        // Whoever no longer listens has given up; a node then closes or states anew.
        match command {
            AdmissionCommand::Open { applicants, reply } => {
                let of_command: Vec<Result<(), Refused>> =
                    results.by_ref().take(applicants.len()).collect();
                let _gone = reply.send(Ok(of_command));
            }
            AdmissionCommand::Close { reply, .. } => {
                let _gone = reply.send(Ok(departures.next().unwrap_or_default()));
            }
        }
    }
}

fn refuse(commands: Vec<AdmissionCommand>, error: Error) {
    let mut error = Some(error);
    for command in commands {
        let error = error.take().unwrap_or(Error::Stopping);
        match command {
            AdmissionCommand::Open { reply, .. } => {
                let _gone = reply.send(Err(error));
            }
            AdmissionCommand::Close { reply, .. } => {
                let _gone = reply.send(Err(error));
            }
        }
    }
}
