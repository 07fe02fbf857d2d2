//! The language: what it means and what it refuses.

use proptest::prelude::*;

use super::*;

fn column(name: &str) -> Value {
    Value::Column(ColumnRef {
        table: None,
        name: name.to_owned(),
    })
}

fn parsed(text: &str) -> Expr {
    parse_condition(text, "p_").unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

#[test]
fn bits_bind_closer_than_comparisons_and_those_closer_than_words() {
    let bit = |bits, wanted| {
        let value = Value::BitAnd(Box::new(column("flags")), bits);
        Expr::Compare(value, Operator::Equal, Value::Int(wanted))
    };
    assert_eq!(
        parsed("flags & 2 = 0 AND flags & 1 = 1 or not active"),
        Expr::Any(vec![
            Expr::All(vec![bit(2, 0), bit(1, 1)]),
            Expr::Not(Box::new(Expr::Truth(column("active")))),
        ])
    );
}

#[test]
fn values_of_other_tables_carry_the_prefix() {
    let Expr::Compare(Value::Scalar(select), Operator::Equal, Value::Int(0)) =
        parsed("(SELECT blocked FROM {prefix}attributes a WHERE a.key = u.id) = 0")
    else {
        panic!("not a comparison");
    };
    assert_eq!(
        (select.source.table.as_str(), select.source.alias.as_str()),
        ("p_attributes", "a")
    );
    let mut tables = Vec::new();
    let banned = parsed("NOT EXISTS (SELECT 1 FROM {prefix}bans b WHERE b.who = u.id)");
    banned.collect_tables(&mut tables);
    assert_eq!(tables, ["p_bans"]);
}

#[test]
fn joins_and_logins_are_read() {
    let text = "{prefix}users u JOIN {prefix}secrets ON secrets.u_id = u.id JOIN \"x\" USING (id)";
    let from = parse_from(text, "p_").unwrap();
    let names: Vec<_> = from
        .joins
        .iter()
        .map(|(s, _)| (&*s.table, &*s.alias))
        .collect();
    assert_eq!((&*from.base.table, &*from.base.alias), ("p_users", "u"));
    assert_eq!(names, [("p_secrets", "secrets"), ("x", "x")]);
    let logins = parse_logins("name|alias, last + '.' + first, @mail").unwrap();
    let shapes: Vec<_> = logins.iter().map(|l| (l.parts.len(), l.is_mail)).collect();
    assert_eq!(shapes, [(1, false), (2, false), (1, true)]);
    assert_eq!(logins[0].parts[0].len(), 2);
}

#[test]
fn what_is_not_the_language_is_refused() {
    for text in [
        "",
        "a =",
        "a = 1 b",
        "a = 1; DROP TABLE x",
        "a = 1 -- x",
        "a = 'open",
        "a b = 1",
        "a = b()",
        "a + 1 = 2",
        "a LIKE '%'",
        "a = (SELECT x FROM t UNION SELECT y FROM z)",
        "a = \"not a name\"",
        "a = 99999999999999999999",
        &"(".repeat(40),
        &"a".repeat(65),
        &"a = 1 AND ".repeat(1_000),
    ] {
        assert!(parse_condition(text, "p_").is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_an_expression_or_a_fault(text in "[a-z0-9 ='\"`(){}&+,.@<>!-]{0,80}|.{0,80}") {
        let _ = parse_condition(&text, "p_");
        let _ = parse_from(&text, "p_");
        let _ = parse_logins(&text);
    }
}
