//! What all streams of this process share. Clients come by the thousand, but each service behind
//! sees one node: one lease, one stream of mailboxes, one stream of presences, calls that carry
//! many clients at once.
//!
//! The truth about what this node wants is the [`Registry`]; the links only carry it. A link that
//! breaks is made again and told everything anew, from the last cursors.

mod acks;
mod admission;
mod attach;
mod backoff;
mod departures;
mod heard;
mod identity;
mod inbox;
mod lease;
mod link;
mod notices;
mod open;
mod registry;
mod sends;
mod sessions;
mod slot;
mod typing;
mod updates;
mod watch;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use im_bus::EventBus;
use im_directory::Directory;
use im_proto::{
    messaging::messaging_internal_service_client::MessagingInternalServiceClient,
    presence::presence_internal_service_client::PresenceInternalServiceClient,
};
use im_runtime::{lifecycle::Tasks, rpc::RpcChannel};
use im_types::{Ids, NodeId};
use tokio::sync::Notify;

use crate::config::GatewaySettings;
pub use identity::node_id;
pub(crate) use open::{OpenStream, Wanted};
pub(crate) use slot::Slot;

use acks::Acks;
use admission::Admissions;
use lease::Lease;
use registry::Registry;
use sends::Sends;
use typing::TypingQueue;

/// Client of messaging's internal rpcs.
pub(crate) type Messaging = MessagingInternalServiceClient<RpcChannel>;
/// Client of presence's internal rpcs.
pub(crate) type Presence = PresenceInternalServiceClient<RpcChannel>;

/// What the node is made of.
pub(crate) struct NodeParts {
    pub(crate) node_id: NodeId,
    pub(crate) settings: GatewaySettings,
    pub(crate) messaging: Messaging,
    pub(crate) presence: Presence,
    pub(crate) directory: Directory,
    pub(crate) bus: EventBus,
    pub(crate) ids: Ids,
    pub(crate) tasks: Tasks,
}

/// The node. Shared by all streams.
pub(crate) struct Node {
    pub(crate) parts: NodeParts,
    pub(crate) registry: Registry,
    lease: Lease,
    admissions: Admissions,
    attach_changed: Notify,
    watch_changed: Notify,
    sends: Sends,
    acks: Acks,
    typing: TypingQueue,
    is_draining: AtomicBool,
}

impl Node {
    /// Starts the node's tasks.
    pub(crate) fn start(parts: NodeParts) -> Arc<Self> {
        let (sends, lanes) = Sends::new(parts.settings.send_lanes, parts.settings.sends_queue_max);
        let (admissions, requests) = Admissions::new();
        let (typing, typed) = TypingQueue::new();
        let tasks = parts.tasks.clone();
        let node = Arc::new(Self {
            registry: Registry::default(),
            lease: Lease::new(&tasks),
            admissions,
            attach_changed: Notify::new(),
            watch_changed: Notify::new(),
            sends,
            acks: Acks::default(),
            typing,
            is_draining: AtomicBool::new(false),
            parts,
        });
        tasks.spawn("gateway lease", lease::run(Arc::clone(&node)));
        tasks.spawn(
            "gateway admission",
            admission::run(Arc::clone(&node), requests),
        );
        let mailboxes = link::run::<attach::Mailboxes>(Arc::clone(&node));
        tasks.spawn("gateway mailboxes", mailboxes);
        let presences = link::run::<watch::Presences>(Arc::clone(&node));
        tasks.spawn("gateway presences", presences);
        for lane in lanes {
            tasks.spawn("gateway sends", sends::run(Arc::clone(&node), lane));
        }
        tasks.spawn("gateway acknowledgements", acks::run(Arc::clone(&node)));
        tasks.spawn("gateway typing", typing::run(Arc::clone(&node), typed));
        tasks.spawn("gateway typing heard", typing::listen(Arc::clone(&node)));
        tasks.spawn("gateway sessions", sessions::run(Arc::clone(&node)));
        tasks.spawn(
            "gateway sessions checked",
            sessions::run_checks(Arc::clone(&node)),
        );
        tasks.spawn("gateway notices", notices::run(Arc::clone(&node)));
        tasks.spawn("gateway updates", updates::listen(Arc::clone(&node)));
        tasks.spawn("gateway drain", open::drain(Arc::clone(&node)));
        node
    }

    /// Whether no stream is opened any more.
    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }
}
