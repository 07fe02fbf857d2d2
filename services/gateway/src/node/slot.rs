//! One stream as the node knows it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use im_proto::presence::Connection;
use im_types::{ConnectionId, UserId};

use super::{inbox::Inbox, notices::Rules};
use crate::{
    edge::Caller,
    session::{End, Input},
};

/// A stream: whose it is, what it wants, what waits for it.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) connection_id: ConnectionId,
    pub(crate) caller: Caller,
    /// Larger for streams that were opened later.
    pub(crate) number: u64,
    inputs_max: usize,
    pub(crate) inbox: Inbox,
    wants: Mutex<Wants>,
    /// What counted for the person when the client was told last; `None` if that is not known.
    rules: Mutex<Option<Rules>>,
}

/// What a stream wants of the links.
#[derive(Debug, Default)]
pub(super) struct Wants {
    /// Up to where entries have been handed to the stream; where the next attachment goes on.
    pub(super) cursor: String,
    /// Entries that were handed to the stream and not taken by its client.
    pub(super) pending_entries: u32,
    /// Whom it watches.
    pub(super) watched: Arc<[UserId]>,
    /// Grows with each list and each renewal of the link.
    pub(super) watch_version: i64,
    /// Nobody sits in front of it.
    pub(super) is_idle: bool,
}

impl Slot {
    pub(super) fn new(
        connection_id: ConnectionId,
        caller: Caller,
        number: u64,
        inputs_max: usize,
        wants: Wants,
    ) -> Self {
        let wants = Mutex::new(wants);
        Self {
            connection_id,
            caller,
            number,
            inputs_max,
            inbox: Inbox::default(),
            wants,
            rules: Mutex::default(),
        }
    }

    pub(super) fn wants(&self) -> MutexGuard<'_, Wants> {
        self.wants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn rules(&self) -> MutexGuard<'_, Option<Rules>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands something to the stream.
    pub(crate) fn push(&self, input: Input) {
        self.inbox.push(input, self.inputs_max);
    }

    /// Ends the stream.
    pub(crate) fn end(&self, end: End) {
        self.inbox.end(end);
    }

    /// As presence is told.
    pub(super) fn connection(&self, is_restated: bool) -> Connection {
        Connection {
            connection_id: self.connection_id.to_string(),
            user_id: self.caller.user_id.to_string(),
            session_id: self.caller.session_id.to_string(),
            site_id: self.caller.site_id.to_string(),
            is_idle: self.wants().is_idle,
            is_restated,
        }
    }
}
