//! What can be asked of the service, one file for each group of operations.

mod census;
mod check_reach;
mod connections;
mod contacts;
mod flush;
mod hub;
mod nodes;
mod presences;
mod rebuild;
mod replicas;
mod roster_feed;
mod sights;
mod timers;
mod watch;

use std::sync::Arc;

use im_directory::Directory;
use im_types::{Clock, SiteId, UserId};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

pub use connections::{AdmissionCommand, Opening, Report};
pub use contacts::ContactView;
pub use hub::Hub;
pub use nodes::NodeTerms;
pub use presences::{NewClaim, PresenceView};
pub(crate) use roster_feed::FeedPace;
pub use roster_feed::{FeedEntry, FeedPage};
pub use sights::Touched;
pub use watch::WatchList;

use crate::config::PresenceSettings;
use crate::domain::claim::Claim;
use crate::domain::holding::Holding;
use crate::domain::person::{Person, Rules};
use crate::error::Error;
use crate::metrics::PresenceMetrics;
use crate::ports::Store;

/// Most people whose presence can be asked for or watched at once.
pub const WATCHED_MAX: usize = 500;
/// Most items of an internal call.
pub const BATCH_MAX: usize = 1_000;

/// What other replicas have to hear.
#[derive(Debug, Clone)]
pub enum News {
    /// A connection.
    Holding(Holding),
    /// A choice.
    Claim(Claim),
    /// Rosters changed, up to a position, of these people.
    Roster {
        /// The newest position.
        position: i64,
        /// Whose rosters.
        user_ids: Vec<UserId>,
    },
    /// This replica missed something: the others say again what only they know.
    RestateWanted,
}

/// The operations. Cheap to clone.
#[derive(Clone)]
pub struct Presence {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Directory,
    pub(crate) hub: Arc<Hub>,
    pub(crate) clock: Clock,
    pub(crate) metrics: PresenceMetrics,
    pub(crate) settings: Arc<PresenceSettings>,
    /// To the other replicas.
    pub(crate) news: mpsc::Sender<News>,
    /// To the task that lets connections in.
    pub(crate) admission: mpsc::Sender<AdmissionCommand>,
    /// Cancelled when the replica stops.
    pub(crate) shutdown: CancellationToken,
    /// How often the end of the roster feed is told.
    pub(crate) feed_pace: Arc<FeedPace>,
    /// Rung when rosters changed.
    pub(crate) roster_bell: Arc<Notify>,
}

/// Somebody who calls: verified, with the site of the session.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub person: Arc<Person>,
    /// On which site.
    pub site_id: SiteId,
}

impl Caller {
    /// Whose call it is.
    pub fn user_id(&self) -> UserId {
        self.person.user_id
    }
}

impl Presence {
    /// The rules for somebody on a site.
    pub(crate) fn rules(&self, site_id: &SiteId, person: &Person) -> Rules {
        Rules::from(&*self.directory.policy(site_id, person))
    }

    pub(crate) async fn find_person(&self, user_id: UserId) -> Result<Option<Arc<Person>>, Error> {
        self.directory.user(user_id).await.map_err(directory_error)
    }

    /// Tells other replicas. Waits if they are told faster than can be; that is short.
    /// In a replica that stops nobody tells any more; the others learn it from the database.
    pub(crate) async fn tell(&self, news: News) {
        let _stopping = self.news.send(news).await;
    }
}

pub(crate) fn directory_error(error: im_directory::DirectoryError) -> Error {
    Error::Directory(Box::new(error))
}
