//! What a rule needs of a row.

use super::{Chooser, Item, RuleError, Use};
use crate::options::Options;
use crate::scheme::SecretUse;
use crate::work::Work;
use crate::wrap::Wrapper;

/// A column that a rule reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, as [`Row::get`](crate::Row::get) is asked for it.
    pub name: String,
    /// Whether it does not exist in every version of the application: look at the table first.
    pub is_optional: bool,
}

/// What a rule needs.
pub(super) struct Found {
    pub(super) columns: Vec<Column>,
    pub(super) needs_secret: bool,
    pub(super) settings: Vec<String>,
    pub(super) typical: Option<Work>,
}

/// Name of a column without the mark.
pub(super) fn name_of(column: &str) -> &str {
    column.trim_end_matches('?')
}

pub(super) fn of(items: &[Item], options: &Options) -> Result<Found, RuleError> {
    let mut found = Found {
        columns: Vec::new(),
        needs_secret: false,
        settings: Vec::new(),
        typical: None,
    };
    found.add(items, options)?;
    Ok(found)
}

impl Found {
    fn add(&mut self, items: &[Item], options: &Options) -> Result<(), RuleError> {
        for item in items {
            match item {
                Item::Use(one) => self.add_use(one, options)?,
                Item::By { chooser, cases } => {
                    match chooser {
                        Chooser::Column(name) => self.column(name),
                        Chooser::Setting(name) if self.settings.contains(name) => {}
                        Chooser::Setting(name) => self.settings.push(name.clone()),
                    }
                    for case in cases {
                        self.add(&case.items, options)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn add_use(&mut self, one: &Use, options: &Options) -> Result<(), RuleError> {
        let needs = one.scheme.needs();
        self.typical = self.typical.max(Some(one.scheme.typical));
        self.column(one.column.as_ref().unwrap_or(&options.password));
        let has_own_salt = one.wrapper.as_ref().is_some_and(Wrapper::holds_salt);
        if needs.salt && !has_own_salt {
            let salt = options.salt.as_ref();
            self.column(salt.ok_or(RuleError::NoSalt(one.scheme.id))?);
        }
        if needs.login {
            self.column(&options.login);
        }
        if needs.id {
            self.column(&options.id);
        }
        self.needs_secret |= needs.secret != SecretUse::Not;
        for (name, is_optional) in needs.columns {
            self.push(name, *is_optional);
        }
        Ok(())
    }

    fn column(&mut self, name: &str) {
        self.push(name_of(name), name.ends_with('?'));
    }

    fn push(&mut self, name: &str, is_optional: bool) {
        if let Some(known) = self.columns.iter_mut().find(|known| known.name == name) {
            known.is_optional &= is_optional;
        } else {
            self.columns.push(Column {
                name: name.to_owned(),
                is_optional,
            });
        }
    }
}
