//! Statements of the administration: policy, sites, roles, groups, bans, invites, audit log.

mod audit;
mod bans;
mod groups;
mod invites;
mod policy;
mod roles;
mod sites;
pub(crate) mod statements;

pub use audit::AuditFilter;
pub use groups::GroupQuery;
pub use policy::PolicyEntry;
