//! Which column a name means.

use crate::expr::{ColumnRef, Source};

use super::dialect::{Driver, Term};
use super::schema::{Missing, Schema, Table};

/// The tables that are visible, inner ones before outer ones.
pub(crate) struct Scope<'a> {
    pub(crate) driver: Driver,
    pub(crate) schema: &'a Schema,
    levels: Vec<Vec<(String, &'a Table)>>,
    /// What was looked for in vain.
    pub(crate) missing: Vec<Missing>,
}

impl<'a> Scope<'a> {
    pub(crate) const fn new(driver: Driver, schema: &'a Schema) -> Self {
        Self {
            driver,
            schema,
            levels: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Opens a level with these tables. `false` if one of them is missing.
    pub(crate) fn enter<'s>(&mut self, sources: impl IntoIterator<Item = &'s Source>) -> bool {
        let mut level = Vec::new();
        let mut is_complete = true;
        for source in sources {
            if let Some(table) = self.schema.table(&source.table) {
                level.push((source.alias.clone(), table));
            } else {
                is_complete = false;
                self.note(Missing {
                    table: source.table.clone(),
                    column: None,
                });
            }
        }
        self.levels.push(level);
        is_complete
    }

    pub(crate) fn leave(&mut self) {
        self.levels.pop();
    }

    /// The column, or `None` and a note of what is missing.
    pub(crate) fn resolve(&mut self, column: &ColumnRef) -> Option<Term> {
        let found = self.find(column);
        if found.is_none() {
            self.note(self.missing_of(column));
        }
        found
    }

    fn note(&mut self, missing: Missing) {
        if !self.missing.contains(&missing) {
            self.missing.push(missing);
        }
    }

    /// The column by the name of its table, not the alias that the preset uses.
    fn missing_of(&self, column: &ColumnRef) -> Missing {
        let named = |(alias, _): &&(String, &Table)| Some(alias) == column.table.as_ref();
        let by_alias = self.levels.iter().rev().flatten().find(named);
        let is_qualified = column.table.is_some();
        let level = if is_qualified {
            self.levels.first()
        } else {
            self.levels.last()
        };
        let table = by_alias
            .or(level.and_then(|level| level.first()))
            .map_or("", |(_, table)| table.name.as_str());
        Missing {
            table: table.to_owned(),
            column: Some(column.name.clone()),
        }
    }

    /// The column, if it is there.
    ///
    /// A single table answers to every qualifier, so that a view over the joined tables of a preset
    /// can stand in for them.
    pub(crate) fn find(&self, column: &ColumnRef) -> Option<Term> {
        let term = |alias: &str, table: &Table| {
            let found = table.column(&column.name)?;
            Some(Term::of(self.driver, alias, found))
        };
        if let Some(qualifier) = &column.table {
            for level in self.levels.iter().rev() {
                let named = level.iter().find(|(alias, _)| alias == qualifier);
                if let Some((alias, table)) = named {
                    return term(alias, table);
                }
            }
            return match self.levels.first().map(Vec::as_slice) {
                Some([(alias, table)]) => term(alias, table),
                _ => None,
            };
        }
        // Without a qualifier: the innermost table that has it.
        self.levels
            .iter()
            .rev()
            .find_map(|level| level.iter().find_map(|(alias, table)| term(alias, table)))
    }
}
