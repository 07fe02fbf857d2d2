//! Identity stores, identities, and verifiers that stand in for stores.

mod identities;
mod shadows;
pub(crate) mod statements;
mod stores;
mod terms;

pub use shadows::{Shadow, ShadowRow};
pub use stores::StoredStore;
