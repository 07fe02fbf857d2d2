//! A store that is a database.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use im_auth_schemes::PasswordRule;
use im_types::Clock;
use tokio::time::Instant;

use crate::answer::{Class, ExternalId, Lookup, Page, Person};
use crate::config::{ConfigError, SqlConfig};
use crate::form::{Form, QUERY_TABLE, password_rule};
use crate::link::{Lease, Pool, Target};
use crate::lookup::{Choice, candidate, choose};
use crate::matching::is_possible;
use crate::sql::{Driver, Inputs, Missing, PAGE_ROWS_MAX, Plan, Schema, Statement, Writer, plan};

/// A schema that does not fit is looked at again after this time.
const MISFIT_FOR: Duration = Duration::from_secs(10);
const GROUPS_MAX: usize = 1_000;

#[derive(Debug)]
struct Planned {
    plan: Result<Arc<Plan>, Vec<Missing>>,
    at: Instant,
}

/// A user table of another system. It is only ever read.
///
/// Nothing is connected before it is needed; the live schema is looked at before the first
/// question, and again after one that did not fit.
#[derive(Debug)]
pub struct SqlStore {
    pub(crate) driver: Driver,
    pub(crate) form: Form,
    rule: PasswordRule,
    pub(crate) pool: Pool,
    pub(crate) clock: Clock,
    planned: Mutex<Option<Planned>>,
}

impl SqlStore {
    /// Checks the configuration; does not connect.
    pub fn open(config: &SqlConfig, clock: Clock) -> Result<Self, ConfigError> {
        config.check()?;
        let form = Form::parse(&config.preset, config.prefix()?)?;
        Ok(Self {
            driver: config.driver,
            rule: password_rule(config, &form)?,
            form,
            pool: Pool::new(Target::of(config)?, config.limits),
            clock,
            planned: Mutex::default(),
        })
    }

    /// How its passwords are checked.
    pub const fn rule(&self) -> &PasswordRule {
        &self.rule
    }

    /// Looks for somebody by the login as typed.
    pub async fn find(&self, login: &str) -> Lookup {
        if !is_possible(login) {
            return Lookup::Absent;
        }
        let inputs = Inputs {
            now: self.clock.now(),
            wanted: self.form.rule.wanted(login, false),
            wanted_mail: self.form.rule.wanted(login, true),
            ..Inputs::default()
        };
        let found = loop {
            let mut lease = match self.pool.take().await {
                Ok(lease) => lease,
                Err(class) => return Lookup::Unavailable(class),
            };
            let found = self.find_on(&mut lease, login, &inputs).await;
            let is_stale = lease.is_stale(&found);
            lease.done(&found);
            if !is_stale {
                break found;
            }
        };
        self.forget_if_misfit(&found);
        found.unwrap_or_else(Lookup::Unavailable)
    }

    async fn find_on(
        &self,
        lease: &mut Lease<'_>,
        login: &str,
        inputs: &Inputs,
    ) -> Result<Lookup, Class> {
        let plan = self.plan(lease).await?;
        let statement = if self.form.rule.has_second(login) {
            &plan.find_with_mail
        } else {
            &plan.find
        };
        let rows = lease.run(&statement.sql, &statement.args(inputs)).await?;
        let candidates = rows
            .into_iter()
            .filter_map(|values| candidate(&plan.fields, values))
            .collect();
        match choose(&self.form.rule, inputs, candidates) {
            Choice::None => Ok(Lookup::Absent),
            Choice::Several => Ok(Lookup::Ambiguous),
            Choice::One(mut person) => {
                person.groups = self.groups(lease, &person).await?;
                Ok(Lookup::Found(person))
            }
        }
    }

    async fn groups(&self, lease: &mut Lease<'_>, person: &Person) -> Result<Vec<String>, Class> {
        let Some(query) = &self.form.groups else {
            return Ok(Vec::new());
        };
        let shown = Writer::of(self.driver, query).finish();
        let schema = lease
            .ask(async |link| link.describe("g", &shown.sql).await)
            .await?;
        let column = schema
            .tables
            .first()
            .and_then(|table| table.columns.first());
        let column = column.ok_or(Class::Protocol)?;
        let mut out = Writer::new(self.driver);
        out.push("SELECT ");
        out.push(&self.driver.bytes_of("g", column));
        out.push(" FROM (");
        out.push_with(&query.sql, &query.slots);
        out.push(&format!(
            ") AS {} LIMIT {GROUPS_MAX}",
            self.driver.quote("g")
        ));
        let statement = out.finish();
        let inputs = Inputs {
            id: person.external_id.0.clone(),
            ..Inputs::default()
        };
        let rows = lease.run(&statement.sql, &statement.args(&inputs)).await?;
        let names = rows.into_iter().filter_map(|mut row| row.pop()?);
        let mut groups: Vec<_> = names
            .map(|name| String::from_utf8_lossy(&name).into_owned())
            .collect();
        groups.sort_unstable();
        groups.dedup();
        Ok(groups)
    }

    /// The people behind `after` in the order of their ids, at most `limit` (and 1,000). Columns of
    /// passwords and groups are left out.
    pub async fn list(&self, after: Option<&ExternalId>, limit: usize) -> Result<Page, Class> {
        if self.form.from.query.is_some() {
            return Err(Class::NotConfigured);
        }
        let limit = limit.clamp(1, PAGE_ROWS_MAX);
        let inputs = Inputs {
            now: self.clock.now(),
            after: after.map(|id| id.0.clone()),
            limit: i64::try_from(limit).unwrap_or(1),
            ..Inputs::default()
        };
        let page = loop {
            let mut lease = self.pool.take().await?;
            let page = self.list_on(&mut lease, &inputs, limit).await;
            let is_stale = lease.is_stale(&page);
            lease.done(&page);
            if !is_stale {
                break page;
            }
        };
        self.forget_if_misfit(&page);
        page
    }

    async fn list_on(
        &self,
        lease: &mut Lease<'_>,
        inputs: &Inputs,
        limit: usize,
    ) -> Result<Page, Class> {
        let plan = self.plan(lease).await?;
        let has_after = inputs.after.is_some();
        let statement = if has_after {
            &plan.list_next
        } else {
            &plan.list_first
        };
        let rows = lease.run(&statement.sql, &statement.args(inputs)).await?;
        let is_full = rows.len() == limit;
        let mut people: Vec<Person> = rows
            .into_iter()
            .filter_map(|values| candidate(&plan.fields, values))
            .map(|candidate| candidate.person)
            .collect();
        for person in &mut people {
            person.row = crate::answer::StoredRow::default();
        }
        let next = people
            .last()
            .filter(|_| is_full)
            .map(|last| last.external_id.clone());
        Ok(Page { people, next })
    }

    fn planned(&self) -> MutexGuard<'_, Option<Planned>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_if_misfit<T>(&self, outcome: &Result<T, Class>) {
        if matches!(outcome, Err(Class::Schema(missing)) if missing.is_empty()) {
            *self.planned() = None;
        }
    }

    /// The statements for the schema as it was when last looked at.
    async fn plan(&self, lease: &mut Lease<'_>) -> Result<Arc<Plan>, Class> {
        if let Some(planned) = &*self.planned() {
            match &planned.plan {
                Ok(plan) => return Ok(Arc::clone(plan)),
                Err(missing) if planned.at.elapsed() < MISFIT_FOR => {
                    return Err(Class::Schema(missing.clone()));
                }
                Err(_) => {}
            }
        }
        self.plan_anew(lease).await
    }

    /// The same after a look at the live schema.
    pub(crate) async fn plan_anew(&self, lease: &mut Lease<'_>) -> Result<Arc<Plan>, Class> {
        let schema = self.schema(lease).await?;
        let plan = plan(self.driver, &schema, &self.form, self.rule.columns()).map(Arc::new);
        *self.planned() = Some(Planned {
            plan: plan.clone(),
            at: Instant::now(),
        });
        plan.map_err(Class::Schema)
    }

    async fn schema(&self, lease: &mut Lease<'_>) -> Result<Schema, Class> {
        let tables = self.form.tables();
        if let Some(query) = &self.form.from.query {
            let shown: Statement = Writer::of(self.driver, query).finish();
            return lease
                .ask(async |link| link.describe(QUERY_TABLE, &shown.sql).await)
                .await;
        }
        lease.ask(async |link| link.schema(&tables).await).await
    }
}
