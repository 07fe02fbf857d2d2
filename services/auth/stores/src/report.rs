//! What an administrator wants to know before people sign in through a store.

use std::collections::BTreeMap;
use std::time::Duration;

use im_auth_schemes::{Recognised, Strength};
use tokio::time::Instant;

use crate::answer::Class;
use crate::link::Lease;
use crate::lookup::candidate;
use crate::sql::{Driver, Inputs, Missing, Plan};
use crate::store::SqlStore;

/// Forms of passwords in a sample of at most 1,000 rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// Rows looked at.
    pub rows: usize,
    /// Of these, people who are not barred.
    pub active: usize,
    /// Rows per scheme, with how well it keeps a password.
    pub schemes: BTreeMap<&'static str, (usize, Strength)>,
    /// Rows that hold no password.
    pub without_password: usize,
    /// Rows of a form that the preset does not accept.
    pub unsupported: usize,
    /// Rows that ask for more work than is allowed.
    pub too_costly: usize,
}

impl Sample {
    /// Rows whose password a thief of the table would soon know.
    pub fn weak(&self) -> usize {
        let counts = self.schemes.values();
        counts
            .filter(|(_, strength)| *strength <= Strength::Weak)
            .map(|(count, _)| count)
            .sum()
    }
}

/// The state of a store, without anything secret. What could not be found out is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Where it ended, if it did not reach the end.
    pub fault: Option<Class>,
    /// Name and version of the server.
    pub version: Option<String>,
    /// Time to connect and to be told the version.
    pub connected_in: Duration,
    /// What the preset needs and the database does not have.
    pub missing: Vec<Missing>,
    /// What the preset can do without and does.
    pub absent: Vec<String>,
    /// The configured user could change the table: give it a user who can only read.
    pub is_writable: Option<bool>,
    /// A login is found without reading the whole table.
    pub uses_index: Option<bool>,
    /// The engine's own words for how a login is found.
    pub explanation: Vec<String>,
    /// Forms of passwords.
    pub sample: Sample,
}

impl SqlStore {
    /// Looks at everything that can be seen without a login. Changes nothing there.
    pub async fn check(&self) -> Report {
        let mut report = Report::default();
        let begin = Instant::now();
        let mut lease = match self.pool.take().await {
            Ok(lease) => lease,
            Err(class) => {
                report.fault = Some(class);
                return report;
            }
        };
        let outcome = self.check_on(&mut lease, begin, &mut report).await;
        lease.done(&outcome);
        if let Err(class) = outcome {
            if let Class::Schema(missing) = &class {
                report.missing.clone_from(missing);
            }
            report.fault = Some(class);
        }
        report
    }

    async fn check_on(
        &self,
        lease: &mut Lease<'_>,
        begin: Instant,
        report: &mut Report,
    ) -> Result<(), Class> {
        report.version = Some(lease.ask(async |link| link.version().await).await?);
        report.connected_in = begin.elapsed();
        let plan = self.plan_anew(lease).await?;
        report.absent.clone_from(&plan.absent);
        if self.form.from.query.is_none() {
            let table = plan.table.clone();
            report.is_writable = lease
                .ask(async |link| link.is_writable(&table).await)
                .await?;
        }
        let inputs = Inputs {
            now: self.clock.now(),
            wanted: "nobody".to_owned(),
            wanted_mail: "nobody".to_owned(),
            limit: 1,
            ..Inputs::default()
        };
        report.explanation = lease.explain(&plan.find, &plan.find.args(&inputs)).await?;
        let is_scan = |line: &String| is_scan_of(self.driver, &self.form.from.base.alias, line);
        report.uses_index = Some(!report.explanation.iter().any(is_scan));
        self.sample(lease, &plan, &inputs, report).await
    }

    async fn sample(
        &self,
        lease: &mut Lease<'_>,
        plan: &Plan,
        inputs: &Inputs,
        report: &mut Report,
    ) -> Result<(), Class> {
        // A query of one's own answers for one login only.
        if self.form.from.query.is_some() {
            return Ok(());
        }
        let sample = &mut report.sample;
        let rows = lease
            .run(&plan.sample.sql, &plan.sample.args(inputs))
            .await?;
        for row in rows
            .into_iter()
            .filter_map(|values| candidate(&plan.fields, values))
        {
            let person = row.person;
            sample.rows += 1;
            sample.active += usize::from(person.is_active);
            match self.rule().recognise(&person.row) {
                Recognised::Known {
                    scheme,
                    strength,
                    is_too_costly,
                    ..
                } => {
                    sample.too_costly += usize::from(is_too_costly);
                    let entry = sample
                        .schemes
                        .entry(scheme.as_str())
                        .or_insert((0, strength));
                    entry.0 += 1;
                    entry.1 = entry.1.min(strength);
                }
                Recognised::Unsupported(_) => sample.unsupported += 1,
                Recognised::NoPassword => sample.without_password += 1,
            }
        }
        Ok(())
    }
}

/// Whether a line of an explanation says that all rows of the table of people are read.
fn is_scan_of(driver: Driver, alias: &str, line: &str) -> bool {
    match driver {
        Driver::Mysql => line.starts_with(&format!("{alias}: ALL")) || line.contains(": index,"),
        Driver::Postgres => line.contains("Seq Scan"),
        Driver::Sqlite => line.starts_with("SCAN"),
    }
}
