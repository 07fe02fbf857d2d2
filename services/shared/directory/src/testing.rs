//! A directory with given people, sites and policy, for tests that need no auth.
//!
//! [`FixedAuth`] plays auth: tests add people, set policy and revoke sessions there, issue real
//! tokens with a key of its own, and bring the directory up to date with
//! [`FixedAuth::publish`], which changes become visible by as they would through the feed.
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "only for tests, where a panic is the answer"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use im_policy::{Key, Permission, Scope};
use im_proto::im::auth::v1 as proto;
use im_proto::im::auth::v1::change::Kind;
use im_runtime::rpc::RequestContext;
use im_types::{Clock, DeviceId, GroupId, RoleId, Secret, SessionId, SiteId, UserId};
use tonic::{Status, async_trait};

use crate::token::{Audience, Claims, SigningKey};
use crate::{AuthSource, Directory, DirectoryOptions, TokenVerifier};

/// Life of the tokens it issues.
const TOKEN_SECONDS: i64 = 600;

#[derive(Debug, Default)]
struct Facts {
    sites: Vec<proto::Site>,
    values: BTreeMap<(String, String, String), String>,
    roles: Vec<proto::Role>,
    users: BTreeMap<UserId, proto::UserFacts>,
    groups: BTreeMap<GroupId, (String, BTreeSet<UserId>)>,
    ended: BTreeMap<SessionId, UserId>,
    changes: Vec<proto::Change>,
    first_kept: i64,
}

/// Plays auth. Clones are the same auth.
#[derive(Debug, Clone)]
pub struct FixedAuth {
    facts: Arc<Mutex<Facts>>,
    key: Arc<SigningKey>,
    clock: Clock,
    is_away: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
}

impl FixedAuth {
    /// An auth that knows the site `default` and nobody.
    pub fn new(clock: Clock) -> Self {
        let key = SigningKey::from_seed("test".to_owned(), &Secret::new([7; 32])).unwrap();
        let auth = Self {
            facts: Arc::default(),
            key: Arc::new(key),
            clock,
            is_away: Arc::default(),
            calls: Arc::default(),
        };
        auth.add_site(&SiteId::default());
        auth
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, kind: Kind, about: &str, user_id: &str) {
        let mut facts = self.facts();
        let revision = i64::try_from(facts.changes.len()).unwrap() + 1;
        facts.changes.push(proto::Change {
            revision,
            kind: kind.into(),
            r#ref: about.to_owned(),
            user_id: user_id.to_owned(),
        });
    }

    /// Adds a site that answers everywhere.
    pub fn add_site(&self, site: &SiteId) {
        let site = proto::Site {
            id: site.to_string(),
            name: site.to_string(),
            store_ids: vec!["local".to_owned()],
            ..Default::default()
        };
        self.facts().sites.push(site);
        self.change(Kind::Snapshot, "", "");
    }

    /// Adds a role.
    pub fn add_role(&self, role_id: RoleId, permissions: &[Permission]) {
        self.facts().roles.push(proto::Role {
            id: role_id.to_string(),
            name: role_id.to_string(),
            permissions: permissions.iter().map(|p| p.name().to_owned()).collect(),
            ..Default::default()
        });
        self.change(Kind::Snapshot, "", "");
    }

    /// Sets a policy value; a value that does not fit the registry is a fault of the test.
    pub fn set_policy(&self, scope: &Scope, key: Key, value: &str) {
        key.check_scope(scope).unwrap();
        key.parse(value).unwrap();
        let (site, role) = match scope {
            Scope::Global => (String::new(), String::new()),
            Scope::Site(site) => (site.to_string(), String::new()),
            Scope::Role(role) => (String::new(), role.to_string()),
        };
        self.facts()
            .values
            .insert((key.name().to_owned(), site, role), value.to_owned());
        self.change(Kind::Snapshot, "", "");
    }

    /// Adds an active person on the lowest level, without roles and groups.
    pub fn add_user(&self, user_id: UserId, username: &str) {
        let facts = proto::UserFacts {
            user_id: user_id.to_string(),
            username: username.to_owned(),
            display_name: username.to_owned(),
            is_active: true,
            hierarchy_level: 9,
            exists: true,
            ..Default::default()
        };
        self.facts().users.insert(user_id, facts);
        self.change(Kind::User, &user_id.to_string(), "");
    }

    /// Changes the facts of a person.
    pub fn update_user(&self, user_id: UserId, update: impl FnOnce(&mut proto::UserFacts)) {
        update(self.facts().users.get_mut(&user_id).unwrap());
        self.change(Kind::User, &user_id.to_string(), "");
    }

    /// Gives a person a role.
    pub fn grant_role(&self, user_id: UserId, role_id: RoleId) {
        self.update_user(user_id, |facts| facts.role_ids.push(role_id.to_string()));
    }

    /// Makes a group of exactly these people.
    pub fn set_group(&self, group_id: GroupId, name: &str, members: &[UserId]) {
        let mut facts = self.facts();
        let text = group_id.to_string();
        for user in facts.users.values_mut() {
            user.group_ids.retain(|group| *group != text);
        }
        for member in members {
            facts
                .users
                .get_mut(member)
                .unwrap()
                .group_ids
                .push(text.clone());
        }
        facts.groups.insert(
            group_id,
            (name.to_owned(), members.iter().copied().collect()),
        );
        drop(facts);
        self.change(Kind::Group, &text, "");
    }

    /// Ends a session.
    pub fn revoke_session(&self, session_id: SessionId, user_id: UserId) {
        self.facts().ended.insert(session_id, user_id);
        self.change(
            Kind::SessionRevoked,
            &session_id.to_string(),
            &user_id.to_string(),
        );
    }

    /// Lets auth be away, or back: all its answers are `UNAVAILABLE`.
    pub fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    /// Forgets the feed of changes, so that mirrors need a snapshot.
    pub fn truncate_changes(&self) {
        let mut facts = self.facts();
        facts.first_kept = i64::try_from(facts.changes.len()).unwrap() + 1;
    }

    /// How many questions were asked.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// The claims of an API session that begins now on a device of its own.
    pub fn claims(&self, user_id: UserId, session_id: SessionId, site_id: &SiteId) -> Claims {
        let now_s = self.clock.now().as_secs();
        Claims {
            user_id,
            session_id,
            site_id: site_id.clone(),
            device_id: DeviceId::from_uuid(session_id.as_uuid()),
            audience: Audience::Api,
            issued_at_s: now_s,
            expires_at_s: now_s + TOKEN_SECONDS,
        }
    }

    /// A token of these claims.
    pub fn issue(&self, claims: &Claims) -> Secret<String> {
        self.key.issue(claims).unwrap()
    }

    /// What a call of this session looks like when the gateway passes it on.
    pub fn context(
        &self,
        user_id: UserId,
        session_id: SessionId,
        site_id: &SiteId,
    ) -> RequestContext {
        RequestContext {
            site: Some(site_id.to_string()),
            bearer: Some(self.issue(&self.claims(user_id, session_id, site_id))),
            ..Default::default()
        }
    }

    /// A directory of what is known up to now. Nothing keeps it up to date but
    /// [`FixedAuth::publish`].
    pub async fn directory(&self) -> Directory {
        let options = DirectoryOptions::default();
        let directory = Directory::idle(self.clone(), self.clock.clone(), &options);
        directory.catch_up().await.unwrap();
        directory
    }

    /// A verifier over [`FixedAuth::directory`].
    pub async fn verifier(&self) -> TokenVerifier {
        TokenVerifier::new(self.directory().await)
    }

    /// Brings a directory up to date, as a bell or the poll would.
    pub async fn publish(&self, directory: &Directory) {
        directory.catch_up().await.unwrap();
    }

    fn answer(&self) -> Result<MutexGuard<'_, Facts>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            return Err(Status::unavailable("auth is away"));
        }
        Ok(self.facts())
    }
}

#[async_trait]
impl AuthSource for FixedAuth {
    async fn snapshot(&self) -> Result<proto::GetSnapshotResponse, Status> {
        let facts = self.answer()?;
        let values =
            facts
                .values
                .iter()
                .map(|((key, site, role), value)| proto::StoredPolicyValue {
                    key: key.clone(),
                    value: value.clone(),
                    site_id: site.clone(),
                    role_id: role.clone(),
                });
        Ok(proto::GetSnapshotResponse {
            revision: i64::try_from(facts.changes.len()).unwrap(),
            sites: facts.sites.clone(),
            policy_values: values.collect(),
            roles: facts.roles.clone(),
            revoked_session_ids: facts.ended.keys().map(ToString::to_string).collect(),
        })
    }

    async fn changes(&self, after_revision: i64) -> Result<proto::ListChangesResponse, Status> {
        let facts = self.answer()?;
        let newer = facts
            .changes
            .iter()
            .filter(|change| change.revision > after_revision);
        Ok(proto::ListChangesResponse {
            changes: newer.cloned().collect(),
            revision: i64::try_from(facts.changes.len()).unwrap(),
            snapshot_needed: after_revision + 1 < facts.first_kept,
        })
    }

    async fn users(&self, user_ids: Vec<String>) -> Result<Vec<proto::UserFacts>, Status> {
        let facts = self.answer()?;
        let parsed = user_ids.iter().filter_map(|text| UserId::parse(text).ok());
        Ok(parsed
            .filter_map(|user| facts.users.get(&user).cloned())
            .collect())
    }

    async fn common_groups(
        &self,
        user_id: String,
    ) -> Result<proto::ListCommonGroupsResponse, Status> {
        let facts = self.answer()?;
        let user_id = UserId::parse(&user_id).map_err(|_| Status::not_found("no such user"))?;
        let groups = facts
            .groups
            .iter()
            .filter(|(_, (_, members))| members.contains(&user_id));
        let groups =
            groups.map(
                |(id, (name, members))| proto::list_common_groups_response::GroupMembers {
                    group_id: id.to_string(),
                    name: name.clone(),
                    user_ids: members.iter().map(ToString::to_string).collect(),
                },
            );
        Ok(proto::ListCommonGroupsResponse {
            groups: groups.collect(),
        })
    }

    async fn signing_keys(&self) -> Result<proto::ListSigningKeysResponse, Status> {
        let _facts = self.answer()?;
        let key = proto::list_signing_keys_response::Key {
            key_id: self.key.key_id().to_owned(),
            public_key: self.key.public_key().to_vec(),
            expire_time: None,
        };
        Ok(proto::ListSigningKeysResponse { keys: vec![key] })
    }

    async fn ended_sessions(&self, session_ids: Vec<String>) -> Result<Vec<String>, Status> {
        let facts = self.answer()?;
        let is_ended = |text: &String| {
            SessionId::parse(text).map_or(true, |session| facts.ended.contains_key(&session))
        };
        Ok(session_ids.into_iter().filter(is_ended).collect())
    }
}
