//! The text of a statement from what was selected.

use crate::expr::{ColumnRef, From, JoinOn, Operator};
use crate::form::Form;
use crate::matching::Comparison;

use super::condition::{write_columns, write_expr};
use super::dialect::{Driver, Term};
use super::plan::{CANDIDATES_MAX, Field, PAGE_ROWS_MAX, Selected};
use super::schema::TypeClass;
use super::scope::Scope;
use super::statement::{Slot, Statement, Writer};

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Find { has_mail: bool },
    ListFirst,
    ListNext,
    Sample,
}

pub(super) fn statement(
    scope: &mut Scope<'_>,
    form: &Form,
    selected: &Selected,
    kind: Kind,
) -> Statement {
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
