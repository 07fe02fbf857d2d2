//! Connections to the servers of a directory.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use im_types::Secret;
use ldap3::SearchEntry;
use tokio::time::{Instant, timeout};

use super::config::{Address, LdapConfig};
use super::link::{Bound, Found, Link, Question};
use super::transport::Trust;
use crate::Class;
use crate::config::Limits;
use crate::gate::{Gate, Pass};

/// A connection that rested longer is not used again.
const IDLE_MAX: Duration = Duration::from_mins(1);
/// The server's own deadline comes first; ours is for a server that does not answer at all.
const GRACE: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct Server {
    address: Address,
    /// When it failed last; it is tried behind the others for a while.
    failed_at: Mutex<Option<Instant>>,
}

#[derive(Debug)]
pub(super) struct Pool {
    servers: Vec<Server>,
    trust: Trust,
    account: Option<(String, Secret<String>)>,
    limits: Limits,
    gate: Gate,
    idle: Mutex<Vec<(Link, Instant)>>,
}

/// A connection and the right to use it. Dropped without [`Lease::done`] it is closed.
#[derive(Debug)]
pub(super) struct Lease<'a> {
    pool: &'a Pool,
    link: Link,
    /// It has been used before: the server may have closed it meanwhile.
    is_reused: bool,
    pass: Pass<'a>,
    deadline: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether another server might do better.
const fn is_of_server(class: &Class) -> bool {
    matches!(
        class,
        Class::Refused | Class::TimedOut | Class::Lost | Class::Tls
    )
}

impl Pool {
    pub(super) fn new(config: &LdapConfig, addresses: Vec<Address>) -> Self {
        let server = |address| Server {
            address,
            failed_at: Mutex::default(),
        };
        Self {
            servers: addresses.into_iter().map(server).collect(),
            trust: Trust::new(config.tls.clone()),
            account: config.account.clone(),
            limits: config.limits,
            gate: Gate::new(&config.limits),
            idle: Mutex::default(),
        }
    }

    /// The time by which a question is answered, whatever happens.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.limits.total()
    }

    /// A connection on which one may search, or on which one may sign in.
    pub(super) async fn take(&self, bound: Bound, deadline: Instant) -> Result<Lease<'_>, Class> {
        let pass = self.gate.enter().await?;
        let idle = self.rested(bound);
        let is_reused = idle.is_some();
        let connected = match idle {
            Some(link) => Ok(link),
            None => self.connect(bound, deadline).await,
        };
        let link = match connected {
            Ok(link) => link,
            Err(class) => {
                pass.settle(&Err::<(), _>(class.clone()));
                return Err(class);
            }
        };
        Ok(Lease {
            pool: self,
            link,
            is_reused,
            pass,
            deadline,
        })
    }

    /// Those of the other kind that rest count as well.
    fn make_room(&self) {
        let mut idle = lock(&self.idle);
        let surplus = idle.len().saturating_sub(self.gate.free());
        idle.drain(..surplus);
    }

    fn rested(&self, bound: Bound) -> Option<Link> {
        let mut idle = lock(&self.idle);
        idle.retain(|(_, since)| since.elapsed() < IDLE_MAX);
        let at = idle.iter().rposition(|(link, _)| link.bound == bound)?;
        Some(idle.swap_remove(at).0)
    }

    /// The servers in their order, those that failed lately behind the others.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.servers.len()).collect();
        order.sort_by_key(|at| self.is_failing(*at));
        order
    }

    fn is_failing(&self, server: usize) -> bool {
        let failed_at = self
            .servers
            .get(server)
            .and_then(|server| *lock(&server.failed_at));
        failed_at.is_some_and(|at| at.elapsed() < self.limits.open_for)
    }

    fn note_failure(&self, server: usize) {
        if let Some(server) = self.servers.get(server) {
            *lock(&server.failed_at) = Some(Instant::now());
        }
    }

    async fn connect(&self, bound: Bound, deadline: Instant) -> Result<Link, Class> {
        self.make_room();
        let count = u32::try_from(self.servers.len()).unwrap_or(u32::MAX);
        let share = self.limits.connect_timeout / count.max(1);
        let mut outcome = Err(Class::Refused);
        for at in self.order() {
            let Some(server) = self.servers.get(at) else {
                continue;
            };
            let left = share.min(deadline.saturating_duration_since(Instant::now()));
            let connected = timeout(left, self.connect_to(server, at, bound)).await;
            outcome = connected.unwrap_or(Err(Class::TimedOut));
            match &outcome {
                Err(class) if is_of_server(class) => self.note_failure(at),
                _ => break,
            }
        }
        outcome
    }

    async fn connect_to(&self, server: &Server, at: usize, bound: Bound) -> Result<Link, Class> {
        let mut link = Link::connect(&server.address, &self.trust, at, bound).await?;
        if bound == Bound::Searcher {
            // An anonymous search says so as well: it shows that somebody answers.
            let account = self.account.as_ref();
            let (name, password) =
                account.map_or(("", ""), |(name, password)| (name, password.expose()));
            let until = Instant::now() + self.limits.connect_timeout;
            match link.bind(until, name, password).await?.rc {
                0 => {}
                8 | 13 => return Err(Class::Tls),
                51..=53 if account.is_some() => return Err(Class::Refused),
                _ => return Err(Class::Denied),
            }
        }
        *lock(&server.failed_at) = None;
        Ok(link)
    }
}

impl Lease<'_> {
    /// When the next answer has to be there.
    fn patience(&self) -> Instant {
        let patience = self.pool.limits.statement_timeout + GRACE;
        self.deadline.min(Instant::now() + patience)
    }

    /// The address of the server.
    pub(super) fn server(&self) -> &str {
        self.pool
            .servers
            .get(self.link.server)
            .map_or("", |server| &server.address.url)
    }

    pub(super) async fn bind(
        &mut self,
        dn: &str,
        password: &Secret<String>,
    ) -> Result<ldap3::LdapResult, Class> {
        let until = self.patience();
        self.link.bind(until, dn, password.expose()).await
    }

    pub(super) async fn search(&mut self, question: &Question<'_>) -> Result<Found, Class> {
        let until = self.patience();
        self.link.search(until, question).await
    }

    pub(super) async fn search_all(
        &mut self,
        question: &Question<'_>,
    ) -> Result<Vec<SearchEntry>, Class> {
        let patience = self.pool.limits.statement_timeout + GRACE;
        self.link
            .search_all(patience, self.deadline, question)
            .await
    }

    /// Whether the same may be asked again: the connection was closed while it rested, or there is
    /// another server, and time.
    pub(super) fn is_worth_another<T>(&self, outcome: &Result<T, Class>) -> bool {
        let Err(class) = outcome else { return false };
        if self.is_reused && *class == Class::Lost {
            return true;
        }
        let others = 0..self.pool.servers.len();
        is_of_server(class)
            && Instant::now() < self.deadline
            && others
                .into_iter()
                .any(|at| at != self.link.server && !self.pool.is_failing(at))
    }

    /// Gives the connection back, unless it failed.
    pub(super) fn done<T>(self, outcome: &Result<T, Class>) {
        match outcome {
            Err(Class::Lost) if self.is_reused => {
                // What rested as long is as stale; that is not a failure of the server.
                lock(&self.pool.idle).clear();
                return;
            }
            Err(class) if is_of_server(class) => self.pool.note_failure(self.link.server),
            Ok(_) | Err(_) => {}
        }
        self.pass.settle(outcome);
        if !outcome.as_ref().is_err_and(Class::is_failure) {
            lock(&self.pool.idle).push((self.link, Instant::now()));
        }
    }
}
