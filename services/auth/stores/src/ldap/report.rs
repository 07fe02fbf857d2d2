//! What an administrator wants to know of a directory before people sign in through it.

use ldap3::{Scope, SearchEntry};
use tokio::time::Instant;

use super::entry::{id_of, person_of};
use super::link::{Bound, Question};
use super::pool::Lease;
use super::store::LdapStore;
use crate::answer::Class;
use crate::report::Report;
use crate::sql::Missing;

/// Entries that are looked at.
const SAMPLE_MAX: usize = 25;

impl LdapStore {
    /// Looks at everything that can be seen without a login, step by step: connection, encryption and
    /// account in one, the base, people with their ids, who is active, groups. Changes nothing there.
    pub async fn check(&self) -> Report {
        let mut report = Report::default();
        let begin = Instant::now();
        let mut lease = match self.pool.take(Bound::Searcher, self.pool.deadline()).await {
            Ok(lease) => lease,
            Err(class) => {
                report.fault = Some(class);
                return report;
            }
        };
        report.connected_in = begin.elapsed();
        report
            .explanation
            .push(format!("connected to {}", lease.server()));
        let outcome = self.check_on(&mut lease, &mut report).await;
        lease.done(&outcome);
        if let Err(class) = outcome {
            if let Class::Schema(missing) = &class {
                report.missing.clone_from(missing);
            }
            report.fault = Some(class);
        }
        report
    }

    async fn check_on(&self, lease: &mut Lease<'_>, report: &mut Report) -> Result<(), Class> {
        report.version = self.version(lease).await?;
        self.check_base(lease, &self.base).await?;
        if self.groups_base != self.base {
            self.check_base(lease, &self.groups_base).await?;
        }
        let question = Question {
            base: &self.base,
            scope: Scope::Subtree,
            filter: &self.directory.people,
            attributes: &self.requested,
            entries_max: SAMPLE_MAX,
        };
        let entries = lease.search(&question).await?.entries;
        report.sample.rows = entries.len();
        report
            .explanation
            .push(format!("{} entries looked at", entries.len()));
        self.check_people(lease, &entries, report).await
    }

    async fn check_base(&self, lease: &mut Lease<'_>, base: &str) -> Result<(), Class> {
        let none = "1.1".to_owned();
        let question = Question {
            base,
            scope: Scope::Base,
            filter: "(objectClass=*)",
            attributes: std::slice::from_ref(&none),
            entries_max: 1,
        };
        let missing = || {
            Class::Schema(vec![Missing {
                table: base.to_owned(),
                column: None,
            }])
        };
        match lease.search(&question).await {
            Ok(found) if found.entries.is_empty() => Err(missing()),
            Ok(_) => Ok(()),
            Err(Class::Schema(_)) => Err(missing()),
            Err(class) => Err(class),
        }
    }

    async fn check_people(
        &self,
        lease: &mut Lease<'_>,
        entries: &[SearchEntry],
        report: &mut Report,
    ) -> Result<(), Class> {
        for attribute in self.directory.attributes.values() {
            let has = |entry: &SearchEntry| {
                let names = entry.attrs.keys().chain(entry.bin_attrs.keys());
                names
                    .into_iter()
                    .any(|name| name.eq_ignore_ascii_case(attribute))
            };
            if !entries.is_empty() && !entries.iter().any(has) {
                report.absent.push(attribute.clone());
            }
        }
        let without_id = entries
            .iter()
            .filter(|e| id_of(&self.directory, e).is_none())
            .count();
        if without_id > 0 {
            let line = format!(
                "{without_id} without {}: they cannot sign in",
                self.directory.id
            );
            report.explanation.push(line);
        }
        let mut in_groups = 0;
        for entry in entries {
            let person = person_of(&self.directory, &self.logins, entry, None)?;
            report.sample.active += usize::from(self.is_active(lease, &entry.dn).await?);
            in_groups += usize::from(!self.groups(lease, entry, &person).await?.is_empty());
        }
        report.explanation.push(format!("{in_groups} in groups"));
        Ok(())
    }

    /// Maker and version, as far as the server tells.
    async fn version(&self, lease: &mut Lease<'_>) -> Result<Option<String>, Class> {
        let names = [
            "vendorName",
            "vendorVersion",
            "forestFunctionality",
            "objectClass",
        ];
        let attributes = names.map(str::to_owned);
        let question = Question {
            base: "",
            scope: Scope::Base,
            filter: "(objectClass=*)",
            attributes: &attributes,
            entries_max: 1,
        };
        let found = match lease.search(&question).await {
            Ok(found) => found,
            Err(class) if class.is_failure() => return Err(class),
            Err(_) => return Ok(None),
        };
        let Some(root) = found.entries.first() else {
            return Ok(None);
        };
        let value = |name: &str| {
            let mut all = root
                .attrs
                .iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(name));
            all.find_map(|(_, values)| values.first().cloned())
        };
        let vendor = [value("vendorName"), value("vendorVersion")];
        let vendor = vendor.into_iter().flatten().collect::<Vec<_>>().join(" ");
        if !vendor.is_empty() {
            return Ok(Some(vendor));
        }
        if value("forestFunctionality").is_some() {
            return Ok(Some("Active Directory".to_owned()));
        }
        let classes = root
            .attrs
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("objectClass"));
        let is_openldap = |class: &String| class == "OpenLDAProotDSE";
        let is_openldap = classes.is_some_and(|(_, all)| all.iter().any(is_openldap));
        Ok(is_openldap.then(|| "OpenLDAP".to_owned()))
    }
}
