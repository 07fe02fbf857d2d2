//! From a preset and a live schema to the statements of a store.

use im_auth_schemes::Column as RuleColumn;

use crate::expr::{ColumnRef, From, JoinOn, LoginTerm, Operator};
use crate::form::{Attribute, Form};
use crate::matching::{Comparison, MatchRule};

use super::condition::{write_columns, write_expr};
use super::dialect::{Driver, Term};
use super::schema::{Missing, Schema, TypeClass};
use super::scope::Scope;
use super::statement::{Slot, Statement, Writer};

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

struct Selected {
    fields: Vec<Field>,
    columns: Vec<String>,
    /// Each with the login terms that it compares.
    logins: Vec<(Term, bool)>,
    id: Term,
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
    let logins: Vec<_> = form
        .logins
        .iter()
        .filter_map(|term| Some((login_term(scope, term, &form.rule)?, term.is_mail)))
        .collect();
    let id = id?;
    let mut selected = Selected {
        fields: vec![Field::Id],
        columns: vec![driver.bytes(&id, false)],
        logins,
        id,
        absent: Vec::new(),
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

#[derive(Clone, Copy)]
enum Kind {
    Find { has_mail: bool },
    ListFirst,
    ListNext,
    Sample,
}

fn statement(scope: &mut Scope<'_>, form: &Form, selected: &Selected, kind: Kind) -> Statement {
    let mut out = Writer::new(scope.driver);
    out.push("SELECT ");
    for (at, (field, sql)) in selected.fields.iter().zip(&selected.columns).enumerate() {
        if at > 0 {
            out.push(", ");
        }
        if *field == Field::IsActive {
            write_active(&mut out, scope, form);
        } else {
            out.push(sql);
        }
        out.push(&format!(" AS c{at}"));
    }
    write_from(&mut out, scope, &form.from);
    let mut glue = " WHERE ";
    if let Some(row) = &form.row {
        out.push(glue);
        write_expr(&mut out, scope, row);
        glue = " AND ";
    }
    match kind {
        Kind::Find { has_mail } => {
            out.push(glue);
            write_logins(&mut out, form, selected, has_mail);
            out.push(&format!(" LIMIT {}", CANDIDATES_MAX + 1));
        }
        Kind::ListFirst => write_page(&mut out, selected, None),
        Kind::ListNext => write_page(&mut out, selected, Some(glue)),
        Kind::Sample => out.push(&format!(" LIMIT {PAGE_ROWS_MAX}")),
    }
    out.finish()
}

/// `1` or `0` as bytes, like every other value.
fn write_active(out: &mut Writer, scope: &mut Scope<'_>, form: &Form) {
    let (head, tail) = match out.driver {
        Driver::Mysql | Driver::Sqlite => ("CAST(", " AS BINARY)"),
        Driver::Postgres => ("convert_to(", ", 'UTF8')"),
    };
    let tail = if out.driver == Driver::Sqlite {
        " AS BLOB)"
    } else {
        tail
    };
    out.push(head);
    match &form.active {
        None => out.push("'1'"),
        Some(active) => {
            out.push("CASE WHEN ");
            write_expr(out, scope, active);
            out.push(" THEN '1' ELSE '0' END");
        }
    }
    out.push(tail);
}

fn write_from(out: &mut Writer, scope: &mut Scope<'_>, from: &From) {
    let driver = out.driver;
    let named = |scope: &Scope<'_>, table: &str, alias: &str| {
        let live = scope
            .schema
            .table(table)
            .map_or(table, |live| live.name.as_str());
        format!("{} AS {}", driver.quote(live), driver.quote(alias))
    };
    out.push(" FROM ");
    match &from.query {
        Some(query) => {
            out.push("(");
            out.push_with(&query.sql, &query.slots);
            out.push(&format!(") AS {}", driver.quote(&from.base.alias)));
        }
        None => out.push(&named(scope, &from.base.table, &from.base.alias)),
    }
    for (source, on) in &from.joins {
        out.push(&format!(
            " JOIN {} ON ",
            named(scope, &source.table, &source.alias)
        ));
        match on {
            JoinOn::Condition(condition) => write_expr(out, scope, condition),
            JoinOn::Using(name) => {
                let side = |alias: &str| ColumnRef {
                    table: Some(alias.to_owned()),
                    name: name.clone(),
                };
                let left = scope.resolve(&side(&from.base.alias));
                let right = scope.resolve(&side(&source.alias));
                if let (Some(left), Some(right)) = (left, right) {
                    write_columns(out, &left, Operator::Equal, &right);
                }
            }
        }
    }
}

fn write_logins(out: &mut Writer, form: &Form, selected: &Selected, has_mail: bool) {
    out.push("(");
    let mut glue = "";
    for (term, is_mail) in &selected.logins {
        if *is_mail && !has_mail {
            continue;
        }
        out.push(glue);
        write_login(out, term, form.rule.comparison(*is_mail), *is_mail);
        glue = " OR ";
    }
    if glue.is_empty() {
        out.push("1 = 0");
    }
    out.push(")");
}

/// Finds at least everybody whom the rule means; [`MatchRule::is_same`] decides.
fn write_login(out: &mut Writer, term: &Term, comparison: Comparison, is_mail: bool) {
    let driver = out.driver;
    let text = driver.text(term);
    let folds = comparison == Comparison::Fold
        || (comparison == Comparison::Database && driver == Driver::Postgres && term.ignores_case);
    match (driver, folds) {
        (Driver::Sqlite, true) => {
            out.push(&format!("{text} = "));
            out.bind(Slot::Wanted { is_mail });
            out.push(" COLLATE im_fold");
        }
        (Driver::Mysql, true) if term.ignores_case => {
            out.push(&format!("{} = ", term.sql));
            out.bind(Slot::Wanted { is_mail });
        }
        (_, true) => {
            out.push(&format!("LOWER({text}) = "));
            out.bind(Slot::WantedLower { is_mail });
            out.push(&format!(" OR {text} = "));
            out.bind(Slot::Wanted { is_mail });
        }
        (_, false) => {
            let sql = if driver == Driver::Postgres {
                &text
            } else {
                &term.sql
            };
            out.push(&format!("{sql} = "));
            out.bind(Slot::Wanted { is_mail });
        }
    }
}

fn write_page(out: &mut Writer, selected: &Selected, after: Option<&str>) {
    let is_int = selected.id.class == TypeClass::Int;
    let id = if is_int {
        selected.id.sql.clone()
    } else {
        out.driver.text(&selected.id)
    };
    if let Some(glue) = after {
        out.push(&format!("{glue}{id} > "));
        out.bind(if is_int {
            Slot::AfterInt
        } else {
            Slot::AfterText
        });
    }
    out.push(&format!(" ORDER BY {id} LIMIT "));
    out.bind(Slot::Limit);
}
