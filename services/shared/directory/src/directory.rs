//! The mirror as its users see it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use im_bus::EventBus;
use im_policy::{Effective, PermissionSet};
use im_runtime::lifecycle::Tasks;
use im_types::{Clock, SessionId, SiteId, UserId};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use crate::change::CHANGES_MAX;
use crate::keys::{KeyRing, RevokedSessions};
use crate::state::State;
use crate::token::VerifyingKey;
use crate::users::UserCache;
use crate::{
    AuthSource, DirectoryChange, DirectoryChanges, DirectoryError, GroupMembers, Role, Site,
    UserFacts, follow,
};

/// Sessions checked with one call.
const SESSIONS_PER_CALL: usize = 10_000;

/// Settings of a directory.
#[derive(Debug, Clone)]
pub struct DirectoryOptions {
    /// People whose facts are kept.
    pub users_max: u64,
    /// How long facts count without a question to auth.
    pub facts_fresh_for: Duration,
    /// How often the feed of changes is read without a bell.
    pub poll_interval: Duration,
}

impl Default for DirectoryOptions {
    fn default() -> Self {
        Self {
            users_max: 100_000,
            facts_fresh_for: Duration::from_mins(1),
            poll_interval: Duration::from_secs(1),
        }
    }
}

/// A mirror of auth. Cheap to clone; clones are the same mirror.
#[derive(Debug, Clone)]
pub struct Directory {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) source: Box<dyn AuthSource>,
    pub(crate) clock: Clock,
    pub(crate) state: RwLock<Arc<State>>,
    pub(crate) users: UserCache,
    pub(crate) keys: KeyRing,
    pub(crate) revoked: RevokedSessions,
    pub(crate) changes: broadcast::Sender<DirectoryChange>,
    /// The newest revision that is mirrored; `None` before the first snapshot.
    pub(crate) revision: watch::Sender<Option<i64>>,
    /// When auth last answered.
    pub(crate) heard_at: RwLock<Instant>,
    /// Whether the last question of the follower was left without an answer.
    pub(crate) is_away: AtomicBool,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Inner")
            .field("revision", &*self.revision.borrow())
            .finish_non_exhaustive()
    }
}

impl Directory {
    /// Starts to mirror; the task that follows belongs to `tasks`, and readiness gets the condition
    /// `auth_mirror`. Use [`Directory::wait_ready`] before serving.
    pub fn start(source: impl AuthSource, bus: &EventBus, clock: Clock, tasks: &Tasks) -> Self {
        Self::start_with(source, bus, clock, tasks, &DirectoryOptions::default())
    }

    /// [`Directory::start`] with other settings.
    pub fn start_with(
        source: impl AuthSource,
        bus: &EventBus,
        clock: Clock,
        tasks: &Tasks,
        options: &DirectoryOptions,
    ) -> Self {
        let directory = Self::idle(source, clock, options);
        let ready = tasks.readiness().condition("auth_mirror");
        let follower = follow::Follower {
            directory: directory.clone(),
            bus: bus.clone(),
            poll_interval: options.poll_interval,
            ready,
            shutdown: tasks.shutdown_token(),
        };
        tasks.spawn("directory.follow", follower.run());
        directory
    }

    /// A directory that nobody keeps up to date.
    pub(crate) fn idle(source: impl AuthSource, clock: Clock, options: &DirectoryOptions) -> Self {
        let inner = Inner {
            source: Box::new(source),
            clock,
            state: RwLock::default(),
            users: UserCache::new(options.users_max, options.facts_fresh_for),
            keys: KeyRing::default(),
            revoked: RevokedSessions::default(),
            changes: broadcast::Sender::new(CHANGES_MAX),
            revision: watch::Sender::new(None),
            heard_at: RwLock::new(Instant::now()),
            is_away: AtomicBool::new(false),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Waits for the first snapshot.
    ///
    /// # Errors
    /// [`DirectoryError::NotReady`] after `timeout`.
    pub async fn wait_ready(&self, timeout: Duration) -> Result<(), DirectoryError> {
        let mut revision = self.inner.revision.subscribe();
        let loaded = tokio::time::timeout(timeout, revision.wait_for(Option::is_some));
        match loaded.await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(DirectoryError::NotReady),
        }
    }

    /// The newest change that is mirrored; 0 before the first snapshot.
    pub fn revision(&self) -> i64 {
        self.known_revision().unwrap_or(0)
    }

    pub(crate) fn known_revision(&self) -> Option<i64> {
        *self.inner.revision.borrow()
    }

    /// Waits until a change is mirrored here. For those who have just made it.
    ///
    /// # Errors
    /// [`DirectoryError::NotReady`] after `timeout`.
    pub async fn wait_revision(
        &self,
        revision: i64,
        timeout: Duration,
    ) -> Result<(), DirectoryError> {
        let mut mirrored = self.inner.revision.subscribe();
        let reached =
            tokio::time::timeout(timeout, mirrored.wait_for(|seen| *seen >= Some(revision)));
        match reached.await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(DirectoryError::NotReady),
        }
    }

    /// How long ago auth last said what is new. Around a second when all is well.
    pub fn age(&self) -> Duration {
        self.inner
            .heard_at
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }

    /// Hears of changes from now on. Subscribe first, read afterwards.
    pub fn subscribe(&self) -> DirectoryChanges {
        DirectoryChanges(self.inner.changes.subscribe())
    }

    /// The clock the directory goes by.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    fn state(&self) -> Arc<State> {
        Arc::clone(
            &self
                .inner
                .state
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// All sites.
    pub fn sites(&self) -> Arc<Vec<Site>> {
        Arc::clone(&self.state().sites)
    }

    /// All roles, by name.
    pub fn roles(&self) -> Vec<Role> {
        let mut roles: Vec<Role> = self.state().roles.values().cloned().collect();
        roles.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        roles
    }

    /// What a person may do.
    pub fn permissions(&self, facts: &UserFacts) -> PermissionSet {
        self.state().permissions(&facts.role_ids)
    }

    /// The policy that counts for a person on a site.
    pub fn policy(&self, site: &SiteId, facts: &UserFacts) -> Arc<Effective> {
        self.state().policies.effective(site, &facts.role_ids)
    }

    /// The policy of a site for somebody without roles.
    pub fn site_policy(&self, site: &SiteId) -> Arc<Effective> {
        self.state().policies.effective(site, &[])
    }

    /// The policy that counts for a person on a site; of an unknown person that of the site.
    ///
    /// # Errors
    /// [`DirectoryError`] if auth has to be asked and does not answer.
    pub async fn policy_for(
        &self,
        site: &SiteId,
        user_id: UserId,
    ) -> Result<Arc<Effective>, DirectoryError> {
        let facts = self.user(user_id).await?;
        Ok(facts.map_or_else(|| self.site_policy(site), |facts| self.policy(site, &facts)))
    }

    /// The facts of those of these people who exist, deactivated ones included.
    ///
    /// # Errors
    /// [`DirectoryError`] if auth has to be asked and does not answer.
    pub async fn users(
        &self,
        user_ids: &[UserId],
    ) -> Result<HashMap<UserId, Arc<UserFacts>>, DirectoryError> {
        self.inner
            .users
            .facts(&*self.inner.source, user_ids, self.is_away())
            .await
    }

    /// The facts of a person; `None` if there is no such person.
    ///
    /// # Errors
    /// [`DirectoryError`] if auth has to be asked and does not answer.
    pub async fn user(&self, user_id: UserId) -> Result<Option<Arc<UserFacts>>, DirectoryError> {
        Ok(self.users(&[user_id]).await?.remove(&user_id))
    }

    /// A person's groups with their members.
    ///
    /// # Errors
    /// [`DirectoryError`] if auth has to be asked and does not answer.
    pub async fn common_groups(
        &self,
        user_id: UserId,
    ) -> Result<Arc<Vec<GroupMembers>>, DirectoryError> {
        self.inner
            .users
            .groups(&*self.inner.source, user_id, self.is_away())
            .await
    }

    /// Which of these sessions have ended, or never were.
    ///
    /// # Errors
    /// [`DirectoryError`] if auth does not answer.
    pub async fn ended_sessions(
        &self,
        session_ids: &[SessionId],
    ) -> Result<Vec<SessionId>, DirectoryError> {
        let mut ended = Vec::new();
        for chunk in session_ids.chunks(SESSIONS_PER_CALL) {
            let texts = chunk.iter().map(ToString::to_string).collect();
            let answer = self.inner.source.ended_sessions(texts).await?;
            ended.extend(answer.iter().filter_map(|text| SessionId::parse(text).ok()));
        }
        Ok(ended)
    }

    /// Whether a session is known to have ended within the life of an access token.
    pub fn is_revoked(&self, session_id: SessionId) -> bool {
        self.inner.revoked.contains(session_id)
    }

    pub(crate) fn is_away(&self) -> bool {
        self.inner.is_away.load(Ordering::Relaxed)
    }

    pub(crate) fn key(&self, key_id: &str) -> Option<Arc<VerifyingKey>> {
        self.inner.keys.find(key_id)
    }

    /// The key, asked for if it is unknown.
    pub(crate) async fn key_or_ask(
        &self,
        key_id: &str,
    ) -> Result<Option<Arc<VerifyingKey>>, DirectoryError> {
        if let Some(key) = self.key(key_id) {
            return Ok(Some(key));
        }
        self.inner.keys.refresh_unknown(&*self.inner.source).await?;
        Ok(self.key(key_id))
    }
}
