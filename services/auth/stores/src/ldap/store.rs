//! A store that is a directory.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use im_types::Secret;
use ldap3::{Scope, SearchEntry};
use tokio::time::Instant;

use super::bind::{Verified, verified};
use super::config::LdapConfig;
use super::directory::{Directory, Logins};
use super::entry::{dn_of, person_of};
use super::link::{Bound, Question};
use super::list::Snapshot;
use super::pool::{Lease, Pool};
use crate::answer::{Class, Lookup, Person};
use crate::config::ConfigError;
use crate::matching::is_possible;

/// No answer takes longer on purpose than this.
const BURN_MAX: Duration = Duration::from_secs(1);
/// What nobody has measured yet.
const BURN_AT_FIRST: Duration = Duration::from_millis(5);

/// A directory. It is only ever read.
///
/// Nothing is connected before it is needed. People are searched for by an account that may only
/// search, on connections of its own; passwords are checked by signing in as the person found.
#[derive(Debug)]
pub struct LdapStore {
    pub(super) directory: Directory,
    pub(super) logins: Logins,
    /// The attributes that are read of a person.
    pub(super) requested: Vec<String>,
    pub(super) base: String,
    pub(super) groups_base: String,
    pub(super) pool: Pool,
    pub(super) snapshot: Mutex<Option<Snapshot>>,
    /// What a wrong password takes beyond finding out that there is somebody.
    known: Pace,
    bind: Pace,
}

/// A duration as it was of late.
#[derive(Debug, Default)]
struct Pace(Mutex<Option<Duration>>);

impl Pace {
    fn note(&self, took: Duration) {
        let mut usual = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *usual = Some(usual.map_or(took, |usual| (usual * 7 + took) / 8));
    }

    fn usual(&self) -> Option<Duration> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LdapStore {
    /// Checks the configuration; does not connect.
    pub fn open(config: &LdapConfig) -> Result<Self, ConfigError> {
        let checked = config.check()?;
        Ok(Self {
            requested: checked.directory.requested(&checked.logins),
            directory: checked.directory,
            logins: checked.logins,
            base: config.base.clone(),
            groups_base: config
                .groups_base
                .clone()
                .unwrap_or_else(|| config.base.clone()),
            pool: Pool::new(config, checked.addresses),
            snapshot: Mutex::default(),
            known: Pace::default(),
            bind: Pace::default(),
        })
    }

    /// Looks for somebody by the login as typed.
    pub async fn find(&self, login: &str) -> Lookup {
        if !is_possible(login) {
            return Lookup::Absent;
        }
        let deadline = self.pool.deadline();
        loop {
            let mut lease = match self.pool.take(Bound::Searcher, deadline).await {
                Ok(lease) => lease,
                Err(class) => return Lookup::Unavailable(class),
            };
            let found = self.find_on(&mut lease, login).await;
            let again = lease.is_worth_another(&found);
            lease.done(&found);
            if !again {
                return found.unwrap_or_else(Lookup::Unavailable);
            }
        }
    }

    async fn find_on(&self, lease: &mut Lease<'_>, login: &str) -> Result<Lookup, Class> {
        let mut entries = self.entries(lease, &self.logins.plain, login).await?;
        if entries.is_empty() && login.contains('@') && !self.logins.mail.is_empty() {
            entries = self.entries(lease, &self.logins.mail, login).await?;
        }
        let entry = match entries.as_slice() {
            [] => return Ok(Lookup::Absent),
            [entry] => entry,
            _ => return Ok(Lookup::Ambiguous),
        };
        let begin = Instant::now();
        let mut person = person_of(&self.directory, &self.logins, entry, Some(login))?;
        person.is_active = self.is_active(lease, &entry.dn).await?;
        person.groups = self.groups(lease, entry, &person).await?;
        self.known.note(begin.elapsed());
        Ok(Lookup::Found(Box::new(person)))
    }

    /// The entries that a login means; two are as many as are needed to know that it is ambiguous.
    async fn entries(
        &self,
        lease: &mut Lease<'_>,
        attributes: &[String],
        login: &str,
    ) -> Result<Vec<SearchEntry>, Class> {
        let filter = self.directory.person_filter(attributes, login);
        let question = Question {
            base: &self.base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: &self.requested,
            entries_max: 2,
        };
        let found = lease.search(&question).await?;
        // A limit of the server's own that cut the answer short proves nothing.
        if found.is_cut && found.entries.len() < 2 {
            return Err(Class::Incomplete);
        }
        Ok(found.entries)
    }

    pub(super) async fn is_active(&self, lease: &mut Lease<'_>, dn: &str) -> Result<bool, Class> {
        let Some(active) = &self.directory.active else {
            return Ok(true);
        };
        let question = Question {
            base: dn,
            scope: Scope::Base,
            filter: active,
            attributes: std::slice::from_ref(&self.directory.id),
            entries_max: 1,
        };
        Ok(!lease.search(&question).await?.entries.is_empty())
    }

    /// Checks a password by signing in as somebody whom [`Self::find`] has found.
    ///
    /// An empty password is wrong without asking: a server would take it for an anonymous sign-in
    /// and say yes (RFC 4513, 5.1.2). So is one with a NUL, which servers cut off there.
    pub async fn verify(&self, person: &Person, password: &Secret<String>) -> Verified {
        if password.expose().is_empty() || password.expose().contains('\0') {
            return Verified::Mismatch { is_locked: false };
        }
        let Some(dn) = dn_of(person) else {
            return Verified::Unavailable(Class::NotConfigured);
        };
        let deadline = self.pool.deadline();
        loop {
            let mut lease = match self.pool.take(Bound::Person, deadline).await {
                Ok(lease) => lease,
                Err(class) => return Verified::Unavailable(class),
            };
            let begin = Instant::now();
            let outcome = match lease.bind(dn, password).await {
                Ok(result) => match verified(&result, person.is_active) {
                    Verified::Unavailable(class) => Err(class),
                    other => Ok(other),
                },
                Err(class) => Err(class),
            };
            let again = lease.is_worth_another(&outcome);
            lease.done(&outcome);
            if outcome.is_ok() {
                self.bind.note(begin.elapsed());
            }
            if !again {
                return outcome.unwrap_or_else(Verified::Unavailable);
            }
        }
    }

    /// Takes the time that a wrong password takes after a search that has found nobody, as measured
    /// of late: nothing is asked, so nobody's account there is locked by it.
    pub async fn burn(&self) {
        let bind = self.bind.usual().unwrap_or(BURN_AT_FIRST);
        let usual = bind + self.known.usual().unwrap_or_default();
        tokio::time::sleep(usual.min(BURN_MAX)).await;
    }
}
