//! What goes on by itself. Each worker runs until the shutdown token and leaves nothing behind.

mod admission;
mod bus;
mod census;
mod flush;
mod follow;
mod roster_bell;
mod timers;

pub use admission::Admission;
pub use bus::{Listener, Publisher, ROSTER, STATE};
pub use census::Counting;
pub use flush::Flusher;
pub use follow::{DirectoryFollower, RosterFollower};
pub use timers::{Leases, Reconciler, Retention, Timers};
