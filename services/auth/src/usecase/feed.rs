//! What other services ask: the feed of changes, people, sessions, tickets.

use std::collections::HashMap;
use std::sync::Arc;

use im_types::{GroupId, RoleId, SessionId, Timestamp, UserId};

use super::{Actor, App};
use crate::Error;
use crate::domain::change::NumberedChange;
use crate::domain::group::CommonMember;
use crate::domain::people::{User, UserState};
use crate::domain::session::Ticket;
use crate::domain::site::Snapshot;
use crate::domain::token::hash_of;
use crate::store::NewTicket;
use im_types::Secret;

/// How long a ticket is good.
const TICKET_LIFE: std::time::Duration = std::time::Duration::from_secs(30);
/// People asked about at once.
pub const USERS_MAX: usize = 1_000;
/// Sessions asked about at once.
pub const SESSIONS_MAX: usize = 10_000;
/// Sessions per statement.
const SESSIONS_PER_STATEMENT: usize = 4_000;
const CHANGES_DEFAULT: i32 = 500;
const CHANGES_MAX: i32 = 1_000;
/// Members of one's groups that are told; an installation beyond this is an open community.
const COMMON_MEMBERS_MAX: i64 = 50_000;

/// Changes in order.
#[derive(Debug)]
pub struct ChangesPage {
    /// The changes.
    pub changes: Vec<NumberedChange>,
    /// The newest revision there is.
    pub revision: i64,
    /// What was asked for is too old or of another database.
    pub is_snapshot_needed: bool,
}

/// What services have to know of a person.
#[derive(Debug)]
pub struct FactsOfUser {
    /// The account.
    pub user: User,
    /// Roles held.
    pub roles: Vec<RoleId>,
    /// Groups belonged to.
    pub groups: Vec<GroupId>,
}

impl FactsOfUser {
    /// Whether the person may be reached.
    pub fn is_active(&self) -> bool {
        self.user.state == UserState::Active
    }
}

impl App {
    /// Everything that mirrors hold, and the sessions that ended a short while ago.
    pub async fn get_snapshot(&self) -> Result<(Arc<Snapshot>, Vec<String>), Error> {
        // The database and not the mirror: who asks has just learned of a change.
        let snapshot = Arc::new(self.store.load_snapshot().await?);
        let since = self.clock.now().saturating_sub(self.token_life());
        let revoked = self.store.list_revoked_sessions(since).await?;
        Ok((snapshot, revoked))
    }

    /// What changed after a revision.
    pub async fn list_changes(&self, after: i64, limit: i32) -> Result<ChangesPage, Error> {
        let limit = match limit {
            0 => CHANGES_DEFAULT,
            limit => limit.clamp(1, CHANGES_MAX),
        };
        let changes = self.store.list_changes(after, i64::from(limit)).await?;
        let revision = match changes.last() {
            Some(last) if changes.len() < usize::try_from(limit).unwrap_or(usize::MAX) => {
                last.revision
            }
            _ => self.store.find_revision().await?,
        };
        let is_next = changes
            .first()
            .is_none_or(|first| first.revision == after + 1);
        // Without changes the caller is up to date, unless it knows more than there is or
        // everything it missed has been forgotten.
        let is_lost = changes.is_empty() && after != revision;
        Ok(ChangesPage {
            changes,
            revision,
            is_snapshot_needed: after < 0 || !is_next || is_lost,
        })
    }

    /// Facts of people, in the order asked; unknown ids are left out.
    pub async fn batch_get_users(&self, ids: &[UserId]) -> Result<Vec<FactsOfUser>, Error> {
        if ids.len() > USERS_MAX {
            return Err(Error::invalid("user_ids", "has more than 1000 ids"));
        }
        let users = self.store.find_users(ids).await?;
        let mut roles = self.store.find_roles(ids).await?;
        let mut groups = self.store.find_groups(ids).await?;
        let mut by_id: HashMap<UserId, User> =
            users.into_iter().map(|user| (user.id, user)).collect();
        let facts = ids.iter().filter_map(|id| {
            let user = by_id.remove(id)?;
            Some(FactsOfUser {
                user,
                roles: roles.remove(id).unwrap_or_default(),
                groups: groups.remove(id).unwrap_or_default(),
            })
        });
        Ok(facts.collect())
    }

    /// The members of a person's groups, ordered by group.
    pub async fn list_common_groups(&self, user: UserId) -> Result<Vec<CommonMember>, Error> {
        Ok(self
            .store
            .list_common_members(user, COMMON_MEMBERS_MAX)
            .await?)
    }

    /// Those of these sessions that have ended, expired or never were.
    pub async fn find_ended_sessions(
        &self,
        sessions: &[SessionId],
    ) -> Result<Vec<SessionId>, Error> {
        if sessions.len() > SESSIONS_MAX {
            return Err(Error::invalid("session_ids", "has more than 10000 ids"));
        }
        let now = self.clock.now();
        let mut live = std::collections::HashSet::with_capacity(sessions.len());
        for part in sessions.chunks(SESSIONS_PER_STATEMENT) {
            live.extend(self.store.find_live_sessions(part, now).await?);
        }
        Ok(sessions
            .iter()
            .copied()
            .filter(|session| !live.contains(session))
            .collect())
    }

    /// A ticket for a stream of the caller's session, and when it ends.
    pub async fn create_ticket(&self, actor: &Actor) -> Result<(Secret<String>, Timestamp), Error> {
        let text = self.ids.random_token();
        let expires_at = self.clock.now().saturating_add(TICKET_LIFE);
        let ticket = Ticket {
            user_id: actor.user_id,
            session_id: actor.session_id,
            site: actor.origin.site.clone(),
            device_id: actor.device_id,
            expires_at,
        };
        let hash = hash_of(text.expose().as_bytes());
        self.lane.put(NewTicket { hash, ticket }).await?;
        Ok((text, expires_at))
    }

    /// Uses a ticket up.
    pub async fn redeem_ticket(&self, text: &Secret<String>) -> Result<Ticket, Error> {
        let ticket = self.lane.take(hash_of(text.expose().as_bytes())).await?;
        let ticket = ticket.ok_or(Error::TicketInvalid)?;
        let is_over = ticket.expires_at <= self.clock.now();
        if is_over || self.mirror.is_revoked(ticket.session_id) {
            return Err(Error::TicketInvalid);
        }
        Ok(ticket)
    }
}
