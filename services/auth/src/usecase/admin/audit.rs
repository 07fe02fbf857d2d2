//! Reading the audit log.

use im_policy::Permission;
use im_types::UserId;

use super::super::directory::{page, page_size, position};
use super::super::{Actor, App, parse};
use crate::Error;
use crate::domain::audit::HashedEntry;
use crate::domain::audit_check::AuditCheck;
use crate::store::AuditFilter;

/// Longest filter, in bytes.
const FILTER_BYTES_MAX: usize = 200;

/// Which entries; all of an unset filter.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Only of this person.
    pub actor: Option<UserId>,
    /// Only actions that begin so.
    pub action_prefix: String,
    /// Only about this.
    pub target: String,
    /// As the client sent it.
    pub page_size: i32,
    /// As the client sent it.
    pub page_token: String,
}

/// One page of the log.
#[derive(Debug)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<HashedEntry>,
    /// Empty on the last page.
    pub next_page_token: String,
}

impl App {
    /// Entries, the newest first.
    pub async fn list_audit_entries(
        &self,
        actor: &Actor,
        query: AuditQuery,
    ) -> Result<AuditPage, Error> {
        const LIST: &str = "audit";
        actor.require(Permission::AuditView)?;
        for (field, text) in [
            ("action_prefix", &query.action_prefix),
            ("target", &query.target),
        ] {
            parse::sought(field, text, FILTER_BYTES_MAX)?;
        }
        let size = page_size(query.page_size)?;
        let filter = AuditFilter {
            actor: query.actor,
            action_prefix: query.action_prefix,
            target: query.target,
            before: position(LIST, &query.page_token)?,
            limit: size.limit(),
        };
        let mut entries = self.store.list_audit_entries(&filter).await?;
        let next = page(LIST, &mut entries, size, |row| row.entry.seq)?;
        Ok(AuditPage {
            entries,
            next_page_token: next,
        })
    }

    /// Recomputes the chain.
    pub async fn verify_audit_log(&self, actor: &Actor) -> Result<AuditCheck, Error> {
        actor.require(Permission::AuditView)?;
        Ok(self.store.verify_audit_log().await?)
    }
}
