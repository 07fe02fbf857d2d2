//! One connection to a directory.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};

use futures_util::FutureExt as _;
use futures_util::future::join;
use ldap3::controls::{Control, ControlType, MakeCritical as _, PagedResults, RawControl};
use ldap3::{DerefAliases, SearchOptions, StdStream};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope, SearchEntry};
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout_at};

use super::config::Address;
use super::guard::is_shallow;
use super::transport::{Trust, connect};
use crate::Class;
use crate::link::of_io;

/// Entries in one page of a long answer.
const PAGE_ENTRIES: i32 = 500;
/// Asks to be told that a password is too old.
/// <https://datatracker.ietf.org/doc/html/draft-behera-ldap-password-policy-10#section-6.1>
pub(super) const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// As whom the server knows the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// The account that searches, or nobody if the search is anonymous.
    Searcher,
    /// Somebody who signed in, or nobody; good for signing in only.
    Person,
}

/// A search.
#[derive(Debug, Clone)]
pub(super) struct Question<'a> {
    pub(super) base: &'a str,
    pub(super) scope: Scope,
    pub(super) filter: &'a str,
    pub(super) attributes: &'a [String],
    pub(super) entries_max: usize,
}

/// What came of a search: the server may have cut it off at the limit that was asked for.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) entries: Vec<SearchEntry>,
    pub(super) is_cut: bool,
}

/// The machinery of the connection runs only while somebody waits for an answer, so there is no task
/// to be ended, and what a server sends unasked stays in the kernel's buffer.
pub(super) struct Link {
    ldap: Ldap,
    machinery: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Its place in the list of servers.
    pub(super) server: usize,
    pub(super) bound: Bound,
}

impl fmt::Debug for Link {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = out.debug_struct("Link");
        out.field("server", &self.server)
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// A connection, encrypted as configured; nothing was said on it.
    pub(super) async fn connect(
        address: &Address,
        trust: &Trust,
        server: usize,
        bound: Bound,
    ) -> Result<Self, Class> {
        let (ours, library) = UnixStream::pair().map_err(|error| of_io(&error))?;
        let passing = connect(address, trust, ours).await?;
        let library = library.into_std().map_err(|error| of_io(&error))?;
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(library));
        let connected = LdapConnAsync::with_settings(settings, "ldapi:///").await;
        let (connection, ldap) = connected.map_err(|error| class_of(&error))?;
        // The library gives up on some malformed answers by a panic; that is a lost connection.
        let drive = AssertUnwindSafe(connection.drive()).catch_unwind();
        let machinery = join(drive, passing).map(|_| ()).fuse();
        Ok(Self {
            ldap,
            machinery: Box::pin(machinery),
            server,
            bound,
        })
    }

    /// One exchange with the server.
    async fn run<T>(
        &mut self,
        until: Instant,
        exchange: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, Class> {
        let exchange = AssertUnwindSafe(exchange).catch_unwind();
        let both = async {
            let mut exchange = pin!(exchange);
            tokio::select! {
                biased;
                answer = &mut exchange => answer,
                // What arrived before the end is still to be read.
                () = &mut self.machinery => exchange.await,
            }
        };
        match timeout_at(until, both).await {
            Ok(Ok(answer)) => answer.map_err(|error| class_of(&error)),
            Ok(Err(_panic)) => Err(Class::Protocol),
            Err(_) => Err(Class::TimedOut),
        }
    }

    /// Says who is there. Whatever the answer is, the connection can be used on.
    pub(super) async fn bind(
        &mut self,
        until: Instant,
        dn: &str,
        password: &str,
    ) -> Result<LdapResult, Class> {
        let mut ldap = self.ldap.clone();
        let policy = RawControl {
            ctype: PASSWORD_POLICY.to_owned(),
            crit: false,
            val: None,
        };
        self.run(until, async move {
            ldap.with_controls(vec![policy])
                .simple_bind(dn, password)
                .await
        })
        .await
    }

    /// At most as many entries as were asked for.
    pub(super) async fn search(
        &mut self,
        until: Instant,
        question: &Question<'_>,
    ) -> Result<Found, Class> {
        let (entries, result) = self.ask(until, question, None).await?;
        // 4: there are more.
        if result.rc != 4 {
            succeeded(&result)?;
        }
        Ok(Found {
            entries,
            is_cut: result.rc == 4,
        })
    }

    /// All entries, page by page; a set that is not whole is an error.
    pub(super) async fn search_all(
        &mut self,
        patience: std::time::Duration,
        until: Instant,
        question: &Question<'_>,
    ) -> Result<Vec<SearchEntry>, Class> {
        let mut all = Vec::new();
        let mut cookie = Vec::new();
        loop {
            let by = until.min(Instant::now() + patience);
            let left = question.entries_max - all.len();
            let page = Question {
                entries_max: left,
                ..question.clone()
            };
            let (mut entries, result) = self.ask(by, &page, Some(cookie)).await?;
            succeeded(&result)?;
            all.append(&mut entries);
            cookie = next_page(&result.ctrls)?;
            if cookie.is_empty() {
                return Ok(all);
            }
        }
    }

    async fn ask(
        &mut self,
        until: Instant,
        question: &Question<'_>,
        page: Option<Vec<u8>>,
    ) -> Result<(Vec<SearchEntry>, LdapResult), Class> {
        let mut ldap = self.ldap.clone();
        let left = until.saturating_duration_since(Instant::now());
        let seconds = i32::try_from(left.as_secs()).unwrap_or(i32::MAX).max(1);
        let options = SearchOptions::new()
            .deref(DerefAliases::Never)
            .timelimit(seconds);
        if let Some(cookie) = page {
            let size = PAGE_ENTRIES;
            ldap.with_search_options(options)
                .with_controls(PagedResults { size, cookie }.critical());
        } else {
            let limit = i32::try_from(question.entries_max).unwrap_or(i32::MAX);
            ldap.with_search_options(options.sizelimit(limit));
        }
        let Question {
            base,
            scope,
            filter,
            attributes,
            entries_max,
        } = question.clone();
        let exchange = async move {
            let mut stream = ldap
                .streaming_search(base, scope, filter, attributes)
                .await?;
            let mut entries = Vec::new();
            while let Some(entry) = stream.next().await? {
                // Referrals are not followed: whoever is elsewhere is not known here.
                if entry.is_ref() || entry.is_intermediate() {
                    continue;
                }
                if entries.len() == entries_max {
                    return Ok(None);
                }
                entries.push(SearchEntry::construct(entry));
            }
            Ok(Some((entries, stream.finish().await)))
        };
        // More than was asked for: the rest is on its way, so the connection is of no use either.
        self.run(until, exchange).await?.ok_or(Class::Protocol)
    }
}

/// Where the next page begins; empty: this was the last.
fn next_page(controls: &[Control]) -> Result<Vec<u8>, Class> {
    let is_page = |control: &&Control| matches!(control.0, Some(ControlType::PagedResults));
    // Without a word about pages nobody knows whether this was all.
    let Control(_, page) = controls.iter().find(is_page).ok_or(Class::Incomplete)?;
    // The value is a message of its own.
    if !page.val.as_deref().is_some_and(is_shallow) {
        return Err(Class::Protocol);
    }
    let parsed = std::panic::catch_unwind(|| page.parse::<PagedResults>());
    parsed.map(|page| page.cookie).map_err(|_| Class::Protocol)
}

/// What the result of a search says. <https://datatracker.ietf.org/doc/html/rfc4511#appendix-A>
fn succeeded(result: &LdapResult) -> Result<(), Class> {
    match result.rc {
        0 => Ok(()),
        3 => Err(Class::TimedOut),
        4 | 11 => Err(Class::Incomplete),
        8 | 13 => Err(Class::Tls),
        // Servers that hide what may not be read say "no such entry"; both is for the administrator.
        32 => Err(Class::Schema(Vec::new())),
        1 | 50 => Err(Class::Permission),
        51..=53 => Err(Class::Refused),
        _ => Err(Class::Protocol),
    }
}

fn class_of(error: &LdapError) -> Class {
    match error {
        LdapError::Io { source } => of_io(source),
        LdapError::Rustls { .. } | LdapError::DNSName { .. } => Class::Tls,
        LdapError::Timeout { .. } => Class::TimedOut,
        LdapError::OpSend { .. }
        | LdapError::ResultRecv { .. }
        | LdapError::IdScrubSend { .. }
        | LdapError::EndOfStream => Class::Lost,
        _ => Class::Protocol,
    }
}
