//! From a preset and a live schema to the statements of a store.

use im_auth_schemes::Column as RuleColumn;

use crate::expr::{ColumnRef, LoginTerm};
use crate::form::{Attribute, Form};
use crate::matching::MatchRule;

use super::assemble::{Kind, statement};
use super::dialect::{Driver, Term};
use super::schema::{Missing, Schema, TypeClass};
use super::scope::Scope;
use super::statement::Statement;

/// Candidates that are looked at; more are ambiguous without a look.
pub(crate) const CANDIDATES_MAX: usize = 20;

/// Where a value of the answer belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    IsActive,
    Login {
        is_mail: bool,
    },
    Attribute(String),
    /// A column that the password rule reads, by the name it uses.
    Rule(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Names of columns in the order of the answer.
    pub(crate) fields: Vec<Field>,
    pub(crate) find: Statement,
    /// The same with the columns for addresses.
    pub(crate) find_with_mail: Statement,
    pub(crate) list_first: Statement,
    pub(crate) list_next: Statement,
    pub(crate) sample: Statement,
    /// The base table as the database writes it, for questions about it.
    pub(crate) table: String,
    /// What the preset may do without and does.
    pub(crate) absent: Vec<String>,
}

/// What a row gives.
pub(super) struct Selected {
    pub(super) fields: Vec<Field>,
    /// Text of each field; that of the condition is empty, since values are bound in it.
    pub(super) columns: Vec<String>,
    /// What a typed login is compared with, and whether it is an address.
    pub(super) logins: Vec<(Term, bool)>,
    pub(super) id: Term,
    absent: Vec<String>,
}

/// Rows of a page, at most.
pub(crate) const PAGE_ROWS_MAX: usize = 1_000;

pub(crate) fn plan(
    driver: Driver,
    schema: &Schema,
    form: &Form,
    rule: &[RuleColumn],
) -> Result<Plan, Vec<Missing>> {
    let mut scope = Scope::new(driver, schema);
    let sources = std::iter::once(&form.from.base).chain(form.from.joins.iter().map(|(s, _)| s));
    if !scope.enter(sources) {
        return Err(scope.missing);
    }
    let Some(selected) = select(&mut scope, form, rule) else {
        return Err(scope.missing);
    };
    let build = |scope: &mut Scope<'_>, kind: Kind| statement(scope, form, &selected, kind);
    let plan = Plan {
        find: build(&mut scope, Kind::Find { has_mail: false }),
        find_with_mail: build(&mut scope, Kind::Find { has_mail: true }),
        list_first: build(&mut scope, Kind::ListFirst),
        list_next: build(&mut scope, Kind::ListNext),
        sample: build(&mut scope, Kind::Sample),
        table: schema
            .table(&form.from.base.table)
            .map(|table| table.name.clone())
            .unwrap_or_default(),
        absent: selected.absent.clone(),
        fields: selected.fields.clone(),
    };
    if scope.missing.is_empty() {
        Ok(plan)
    } else {
        Err(scope.missing)
    }
}

fn select(scope: &mut Scope<'_>, form: &Form, rule: &[RuleColumn]) -> Option<Selected> {
    let driver = scope.driver;
    let id = id_of(scope, form);
    let (mut logins, mut absent) = (Vec::new(), Vec::new());
    for term in &form.logins {
        let names = || term.parts.iter().flatten();
        // Addresses are a second way in: without them the first is still there.
        if term.is_mail && !names().any(|name| scope.find(name).is_some()) {
            absent.extend(names().map(ToString::to_string));
        } else if let Some(found) = login_term(scope, term, &form.rule) {
            logins.push((found, term.is_mail));
        }
    }
    let id = id?;
    let mut selected = Selected {
        fields: vec![Field::Id],
        columns: vec![driver.bytes(&id, false)],
        logins,
        id,
        absent,
    };
    // The condition is written by `statement`: it may hold bound values.
    selected.fields.push(Field::IsActive);
    selected.columns.push(String::new());
    for at in 0..selected.logins.len() {
        if let Some((term, is_mail)) = selected.logins.get(at) {
            selected.columns.push(driver.bytes(term, false));
            selected.fields.push(Field::Login { is_mail: *is_mail });
        }
    }
    for attribute in &form.attributes {
        select_attribute(scope, &mut selected, attribute);
    }
    for column in rule {
        select_rule_column(scope, &mut selected, form, column);
    }
    selected.absent.sort_unstable();
    selected.absent.dedup();
    Some(selected)
}

/// The column that identifies a person: the one named, else the primary key of the base table.
fn id_of(scope: &mut Scope<'_>, form: &Form) -> Option<Term> {
    if let Some(column) = &form.id {
        return scope.resolve(column);
    }
    let table = scope.schema.table(&form.from.base.table)?;
    let Some(key) = table.key() else {
        let name = "that is the primary key (or an id in the preset)".to_owned();
        scope.missing.push(Missing {
            table: table.name.clone(),
            column: Some(name),
        });
        return None;
    };
    Some(Term::of(scope.driver, &form.from.base.alias, key))
}

fn login_term(scope: &mut Scope<'_>, term: &LoginTerm, rule: &MatchRule) -> Option<Term> {
    let mut parts = Vec::new();
    for names in &term.parts {
        let found = names.iter().find_map(|name| scope.find(name));
        match (found, names.first()) {
            (Some(found), _) => parts.push(found),
            (None, Some(first)) => parts.push(scope.resolve(first)?),
            (None, None) => return None,
        }
    }
    if parts.len() == 1 {
        return parts.pop();
    }
    let driver = scope.driver;
    let texts: Vec<_> = parts.iter().map(|part| driver.text(part)).collect();
    let mut sql = driver.joined(&texts);
    if *rule == MatchRule::DotName {
        sql = format!("REPLACE({sql}, ' ', '_')");
    }
    Some(Term {
        sql,
        class: TypeClass::Text,
        ignores_case: parts.first().is_some_and(|part| part.ignores_case),
        slots: Vec::new(),
    })
}

fn select_attribute(scope: &mut Scope<'_>, selected: &mut Selected, attribute: &Attribute) {
    let found = if attribute.is_optional {
        scope.find(&attribute.column)
    } else {
        scope.resolve(&attribute.column)
    };
    match found {
        Some(term) => {
            selected.columns.push(scope.driver.bytes(&term, false));
            selected
                .fields
                .push(Field::Attribute(attribute.name.clone()));
        }
        None if attribute.is_optional => selected.absent.push(attribute.column.to_string()),
        None => {}
    }
}

fn select_rule_column(
    scope: &mut Scope<'_>,
    selected: &mut Selected,
    form: &Form,
    column: &RuleColumn,
) {
    let field = Field::Rule(column.name.clone());
    let driver = scope.driver;
    if column.name == form.id_name() {
        selected.columns.push(driver.bytes(&selected.id, false));
        selected.fields.push(field);
        return;
    }
    if column.name == form.login_name() {
        if let Some((term, _)) = selected.logins.first() {
            selected.columns.push(driver.bytes(term, false));
            selected.fields.push(field);
        }
        return;
    }
    let name = match column.name.split_once('.') {
        Some((table, name)) => ColumnRef {
            table: Some(table.to_owned()),
            name: name.to_owned(),
        },
        None => ColumnRef {
            table: None,
            name: column.name.clone(),
        },
    };
    let found = if column.is_optional {
        scope.find(&name)
    } else {
        scope.resolve(&name)
    };
    match found {
        Some(term) => {
            selected.columns.push(driver.bytes(&term, true));
            selected.fields.push(field);
        }
        None if column.is_optional => selected.absent.push(column.name.clone()),
        None => {}
    }
}
