//! Conditions of presets as SQL with bound values.
//!
//! `MySQL` compares anything with anything; the presets were written for applications that rely on
//! it. On PostgreSQL the same comparison gets the type of the live column.

use crate::expr::{Expr, Operator, Select, Value};

use super::dialect::{Driver, Term};
use super::schema::TypeClass;
use super::scope::Scope;
use super::statement::{Slot, Writer};

/// Writes a condition in parentheses. What cannot be found is noted in the scope.
pub(crate) fn write_expr(out: &mut Writer, scope: &mut Scope<'_>, expr: &Expr) {
    out.push("(");
    match expr {
        Expr::All(list) => write_list(out, scope, list, " AND "),
        Expr::Any(list) => write_list(out, scope, list, " OR "),
        Expr::Not(inner) => {
            out.push("NOT ");
            write_expr(out, scope, inner);
        }
        Expr::Compare(left, operator, right) => {
            write_comparison(out, scope, left, *operator, right);
        }
        Expr::IsNull { value, is_negated } => {
            if let Some(term) = term_of(scope, value) {
                out.push_with(&term.sql, &term.slots);
            }
            out.push(if *is_negated {
                " IS NOT NULL"
            } else {
                " IS NULL"
            });
        }
        Expr::In {
            value,
            list,
            is_negated,
        } => {
            let any = list
                .iter()
                .map(|item| Expr::Compare(value.clone(), Operator::Equal, item.clone()))
                .collect();
            if *is_negated {
                out.push("NOT ");
            }
            write_expr(out, scope, &Expr::Any(any));
        }
        Expr::Exists(select) => {
            out.push("EXISTS ");
            write_select(out, scope, select);
        }
        Expr::Truth(value) => {
            if let Some(term) = term_of(scope, value) {
                out.push_with(&out.driver.truth(&term), &term.slots);
            }
        }
    }
    out.push(")");
}

fn write_list(out: &mut Writer, scope: &mut Scope<'_>, list: &[Expr], between: &str) {
    for (at, expr) in list.iter().enumerate() {
        if at > 0 {
            out.push(between);
        }
        write_expr(out, scope, expr);
    }
}

/// The column (or value of another table) on one side of a comparison; `None` for what is written
/// down in the preset.
fn term_of(scope: &mut Scope<'_>, value: &Value) -> Option<Term> {
    match value {
        Value::Column(column) => scope.resolve(column),
        Value::Number(inner) => {
            let term = term_of(scope, inner)?;
            let sql = scope.driver.number(&term);
            Some(Term {
                sql,
                class: TypeClass::Int,
                ..term
            })
        }
        Value::BitAnd(inner, bits) => {
            let term = term_of(scope, inner)?;
            let sql = format!("({} & {bits})", scope.driver.whole(&term));
            Some(Term {
                sql,
                class: TypeClass::Int,
                ..term
            })
        }
        Value::Scalar(select) => scalar(scope, select),
        Value::Int(_) | Value::Text(_) | Value::Now => None,
    }
}

const fn is_literal(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Text(_) | Value::Now)
}

fn scalar(scope: &mut Scope<'_>, select: &Select) -> Option<Term> {
    let class = {
        let is_there = scope.enter([&select.source]);
        let column = select.column.as_ref().filter(|_| is_there);
        let term = column.and_then(|column| scope.resolve(column));
        scope.leave();
        term?.class
    };
    let mut inner = Writer::new(scope.driver);
    write_select(&mut inner, scope, select);
    let (sql, slots) = inner.into_parts();
    Some(Term {
        sql,
        class,
        ignores_case: false,
        slots,
    })
}

fn write_select(out: &mut Writer, scope: &mut Scope<'_>, select: &Select) {
    if !scope.enter([&select.source]) {
        scope.leave();
        return;
    }
    out.push("(SELECT ");
    match select.column.as_ref().map(|column| scope.resolve(column)) {
        Some(Some(term)) if select.is_maximum => out.push(&format!("MAX({})", term.sql)),
        Some(Some(term)) => out.push(&term.sql),
        Some(None) | None => out.push("1"),
    }
    let table = scope.schema.table(&select.source.table);
    let name = table.map_or(select.source.table.as_str(), |table| table.name.as_str());
    let driver = out.driver;
    out.push(&format!(
        " FROM {} AS {}",
        driver.quote(name),
        driver.quote(&select.source.alias)
    ));
    if let Some(filter) = &select.filter {
        out.push(" WHERE ");
        write_expr(out, scope, filter);
    }
    if !select.is_maximum {
        out.push(" LIMIT 1");
    }
    out.push(")");
    scope.leave();
}

fn write_comparison(
    out: &mut Writer,
    scope: &mut Scope<'_>,
    left: &Value,
    operator: Operator,
    right: &Value,
) {
    match (is_literal(left), is_literal(right)) {
        (false, true) => {
            if let Some(term) = term_of(scope, left) {
                write_with_literal(out, &term, operator, right);
            }
        }
        (true, false) => {
            if let Some(term) = term_of(scope, right) {
                write_with_literal(out, &term, flipped(operator), left);
            }
        }
        (false, false) => {
            if let (Some(left), Some(right)) = (term_of(scope, left), term_of(scope, right)) {
                write_columns(out, &left, operator, &right);
            }
        }
        // Nothing of the row is in it: what the preset says is not a condition of a person.
        (true, true) => out.push("1 = 0"),
    }
}

const fn flipped(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        Operator::Equal | Operator::NotEqual => operator,
    }
}

pub(crate) fn write_columns(out: &mut Writer, left: &Term, operator: Operator, right: &Term) {
    let driver = out.driver;
    let is_mixed = driver == Driver::Postgres && left.class != right.class;
    let side = |term: &Term| {
        if is_mixed {
            driver.text(term)
        } else {
            term.sql.clone()
        }
    };
    out.push_with(&side(left), &left.slots);
    out.push(&format!(" {} ", operator.sql()));
    out.push_with(&side(right), &right.slots);
}

fn write_with_literal(out: &mut Writer, term: &Term, operator: Operator, literal: &Value) {
    let driver = out.driver;
    let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    let (sql, slot) = match literal {
        Value::Now => return write_with_now(out, term, operator),
        Value::Int(number) => match (driver, term.class) {
            (Driver::Postgres, TypeClass::Text | TypeClass::Other | TypeClass::Binary)
                if is_equality =>
            {
                (driver.text(term), Slot::Text(number.to_string()))
            }
            (Driver::Postgres, _) => (driver.number(term), Slot::Int(*number)),
            _ => (term.sql.clone(), Slot::Int(*number)),
        },
        Value::Text(text) => match (driver, term.class, text.parse()) {
            (Driver::Postgres, TypeClass::Int | TypeClass::Number, Ok(number)) => {
                (driver.number(term), Slot::Int(number))
            }
            (Driver::Postgres, TypeClass::Bool, _) => {
                let is_yes = ["1", "t", "true", "y", "yes", "on"]
                    .iter()
                    .any(|yes| yes.eq_ignore_ascii_case(text));
                (driver.number(term), Slot::Int(i64::from(is_yes)))
            }
            (Driver::Postgres, _, _) => (driver.text(term), Slot::Text(text.clone())),
            _ => (term.sql.clone(), Slot::Text(text.clone())),
        },
        _ => return,
    };
    out.push_with(&sql, &term.slots);
    out.push(&format!(" {} ", operator.sql()));
    out.bind(slot);
}

/// Now, in the type of the column: seconds for numbers, date and time for those, and for text
/// whichever of the two the stored value looks like.
fn write_with_now(out: &mut Writer, term: &Term, operator: Operator) {
    let driver = out.driver;
    let operator = operator.sql();
    let write_seconds = |out: &mut Writer| {
        out.push_with(&driver.number(term), &term.slots);
        out.push(&format!(" {operator} "));
        out.bind(Slot::NowSeconds);
    };
    match term.class {
        TypeClass::Int | TypeClass::Number | TypeClass::Bool => write_seconds(out),
        TypeClass::Time => {
            out.push_with(&term.sql, &term.slots);
            out.push(&format!(" {operator} "));
            match driver {
                Driver::Mysql => {
                    out.push("CAST(");
                    out.bind(Slot::NowText);
                    out.push(" AS DATETIME)");
                }
                Driver::Postgres => {
                    out.push("CAST(");
                    out.bind(Slot::NowText);
                    out.push(" AS timestamp)");
                }
                Driver::Sqlite => out.bind(Slot::NowText),
            }
        }
        TypeClass::Text | TypeClass::Binary | TypeClass::Other => {
            let text = driver.text(term);
            out.push("CASE WHEN ");
            out.push_with(&format!("{text} LIKE '____-__-__%' THEN "), &term.slots);
            out.push_with(&format!("{text} {operator} "), &term.slots);
            out.bind(Slot::NowText);
            out.push(" ELSE ");
            write_seconds(out);
            out.push(" END");
        }
    }
}
