//! Connections: let in by the database, known to all by the board.

use std::collections::HashMap;

use im_types::{ConnectionId, NodeId, SessionId, SiteId, Timestamp, UserId};
use tokio::sync::{mpsc, oneshot};

use super::{BATCH_MAX, News, Presence, directory_error};
use crate::domain::admission::{Applicant, Refused};
use crate::domain::holding::{Activity, Holding};
use crate::error::Error;
use crate::ports::{Departure, Leavers};

/// A connection that a node opens.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Which.
    pub connection_id: ConnectionId,
    /// Whose.
    pub user_id: UserId,
    /// Which session.
    pub session_id: SessionId,
    /// On which site.
    pub site_id: SiteId,
    /// Whether nobody sits in front of it.
    pub is_idle: bool,
}

/// News about a connection.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// Which.
    pub connection_id: ConnectionId,
    /// Whose.
    pub user_id: UserId,
    /// Whether nobody sits in front of it.
    pub is_idle: bool,
}

/// What the admission task is asked to do.
#[derive(Debug)]
pub enum AdmissionCommand {
    /// Let them in.
    Open {
        /// Who.
        applicants: Vec<Applicant>,
        /// What became of each, in order.
        reply: oneshot::Sender<Result<Vec<Result<(), Refused>>, Error>>,
    },
    /// Let them out.
    Close {
        /// Who.
        leavers: Leavers,
        /// What became of them.
        reply: oneshot::Sender<Result<Departure, Error>>,
    },
}

impl Presence {
    /// Lets connections in, each by itself, within the limits; the outcomes in the order asked.
    pub async fn open_connections(
        &self,
        node_id: NodeId,
        epoch: i64,
        openings: Vec<Opening>,
    ) -> Result<Vec<Result<(), Refused>>, Error> {
        if openings.is_empty() {
            return Ok(Vec::new());
        }
        check_batch("connections", openings.len())?;
        let applicants = self.applicants(node_id, epoch, &openings).await?;
        let (reply, answer) = oneshot::channel();
        self.enqueue(AdmissionCommand::Open { applicants, reply })?;
        let results = answer.await.map_err(|_| Error::Stopping)??;
        for (opening, _) in openings
            .iter()
            .zip(&results)
            .filter(|(_, result)| result.is_ok())
        {
            let holding = self.holding(node_id, epoch, opening);
            self.hub.with(|board, now| board.hold(holding, now));
            self.tell(News::Holding(holding)).await;
        }
        Ok(results)
    }

    /// Gives places up.
    pub async fn close_connections(
        &self,
        node_id: NodeId,
        epoch: i64,
        connections: Vec<ConnectionId>,
    ) -> Result<(), Error> {
        if connections.is_empty() {
            return Ok(());
        }
        check_batch("connection_ids", connections.len())?;
        let (reply, answer) = oneshot::channel();
        let connection_ids = connections.clone();
        let leavers = Leavers {
            node_id,
            epoch,
            connection_ids,
        };
        self.enqueue(AdmissionCommand::Close { leavers, reply })?;
        let departure = answer.await.map_err(|_| Error::Stopping)??;
        let activity = if departure.is_moving {
            Activity::Moving
        } else {
            Activity::Closed
        };
        // Whose they are the database knows, even where the opening has not been heard of yet.
        let owners: HashMap<ConnectionId, UserId> = departure.left.into_iter().collect();
        for connection_id in connections {
            let told = self.hub.with(|board, now| {
                let known = board.find_connection(connection_id);
                let known = known.filter(|it| it.node_id == node_id && it.epoch == epoch);
                let user_id = known.map(|it| it.user_id);
                let user_id = user_id.or_else(|| owners.get(&connection_id).copied())?;
                let revision = known.map_or(now.as_micros(), |known| next_revision(&known, now));
                let ended = Holding {
                    epoch,
                    revision,
                    activity,
                    node_id,
                    user_id,
                    connection_id,
                };
                board.hold(ended, now);
                Some(ended)
            });
            if let Some(holding) = told {
                self.tell(News::Holding(holding)).await;
            }
        }
        Ok(())
    }

    /// Learns which connections have become idle or active. Those it does not know are taken as
    /// opened elsewhere: the report may be faster than the bus.
    pub async fn report_activity(
        &self,
        node_id: NodeId,
        epoch: i64,
        reports: &[Report],
    ) -> Result<(), Error> {
        check_batch("activities", reports.len())?;
        for report in reports {
            let told = self.hub.with(|board, now| {
                let known = board.find_holding(report.user_id, report.connection_id);
                let revision = known.map_or(now.as_micros(), |known| next_revision(&known, now));
                let holding = Holding {
                    epoch,
                    revision,
                    activity: activity(report.is_idle),
                    node_id,
                    user_id: report.user_id,
                    connection_id: report.connection_id,
                };
                let is_news = known
                    .is_none_or(|known| known.activity != holding.activity || known.epoch != epoch);
                (is_news && board.hold(holding, now)).then_some(holding)
            });
            if let Some(holding) = told {
                self.tell(News::Holding(holding)).await;
            }
        }
        Ok(())
    }

    async fn applicants(
        &self,
        node_id: NodeId,
        epoch: i64,
        openings: &[Opening],
    ) -> Result<Vec<Applicant>, Error> {
        let ids: Vec<UserId> = openings.iter().map(|opening| opening.user_id).collect();
        let people = self.directory.users(&ids).await.map_err(directory_error)?;
        let applicant = |opening: &Opening| {
            let policy = people.get(&opening.user_id).map_or_else(
                || self.directory.site_policy(&opening.site_id),
                |person| self.directory.policy(&opening.site_id, person),
            );
            Applicant {
                connection_id: opening.connection_id,
                node_id,
                epoch,
                user_id: opening.user_id,
                session_id: opening.session_id,
                site_id: opening.site_id.clone(),
                connected_users_max: policy.connected_users_max(),
                connections_per_user_max: policy.connections_per_user_max(),
            }
        };
        Ok(openings.iter().map(applicant).collect())
    }

    fn enqueue(&self, command: AdmissionCommand) -> Result<(), Error> {
        self.admission
            .try_send(command)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => Error::Overloaded,
                mpsc::error::TrySendError::Closed(_) => Error::Stopping,
            })
    }

    fn holding(&self, node_id: NodeId, epoch: i64, opening: &Opening) -> Holding {
        Holding {
            epoch,
            revision: self.clock.now().as_micros(),
            activity: activity(opening.is_idle),
            node_id,
            user_id: opening.user_id,
            connection_id: opening.connection_id,
        }
    }
}

const fn activity(is_idle: bool) -> Activity {
    if is_idle {
        Activity::Idle
    } else {
        Activity::Active
    }
}

/// Time, unless that would not grow.
fn next_revision(known: &Holding, now: Timestamp) -> i64 {
    now.as_micros().max(known.revision.saturating_add(1))
}

fn check_batch(field: &'static str, len: usize) -> Result<(), Error> {
    if len > BATCH_MAX {
        return Err(Error::field(field, "at most 1000 at once"));
    }
    Ok(())
}
