//! What all operations share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use im_bus::{EventBus, Topic};
use im_directory::{Actor, Directory};
use im_policy::{Effective, Permission};
use im_proto::event;
use im_runtime::lifecycle::Tasks;
use im_types::{Clock, ConversationId, Ids, SiteId, UserId};
use moka::sync::Cache;

use super::acknowledge::Acknowledgements;
use super::censors::Censors;
use super::reach::Reach;
use super::writer::{Writer, WriterOptions};
use crate::domain::{Buckets, Entry, Roll};
use crate::error::Error;
use crate::hub::Hub;
use crate::metrics::MessagingMetrics;
use crate::ports::{Envelope, Presence, Store};

/// Bells for mailboxes.
pub(crate) const MAILBOX: Topic = Topic::new("messaging", "mailbox");
/// Somebody types.
pub(super) const TYPING: Topic = Topic::new("messaging", "typing");
/// Conversations whose kind is remembered: about 100 bytes each.
const ENVELOPES_MAX: u64 = 500_000;
/// Conversations whose people are remembered for typing.
const TYPISTS_MAX: u64 = 50_000;
/// How long that counts; changes made here count at once.
const TYPISTS_KEPT_FOR: Duration = Duration::from_secs(10);
/// Positions in one bell, so that it stays below what the bus takes.
const POSITIONS_PER_BELL: usize = 1_000;

/// Somebody who asks for something.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub user_id: UserId,
    /// On which site.
    pub site_id: SiteId,
    /// What counts for the person there.
    pub policy: Arc<Effective>,
    /// Permission `messages.moderate`.
    pub is_moderator: bool,
}

/// What the core is made of.
pub struct CoreParts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Who reaches whom.
    pub presence: Arc<dyn Presence>,
    /// People and policy.
    pub directory: Directory,
    /// Bells.
    pub bus: EventBus,
    /// New ids.
    pub ids: Ids,
    /// Readers.
    pub hub: Arc<Hub>,
    /// The epoch of cursors.
    pub epoch: i64,
    /// Settings of the writer.
    pub writer: WriterOptions,
}

/// The operations. Cheap to share; see the files of this folder.
pub struct Core {
    pub(super) store: Arc<dyn Store>,
    pub(super) presence: Arc<dyn Presence>,
    pub(super) directory: Directory,
    pub(super) bus: EventBus,
    pub(super) ids: Ids,
    pub(super) clock: Clock,
    pub(super) hub: Arc<Hub>,
    pub(super) writer: Writer,
    pub(super) reach: Reach,
    pub(super) censors: Censors,
    pub(super) acknowledgements: Acknowledgements,
    pub(super) aftermath: Arc<Aftermath>,
    pub(super) envelopes: Cache<ConversationId, Envelope>,
    pub(super) buckets: Mutex<Buckets>,
    pub(super) metrics: MessagingMetrics,
    epoch: AtomicI64,
}

/// What is done after each commit: readers here, bells for the other replicas.
#[derive(Debug)]
pub(crate) struct Aftermath {
    hub: Arc<Hub>,
    bus: EventBus,
    metrics: MessagingMetrics,
    /// Who is in a conversation, for typing.
    pub(super) typists: Cache<ConversationId, Arc<[UserId]>>,
}

impl Aftermath {
    pub(super) fn tell(&self, entries: Vec<(UserId, Entry)>, rolls: Vec<(ConversationId, Roll)>) {
        for (id, _roll) in rolls {
            self.typists.invalidate(&id);
        }
        if entries.is_empty() {
            return;
        }
        let mut positions: BTreeMap<UserId, i64> = BTreeMap::new();
        for (user_id, entry) in &entries {
            positions.insert(*user_id, entry.seq);
        }
        self.metrics.written(entries.len());
        self.metrics.bells_sent(positions.len());
        self.hub.deliver(entries);
        let positions: Vec<event::mailbox_advanced::Position> = positions
            .into_iter()
            .map(|(user_id, last_seq)| event::mailbox_advanced::Position {
                user_id: user_id.to_string(),
                last_seq,
            })
            .collect();
        for positions in positions.chunks(POSITIONS_PER_BELL) {
            let bell = event::MailboxAdvanced {
                positions: positions.to_vec(),
            };
            self.bus.publish_message(&MAILBOX.subject(), &bell);
        }
    }
}

impl Core {
    /// Starts the writer and puts all together.
    pub fn start(parts: CoreParts, tasks: &Tasks) -> Arc<Self> {
        let typists = Cache::builder()
            .max_capacity(TYPISTS_MAX)
            .time_to_live(TYPISTS_KEPT_FOR)
            .build();
        let (hub, bus) = (Arc::clone(&parts.hub), parts.bus.clone());
        let metrics = MessagingMetrics::new();
        let aftermath = Arc::new(Aftermath {
            hub,
            bus,
            metrics: metrics.clone(),
            typists,
        });
        let writer = Writer::start(
            parts.writer,
            (&parts.store, &parts.directory, &aftermath),
            &metrics,
            tasks,
        );
        Arc::new(Self {
            store: parts.store,
            presence: parts.presence,
            clock: parts.directory.clock().clone(),
            directory: parts.directory,
            bus: parts.bus,
            ids: parts.ids,
            hub: parts.hub,
            writer,
            reach: Reach::default(),
            censors: Censors::default(),
            acknowledgements: Acknowledgements::default(),
            aftermath,
            envelopes: Cache::new(ENVELOPES_MAX),
            buckets: Mutex::default(),
            metrics,
            epoch: AtomicI64::new(parts.epoch),
        })
    }

    /// The store, for reading.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The readers.
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// What is counted.
    pub(crate) const fn metrics(&self) -> &MessagingMetrics {
        &self.metrics
    }

    /// The way to change something.
    pub const fn writer(&self) -> &Writer {
        &self.writer
    }

    /// What presence says of people who want to reach others.
    pub const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// People and policy.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Who reaches whom, at the source.
    pub fn presence(&self) -> &Arc<dyn Presence> {
        &self.presence
    }

    /// The epoch of cursors.
    pub fn epoch(&self) -> i64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Reads the epoch anew.
    pub async fn refresh_epoch(&self) -> Result<(), Error> {
        self.epoch
            .store(self.store.epoch().await?, Ordering::Relaxed);
        Ok(())
    }

    /// The person behind a verified call.
    pub fn person(&self, actor: &Actor) -> Person {
        Person {
            user_id: actor.user_id,
            site_id: actor.site_id.clone(),
            policy: self.directory.policy(&actor.site_id, &actor.facts),
            is_moderator: actor.may(Permission::MessagesModerate),
        }
    }

    /// Forgets what is past: rate limits of people who have paused.
    pub fn sweep(&self) {
        let now = self.clock.now();
        self.buckets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .sweep(now);
        self.reach.sweep();
    }

    /// What a conversation is.
    pub(super) async fn envelope(&self, id: ConversationId) -> Result<Option<Envelope>, Error> {
        if let Some(envelope) = self.envelopes.get(&id) {
            return Ok(Some(envelope));
        }
        let envelope = self.store.envelope(id).await?;
        if let Some(envelope) = envelope {
            self.envelopes.insert(id, envelope);
        }
        Ok(envelope)
    }
}
