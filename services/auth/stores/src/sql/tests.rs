//! Statements as they are sent.

use crate::form::Form;
use crate::preset::Preset;

use super::*;

fn column(name: &str, class: TypeClass, is_key: bool) -> Column {
    Column {
        name: name.to_owned(),
        class,
        ignores_case: true,
        is_key,
    }
}

fn schema() -> Schema {
    let users = vec![
        column("ID", TypeClass::Int, true),
        column("name", TypeClass::Text, false),
        column("state", TypeClass::Text, false),
        column("ok", TypeClass::Bool, false),
        column("ends", TypeClass::Time, false),
        column("flags", TypeClass::Int, false),
    ];
    Schema {
        tables: vec![Table {
            name: "users".to_owned(),
            columns: users,
        }],
    }
}

fn find(driver: Driver, rule: &str, active: &str) -> Result<Statement, Vec<Missing>> {
    let preset = Preset::parse(&format!(
        "id = 'x'\napplication = 'X'\n[users]\ntable = 'users'\nlogin = 'name'\nmatch = '{rule}'\n\
         active = \"{active}\"\n"
    ));
    let form = Form::parse(&preset.unwrap(), "").unwrap();
    plan(driver, &schema(), &form, &[]).map(|plan| plan.find)
}

#[test]
fn names_are_quoted_and_values_bound() {
    let sql = |driver| {
        find(driver, "ci", "state = 'a''b' AND flags & 4 = 0")
            .unwrap()
            .sql
    };
    assert_eq!(
        sql(Driver::Mysql),
        "SELECT SUBSTR(CAST(CONVERT(`users`.`ID` USING utf8mb4) AS BINARY), 1, 65536) AS c0, \
         CAST(CASE WHEN ((`users`.`state` = ?) AND ((`users`.`flags` & 4) = ?)) \
         THEN '1' ELSE '0' END AS BINARY) AS c1, \
         SUBSTR(CAST(CONVERT(`users`.`name` USING utf8mb4) AS BINARY), 1, 65536) AS c2 \
         FROM `users` AS `users` WHERE (`users`.`name` = ?) LIMIT 21"
    );
    assert_eq!(
        sql(Driver::Postgres),
        "SELECT SUBSTR(convert_to(CAST(\"users\".\"ID\" AS text), 'UTF8'), 1, 65536) AS c0, \
         convert_to(CASE WHEN ((CAST(\"users\".\"state\" AS text) = CAST($1 AS text)) \
         AND ((CAST(\"users\".\"flags\" AS bigint) & 4) = CAST($2 AS bigint))) \
         THEN '1' ELSE '0' END, 'UTF8') AS c1, \
         SUBSTR(convert_to(CAST(\"users\".\"name\" AS text), 'UTF8'), 1, 65536) AS c2 \
         FROM \"users\" AS \"users\" WHERE (LOWER(CAST(\"users\".\"name\" AS text)) = \
         CAST($3 AS text) OR CAST(\"users\".\"name\" AS text) = CAST($4 AS text)) LIMIT 21"
    );
}

#[test]
fn everything_missing_is_named_at_once() {
    let active = "wrong = 1 AND EXISTS (SELECT 1 FROM bans b WHERE b.who = u.nobody)";
    let missing = find(Driver::Sqlite, "cs", active).unwrap_err();
    let named: Vec<_> = missing.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["column wrong of users", "table bans"]);
}

#[test]
fn a_comparison_gets_the_type_of_its_column() {
    let active = |text| {
        let statement = find(Driver::Postgres, "cs", text).unwrap();
        let sql = statement.sql.split("CASE WHEN ").nth(1).unwrap().to_owned();
        sql.split(" THEN '1'")
            .next()
            .unwrap()
            .replace("\"users\".", "")
    };
    for (text, sql) in [
        ("ok", "(\"ok\")"),
        ("ok = 1", "(CAST(\"ok\" AS int) = CAST($1 AS bigint))"),
        ("ok = 'y'", "(CAST(\"ok\" AS int) = CAST($1 AS bigint))"),
        ("flags", "(\"flags\" <> 0)"),
        ("flags = '3'", "(\"flags\" = CAST($1 AS bigint))"),
        ("state = 3", "(CAST(\"state\" AS text) = CAST($1 AS text))"),
        (
            "ends > {now}",
            "(\"ends\" > CAST(CAST($1 AS text) AS timestamp))",
        ),
        ("flags > {now}", "(\"flags\" > CAST($1 AS bigint))"),
    ] {
        assert_eq!(active(text), sql, "{text}");
    }
}

#[test]
fn a_table_without_addresses_still_knows_names() {
    let preset = Preset::parse(
        "id = 'x'\napplication = 'X'\n[users]\ntable = 'users'\nlogin = 'name, @mail'\nmatch = 'ci'\n",
    );
    let form = Form::parse(&preset.unwrap(), "").unwrap();
    let plan = plan(Driver::Mysql, &schema(), &form, &[]).unwrap();
    assert_eq!(plan.absent, ["mail"]);
    assert_eq!(plan.find, plan.find_with_mail);
}
