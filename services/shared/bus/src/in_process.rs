//! The bus within one process: a message goes straight into the queues of those who listen.

use std::sync::Arc;

use crate::hub::Hub;
use crate::{BusError, Message, SubjectFilter, Subscription};

/// The bus within one process.
#[derive(Debug, Clone)]
pub struct InProcessBus {
    hub: Arc<Hub>,
    queue_length: usize,
}

impl InProcessBus {
    pub(crate) fn new(queue_length: usize) -> Self {
        Self {
            hub: Arc::default(),
            queue_length,
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }

    pub(crate) fn publish(&self, message: &Message) {
        self.hub.deliver(message);
    }

    pub(crate) fn subscribe(&self, filter: SubjectFilter) -> Result<Subscription, BusError> {
        let (id, inbox) = self.hub.add(filter, self.queue_length)?;
        Ok(Subscription::new(Arc::clone(&self.hub), id, inbox, None))
    }
}
