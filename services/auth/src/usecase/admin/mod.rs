//! What administrators do, and groups: sites, policy, roles, bans, invites, audit log.
//!
//! Every act asks for its permission first and is in the audit log. Nobody gives a right that they
//! lack: whoever changes, gives or takes a role holds all permissions of that role.

mod audit;
mod bans;
mod error;
mod group_members;
mod groups;
mod identity_stores;
mod invites;
mod policy;
mod roles;
mod sites;
mod store_command;
mod store_test;

pub use audit::{AuditPage, AuditQuery};
pub use bans::{BanCommand, BanPage};
pub use error::AdminError;
pub use group_members::MemberPage;
pub use groups::{GroupCommand, GroupPage, GroupPatch, GroupSearch};
pub use identity_stores::ShownStore;
pub use invites::{InviteCommand, InvitePage};
pub use policy::{ExplainedValue, ShownExplanation, ShownValue};
pub use roles::RolePatch;
pub use sites::SiteCommand;
pub use store_command::{GroupRuleCommand, IdentityStoreCommand};
pub(in crate::usecase) use store_test::conflict_of;
pub use store_test::{StoreTest, StoreTestCommand};

use super::Actor;
use crate::domain::audit::NewAuditEntry;

/// The audit entry of an act of somebody.
fn act(actor: &Actor, action: &'static str) -> NewAuditEntry {
    let entry = NewAuditEntry::new(action).by(actor.user_id);
    entry.from(&actor.origin.site, actor.origin.address_text())
}
