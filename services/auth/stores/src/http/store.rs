//! A store that is a program of one's own.

use im_types::{Clock, Ids, Secret};
use reqwest::{Client, Url};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

use super::answer::{Answered, Outcome, Said, said};
use super::call::{call, client};
use super::config::HttpConfig;
use super::sign::Stamp;
use crate::answer::{Class, Lookup};
use crate::config::ConfigError;
use crate::gate::Gate;
use crate::matching::is_possible;
use crate::report::Report;

/// A program that says who may sign in. It is asked with a signed call, and only an answer that it
/// has signed for this very call counts.
#[derive(Debug)]
pub struct HttpStore {
    config: HttpConfig,
    url: Url,
    gate: Gate,
    client: OnceCell<Client>,
    clock: Clock,
    ids: Ids,
}

impl HttpStore {
    /// Checks the configuration; does not connect.
    pub fn open(config: &HttpConfig, clock: Clock, ids: Ids) -> Result<Self, ConfigError> {
        Ok(Self {
            url: config.check()?,
            gate: Gate::new(&config.limits),
            config: config.clone(),
            client: OnceCell::new(),
            clock,
            ids,
        })
    }

    /// Checks a login and a password, both as typed.
    pub async fn verify(&self, login: &str, password: &Secret<String>) -> Answered {
        if !is_possible(login) {
            return Answered::Absent;
        }
        // What stands behind it may take no password for an anonymous sign-in and say yes.
        let is_password = !password.expose().is_empty() && !password.expose().contains('\0');
        let said = match self.ask(login, is_password.then_some(password)).await {
            Ok(said) => said,
            Err(class) => return Answered::Unavailable(class),
        };
        match (said.outcome, said.person) {
            (Outcome::Match, Some(person)) if is_password => Answered::Match {
                person: Box::new(person),
                is_password_expired: said.is_password_expired,
            },
            (Outcome::Mismatch, Some(person)) if is_password => {
                Answered::Mismatch(person.external_id)
            }
            (Outcome::Disabled, Some(person)) if is_password => {
                Answered::Disabled(person.external_id)
            }
            (Outcome::Found | Outcome::Disabled, Some(person)) if !is_password => {
                Answered::Mismatch(person.external_id)
            }
            (Outcome::Absent, None) => Answered::Absent,
            _ => Answered::Unavailable(Class::Protocol),
        }
    }

    /// Looks for somebody without a password.
    pub async fn find(&self, login: &str) -> Lookup {
        if !is_possible(login) {
            return Lookup::Absent;
        }
        let said = match self.ask(login, None).await {
            Ok(said) => said,
            Err(class) => return Lookup::Unavailable(class),
        };
        match (said.outcome, said.person) {
            (Outcome::Found | Outcome::Disabled, Some(person)) => Lookup::Found(Box::new(person)),
            (Outcome::Absent, None) => Lookup::Absent,
            _ => Lookup::Unavailable(Class::Protocol),
        }
    }

    async fn ask(&self, login: &str, password: Option<&Secret<String>>) -> Result<Said, Class> {
        let pass = self.gate.enter().await?;
        let limits = &self.config.limits;
        let patience = limits.connect_timeout + limits.statement_timeout;
        let outcome = timeout(patience, self.ask_now(login, password)).await;
        let outcome = outcome.unwrap_or(Err(Class::TimedOut));
        pass.settle(&outcome);
        outcome
    }

    async fn ask_now(&self, login: &str, password: Option<&Secret<String>>) -> Result<Said, Class> {
        let tls = &self.config.tls;
        let client = self
            .client
            .get_or_try_init(|| client(tls, &self.config.limits))
            .await?;
        let stamp = Stamp {
            seconds: self.clock.now().as_secs(),
            nonce: self.ids.random_token().expose().clone(),
        };
        let answer = call(
            client,
            &self.url,
            &self.config.key,
            &stamp,
            (login, password),
        )
        .await?;
        said(&answer, login)
    }

    /// Asks for somebody who cannot exist: connection, encryption, signatures and the form of the
    /// answer in one. A program that knows everybody is a fault.
    pub async fn check(&self) -> Report {
        // Not the whole address: there may be a secret in its query.
        let server = self.url.origin().ascii_serialization();
        let begin = Instant::now();
        let nobody = self.ids.random_token();
        let lookup = self.find(nobody.expose()).await;
        let fault = match lookup {
            Lookup::Absent => None,
            Lookup::Unavailable(class) => Some(class),
            Lookup::Found(_) | Lookup::Ambiguous => Some(Class::Protocol),
        };
        Report {
            fault,
            connected_in: begin.elapsed(),
            explanation: vec![format!("asked {server} for a name that nobody has")],
            ..Report::default()
        }
    }
}
