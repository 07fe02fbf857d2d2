//! What can be wrong with a bus. The network being away is not among it: the bus reconnects for
//! ever and tells its subscribers.

/// Why a bus could not be opened or subscribed to.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The `url` of the configuration is not a NATS address. The address itself is not repeated,
    /// since it may hold a password.
    #[error("bus.url is not a NATS address (nats://host:port): {reason}")]
    InvalidUrl {
        /// What the parser found.
        reason: String,
    },
    /// The `prefix` of the configuration is not one subject token.
    #[error("bus.prefix: {0}")]
    InvalidPrefix(#[source] crate::SubjectError),
    /// The `queue_length` of the configuration is outside its range.
    #[error("bus.queue_length is {queue_length}, must be 1 to {queue_length_max}")]
    InvalidQueueLength {
        /// The value found.
        queue_length: usize,
        /// The largest value allowed.
        queue_length_max: usize,
    },
    /// The bus was closed; the process is stopping.
    #[error("the bus is closed")]
    Closed,
}
